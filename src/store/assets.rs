//! Live systems that people registered.

use super::columns::{Json, json};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, Asset, AssetId, AssetName, AssetPath, AssetSpec, AssetWord, Millis};
use rusqlite::types::Type;
use rusqlite::{Row, params};

/// Reads text that must be one of our words.
fn own<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: Option<String> = row.get(column)?;
    let damaged = |error: T::Err| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    text.map(|text| text.parse().map_err(damaged)).transpose()
}

fn asset(row: &Row<'_>) -> rusqlite::Result<Asset> {
    let name = own::<AssetName>(row, "name")?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(Asset {
        id: AssetId(row.get("id")?),
        version: row.get("version")?,
        spec: AssetSpec {
            name,
            reach: json(row, "reach")?,
            labels: json(row, "labels")?,
            environment: own::<AssetWord>(row, "environment")?,
            critical: row.get("critical")?,
            note: row.get("note")?,
            receipts: own::<AssetPath>(row, "receipts")?,
        },
        by: json(row, "by")?,
        added: Millis(row.get("added")?),
        changed: Millis(row.get("changed")?),
    })
}

impl View<'_> {
    /// Those that are registered, by name.
    pub fn assets(&self, most: u32) -> Result<Vec<Asset>, StoreError> {
        self.many("SELECT * FROM assets WHERE removed IS NULL ORDER BY name LIMIT ?1", [most], asset)
    }

    /// The registered one of this name.
    pub fn asset_named(&self, name: &str) -> Result<Option<Asset>, StoreError> {
        self.one("SELECT * FROM assets WHERE removed IS NULL AND name = ?1", [name], asset)
    }

    /// The one with this number, unless it was removed.
    pub fn asset(&self, id: AssetId) -> Result<Option<Asset>, StoreError> {
        self.one("SELECT * FROM assets WHERE removed IS NULL AND id = ?1", [id.0], asset)
    }

    /// How many are registered.
    pub fn count_assets(&self) -> Result<usize, StoreError> {
        let count = self.one("SELECT count(*) FROM assets WHERE removed IS NULL", [], |row| row.get(0))?;
        Ok(count.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Registers one whose name is free.
    pub fn insert_asset(&self, spec: &AssetSpec, by: &Actor) -> Result<AssetId, StoreError> {
        if self.asset_named(spec.name.as_str())?.is_some() {
            return Err(StoreError::Taken { what: "asset", name: spec.name.to_string() });
        }
        let sql = "INSERT INTO assets (version, name, reach, labels, environment, critical, note, receipts, by, added, changed)
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)";
        let (environment, receipts) = words(spec);
        let (name, reach, labels) = (spec.name.as_str(), Json(&spec.reach), Json(&spec.labels));
        let values =
            params![name, reach, labels, environment, spec.critical, spec.note, receipts, Json(by), self.now().0];
        Ok(AssetId(self.insert(sql, values)?))
    }

    /// Says anew what one is, which makes another version of it.
    pub fn change_asset(&self, id: AssetId, spec: &AssetSpec, by: &Actor) -> Result<(), StoreError> {
        let sql = "UPDATE assets SET version = version + 1, reach = ?2, labels = ?3, environment = ?4, critical = ?5, note = ?6,
                   receipts = ?7, by = ?8, changed = ?9 WHERE id = ?1 AND removed IS NULL";
        let (environment, receipts) = words(spec);
        let (reach, labels) = (Json(&spec.reach), Json(&spec.labels));
        let values =
            params![id.0, reach, labels, environment, spec.critical, spec.note, receipts, Json(by), self.now().0];
        self.change(sql, values)?;
        Ok(())
    }

    /// Takes one out of the registry. Its row stays.
    pub fn remove_asset(&self, id: AssetId) -> Result<(), StoreError> {
        self.change("UPDATE assets SET removed = ?2 WHERE id = ?1 AND removed IS NULL", params![id.0, self.now().0])?;
        Ok(())
    }
}

fn words(spec: &AssetSpec) -> (Option<&str>, Option<&str>) {
    (spec.environment.as_ref().map(AssetWord::as_str), spec.receipts.as_ref().map(AssetPath::as_str))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::audit::AuditEvent;
    use crate::domain::{Actor, AssetSpec};
    use crate::store::StoreError;
    use crate::store::tests::fixtures::{dir, store};
    use serde_json::json;

    fn spec(name: &str, critical: bool) -> AssetSpec {
        serde_json::from_value(json!({"name": name, "reach": {"by": "local"}, "critical": critical})).unwrap()
    }

    #[test]
    fn a_change_is_another_version_and_a_name_is_free_again_once_its_asset_is_gone() {
        let (_dir, paths) = dir();
        let store = store(&paths);
        let (first, again) = store
            .write_sync(|tx| {
                tx.record(AuditEvent::new(Actor::Engine, "test"))?;
                let id = tx.insert_asset(&spec("db", false), &Actor::Engine)?;
                let taken = tx.insert_asset(&spec("db", true), &Actor::Engine);
                assert!(matches!(taken, Err(StoreError::Taken { .. })), "{taken:?}");
                tx.change_asset(id, &spec("db", true), &Actor::Engine)?;
                let first = tx.asset_named("db")?.unwrap();
                tx.remove_asset(id)?;
                assert_eq!((tx.asset(id)?, tx.count_assets()?), (None, 0));
                let again = tx.insert_asset(&spec("db", false), &Actor::Engine)?;
                Ok((first, tx.asset(again)?.unwrap()))
            })
            .unwrap();
        assert_eq!((first.version, first.spec.critical), (2, true));
        assert_eq!((again.version, again.id > first.id), (1, true));
        assert_eq!(store.read_sync(|view| view.assets(9)).unwrap(), [again]);
    }
}
