//! Facts about this store: the engine instance, created once, and what later parts keep by name.

use super::{StoreError, Tx, View};
use rusqlite::params;

const INSTANCE: &str = "instance";

impl View<'_> {
    /// A setting.
    pub fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.one("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0))
    }

    /// The engine instance that names this store's containers; absent only in a database that was never opened for
    /// writing.
    pub fn instance(&self) -> Result<Option<String>, StoreError> {
        self.setting(INSTANCE)
    }
}

impl Tx<'_> {
    /// Stores a setting. The engine instance is set once and never changes.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        if key == INSTANCE && self.instance()?.is_some() {
            return Err(StoreError::Invalid { what: "setting instance", rule: "it never changes".to_owned() });
        }
        self.change(
            "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            params![key, value],
        )?;
        Ok(())
    }
}
