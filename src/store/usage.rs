//! The ledger of usage and cost. Rows are only ever added.

use super::{StoreError, Tx, View};
use crate::domain::{Day, Millis, RunId, Spent};
use rusqlite::params;

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// What it was used for: `agent`, `tests`, `iteration` (one that counts), `earlier` (before the ledger told iterations and
    /// time); later parts add kinds.
    pub kind: String,
    /// How much.
    pub used: Spent,
    /// The day that it counts to.
    pub day: Day,
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
                used: Spent {
                    iterations: row.get("iterations")?,
                    milliseconds: row.get("milliseconds")?,
                    tokens: row.get("tokens")?,
                    microusd: row.get("microusd")?,
                },
                day: Day(row.get("day")?),
                at: Millis(row.get("at")?),
            })
        })
    }
}

impl Tx<'_> {
    /// Adds one row to the ledger. It counts to the day on which the run's iteration under way began, or else to today.
    pub fn insert_usage(&self, run: RunId, iteration: u32, kind: &str, used: Spent) -> Result<(), StoreError> {
        let now = self.now();
        let day = self.reservation(run)?.map_or(Day::of(now), |reservation| reservation.day);
        self.insert(
            "INSERT INTO usage (run, iteration, kind, iterations, milliseconds, tokens, microusd, day, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                run.0,
                iteration,
                kind,
                used.iterations,
                used.milliseconds,
                used.tokens,
                used.microusd,
                day.0,
                now.0
            ],
        )?;
        Ok(())
    }
}
