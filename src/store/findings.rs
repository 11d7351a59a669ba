//! Problems seen in each iteration.

use super::columns::{Json, Word, json, maybe_json, word};
use super::{StoreError, Tx, View};
use crate::domain::{BugId, Finding, Fingerprint, ProjectId, RunId};
use rusqlite::{Row, params};
use std::collections::BTreeSet;

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

/// The fingerprints of the bug in ?1: its own, and those of the bugs that were merged into it.
pub(super) const PARTS: &str = "SELECT exact FROM bugs WHERE id = ?1 OR merged_into = ?1";
/// Findings of runs of the project in ?2, or of any where there is none.
const OF: &str = "(?2 IS NULL OR run IN (SELECT id FROM runs WHERE project = ?2))";

impl View<'_> {
    /// The findings of one iteration in the order in which they were stored.
    pub fn findings(&self, run: RunId, iteration: u32) -> Result<Vec<Finding>, StoreError> {
        self.many(
            "SELECT * FROM findings WHERE run = ?1 AND iteration = ?2 ORDER BY id",
            params![run.0, iteration],
            finding,
        )
    }

    /// The exact fingerprints of one iteration's findings.
    pub fn fingerprints(&self, run: RunId, iteration: u32) -> Result<BTreeSet<Fingerprint>, StoreError> {
        let sql = "SELECT DISTINCT exact FROM findings WHERE run = ?1 AND iteration = ?2";
        Ok(self.many(sql, params![run.0, iteration], |row| row.get(0).map(Fingerprint))?.into_iter().collect())
    }

    /// The finding of a bug that was stored last.
    pub fn latest_finding(&self, bug: BugId, of: Option<ProjectId>) -> Result<Option<Finding>, StoreError> {
        let sql = format!("SELECT * FROM findings WHERE exact IN ({PARTS}) AND {OF} ORDER BY id DESC LIMIT 1");
        self.one(&sql, params![bug.0, of.map(|project| project.0)], finding)
    }

    /// Runs with a finding of a bug, the newest first.
    pub fn runs_that_saw(&self, bug: BugId, of: Option<ProjectId>, most: usize) -> Result<Vec<RunId>, StoreError> {
        let sql =
            format!("SELECT DISTINCT run FROM findings WHERE exact IN ({PARTS}) AND {OF} ORDER BY run DESC LIMIT ?3");
        self.many(&sql, params![bug.0, of.map(|project| project.0), most], |row| row.get(0).map(RunId))
    }

    /// The iterations of a run with a finding of a bug.
    pub fn iterations_with(&self, run: RunId, bug: BugId) -> Result<BTreeSet<u32>, StoreError> {
        let sql = format!("SELECT DISTINCT iteration FROM findings WHERE exact IN ({PARTS}) AND run = ?2");
        Ok(self.many(&sql, params![bug.0, run.0], |row| row.get(0))?.into_iter().collect())
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
