//! Problems seen in each iteration.

use super::columns::{Json, Word, json, maybe_json, word};
use super::{StoreError, Tx, View};
use crate::domain::{BugId, Finding, Fingerprint, RunId};
use rusqlite::{Row, params};

fn finding(row: &Row<'_>) -> rusqlite::Result<Finding> {
    Ok(Finding {
        source: word(row, "source")?,
        kind: row.get("kind")?,
        severity: word(row, "severity")?,
        message: row.get("message")?,
        test: row.get("test")?,
        location: maybe_json(row, "location")?,
        stack: json(row, "stack")?,
        exact: Fingerprint(row.get("exact")?),
        class: Fingerprint(row.get("class")?),
        count: row.get("count")?,
    })
}

impl View<'_> {
    /// The findings of one iteration in the order in which they were stored.
    pub fn findings(&self, run: RunId, iteration: u32) -> Result<Vec<Finding>, StoreError> {
        self.many(
            "SELECT * FROM findings WHERE run = ?1 AND iteration = ?2 ORDER BY id",
            params![run.0, iteration],
            finding,
        )
    }
}

impl Tx<'_> {
    /// Stores one finding, with the bug that it joined where there is one.
    pub fn insert_finding(
        &self,
        run: RunId,
        iteration: u32,
        bug: Option<BugId>,
        new: &Finding,
    ) -> Result<(), StoreError> {
        self.insert(
            "INSERT INTO findings (run, iteration, bug, source, kind, severity, message, test, location, stack, exact,
                class, count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                run.0,
                iteration,
                bug.map(|bug| bug.0),
                Word(new.source),
                new.kind,
                Word(new.severity),
                new.message,
                new.test,
                new.location.as_ref().map(Json),
                Json(&new.stack),
                new.exact.0,
                new.class.0,
                new.count,
            ],
        )?;
        Ok(())
    }

    /// Removes the findings of one iteration, for an iteration whose evidence is gathered again after a crash.
    pub fn clear_findings(&self, run: RunId, iteration: u32) -> Result<usize, StoreError> {
        self.change("DELETE FROM findings WHERE run = ?1 AND iteration = ?2", params![run.0, iteration])
    }
}
