//! What the test suites said in each iteration.

use super::columns::{Json, Word, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{RunId, SuiteOutcome, TestStatus};
use rusqlite::{Row, params};
use std::collections::BTreeSet;

fn outcome(row: &Row<'_>) -> rusqlite::Result<SuiteOutcome> {
    Ok(SuiteOutcome {
        suite: row.get("suite")?,
        verdict: word(row, "verdict")?,
        exit_code: row.get("exit_code")?,
        cases: json(row, "cases")?,
        oddities: json(row, "oddities")?,
        flaky: json(row, "flaky")?,
    })
}

impl View<'_> {
    /// All suites of one iteration by name.
    pub fn suites(&self, run: RunId, iteration: u32) -> Result<Vec<SuiteOutcome>, StoreError> {
        self.many(
            "SELECT * FROM suites WHERE run = ?1 AND iteration = ?2 ORDER BY suite",
            params![run.0, iteration],
            outcome,
        )
    }

    /// The iterations of a run of which a suite said something.
    pub fn tested(&self, run: RunId) -> Result<BTreeSet<u32>, StoreError> {
        let sql = "SELECT DISTINCT iteration FROM suites WHERE run = ?1";
        Ok(self.many(sql, [run.0], |row| row.get(0))?.into_iter().collect())
    }
}

impl Tx<'_> {
    /// Stores what a suite said; a repeated execution of the same suite in the same iteration replaces it.
    pub fn put_suite(&self, run: RunId, iteration: u32, suite: &SuiteOutcome) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO suites (run, iteration, suite, verdict, exit_code, passed, failed, skipped, cases, oddities,
                flaky)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (run, iteration, suite) DO UPDATE SET verdict = excluded.verdict,
                exit_code = excluded.exit_code, passed = excluded.passed, failed = excluded.failed,
                skipped = excluded.skipped, cases = excluded.cases, oddities = excluded.oddities,
                flaky = excluded.flaky",
            params![
                run.0,
                iteration,
                suite.suite,
                Word(suite.verdict),
                suite.exit_code,
                suite.count(TestStatus::Passed),
                suite.count(TestStatus::Failed),
                suite.count(TestStatus::Skipped),
                Json(&suite.cases),
                Json(&suite.oddities),
                Json(&suite.flaky),
            ],
        )?;
        Ok(())
    }
}
