//! The ledger of usage and cost. Rows are only ever added.

use super::{StoreError, Tx, View};
use crate::domain::{Millis, RunId, Usage};
use rusqlite::params;

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// What it was used for: `agent`; later parts add kinds.
    pub kind: String,
    /// Tokens and money.
    pub usage: Usage,
    /// When it was stored.
    pub at: Millis,
}

impl View<'_> {
    /// The ledger of a run, oldest first.
    pub fn usage(&self, run: RunId) -> Result<Vec<UsageRow>, StoreError> {
        self.many("SELECT * FROM usage WHERE run = ?1 ORDER BY id", [run.0], |row| {
            Ok(UsageRow {
                run: RunId(row.get("run")?),
                iteration: row.get("iteration")?,
                kind: row.get("kind")?,
                usage: Usage { tokens: row.get("tokens")?, microusd: row.get("microusd")? },
                at: Millis(row.get("at")?),
            })
        })
    }
}

impl Tx<'_> {
    /// Adds one row to the ledger.
    pub fn insert_usage(&self, run: RunId, iteration: u32, kind: &str, usage: Usage) -> Result<(), StoreError> {
        let at = self.now().0;
        self.insert(
            "INSERT INTO usage (run, iteration, kind, tokens, microusd, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![run.0, iteration, kind, usage.tokens, usage.microusd, at],
        )?;
        Ok(())
    }
}
