//! What warnings changed for single turns.

use super::columns::{Json, json};
use super::{StoreError, Tx, View};
use crate::domain::{Remedy, RunId};
use crate::watchdog::Verdict;
use rusqlite::params;

impl View<'_> {
    /// The turns of a run for which something was changed, and what, in order.
    pub fn changed_turns(&self, run: RunId) -> Result<Vec<(u32, Remedy)>, StoreError> {
        let sql = "SELECT iteration, change FROM changed_turns WHERE run = ?1 ORDER BY iteration";
        self.many(sql, [run.0], |row| Ok((row.get("iteration")?, json(row, "change")?)))
    }

    /// What the watchdog said of a run last, before an iteration.
    pub fn last_verdict(&self, run: RunId, before: u32) -> Result<Option<Verdict>, StoreError> {
        let sql = "SELECT verdict FROM watched WHERE run = ?1 AND iteration < ?2 ORDER BY iteration DESC LIMIT 1";
        self.one(sql, params![run.0, before], |row| json(row, "verdict"))
    }
}

impl Tx<'_> {
    /// Stores what is changed for a turn; what was stored first stays.
    pub fn put_changed_turn(&self, run: RunId, iteration: u32, change: &Remedy) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO changed_turns (run, iteration, change) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![run.0, iteration, Json(change)],
        )?;
        Ok(())
    }
}
