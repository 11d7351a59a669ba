//! Rounds of the loop.

use super::columns::{Json, Word, json, maybe_json, maybe_word};
use super::{StoreError, Tx, View};
use crate::domain::{Iteration, Millis, RunId};
use rusqlite::{Row, params};

fn iteration(row: &Row<'_>) -> rusqlite::Result<Iteration> {
    Ok(Iteration {
        run: RunId(row.get("run")?),
        number: row.get("number")?,
        base: row.get("base")?,
        commit: row.get("commit_id")?,
        tree: row.get("tree")?,
        report: maybe_json(row, "report")?,
        outcome: maybe_word(row, "outcome")?,
        tests: (row.get("passed")?, row.get("failed")?, row.get("skipped")?),
        suspicions: json(row, "suspicions")?,
        rerun: json(row, "rerun")?,
        rerun_disagrees: json(row, "rerun_disagrees")?,
        audit: maybe_json(row, "audit")?,
        started: Millis(row.get("started")?),
        ended: row.get::<_, Option<i64>>("ended")?.map(Millis),
    })
}

impl View<'_> {
    /// One iteration of a run.
    pub fn iteration(&self, run: RunId, number: u32) -> Result<Option<Iteration>, StoreError> {
        self.one("SELECT * FROM iterations WHERE run = ?1 AND number = ?2", params![run.0, number], iteration)
    }

    /// Tests passed, failed and skipped in the newest iterations of a run in which any ran, so many at most, oldest first.
    pub fn newest_tests(&self, run: RunId, most: usize) -> Result<Vec<(u32, u32, u32)>, StoreError> {
        let mut found = self.many(
            "SELECT passed, failed, skipped FROM iterations WHERE run = ?1 AND passed + failed + skipped > 0
             ORDER BY number DESC LIMIT ?2",
            params![run.0, most],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        found.reverse();
        Ok(found)
    }

    /// How many tests failed in the newest of those iterations and are in quarantine there.
    pub fn newest_flaky(&self, run: RunId) -> Result<u32, StoreError> {
        let counted = self.one(
            "SELECT count(*) FROM suites, json_each(suites.cases) AS test
             WHERE suites.run = ?1 AND suites.flaky <> '[]' AND suites.iteration =
                 (SELECT max(number) FROM iterations WHERE run = ?1 AND passed + failed + skipped > 0)
             AND test.value = 'failed' AND test.key IN (SELECT value FROM json_each(suites.flaky))",
            [run.0],
            |row| row.get(0),
        )?;
        Ok(counted.unwrap_or_default())
    }

    /// All iterations of a run in order.
    pub fn iterations(&self, run: RunId) -> Result<Vec<Iteration>, StoreError> {
        self.many("SELECT * FROM iterations WHERE run = ?1 ORDER BY number", [run.0], iteration)
    }
}

impl Tx<'_> {
    /// Stores an iteration, new or changed, under its run and number.
    pub fn put_iteration(&self, it: &Iteration) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO iterations (run, number, base, commit_id, tree, ending, report, outcome, passed, failed, skipped,
                suspicions, started, ended, rerun, rerun_disagrees, audit)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (run, number) DO UPDATE SET base = excluded.base, commit_id = excluded.commit_id,
                tree = excluded.tree, ending = excluded.ending, report = excluded.report, outcome = excluded.outcome,
                passed = excluded.passed, failed = excluded.failed, skipped = excluded.skipped,
                suspicions = excluded.suspicions, started = excluded.started, ended = excluded.ended,
                rerun = excluded.rerun, rerun_disagrees = excluded.rerun_disagrees, audit = excluded.audit",
            params![
                it.run.0,
                it.number,
                it.base,
                it.commit,
                it.tree,
                it.report.as_ref().map(|report| report.ending.name()),
                it.report.as_ref().map(Json),
                it.outcome.map(Word),
                it.tests.0,
                it.tests.1,
                it.tests.2,
                Json(&it.suspicions),
                it.started.0,
                it.ended.map(|at| at.0),
                Json(&it.rerun),
                Json(&it.rerun_disagrees),
                it.audit.as_ref().map(Json),
            ],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::audit::AuditEvent;
    use crate::domain::{Actor, Iteration, Millis, RunId, SuiteOutcome, SuiteVerdict, TestStatus};
    use crate::store::{Options, Store, new_run_for_tests};

    fn round(run: RunId, number: u32, tests: (u32, u32, u32)) -> Iteration {
        Iteration { tests, ..Iteration::new(run, number, "0".repeat(40), Millis(1)) }
    }

    #[test]
    fn the_tests_of_the_newest_iterations_that_ran_any_are_given_in_order() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let written = store.write_sync(|tx| {
            let project = tx.insert_project("one", "/src")?;
            let run = tx.insert_run(&new_run_for_tests(project.id))?.id;
            let none = tx.insert_run(&new_run_for_tests(project.id))?.id;
            for (number, tests) in [(0, (1, 2, 3)), (9, (4, 0, 0)), (10, (0, 5, 0)), (11, (0, 0, 0))] {
                tx.put_iteration(&round(run, number, tests))?;
            }
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            Ok((run, none))
        });
        let (run, none) = written.unwrap();
        let tested = |run, most| store.read_sync(move |view| view.newest_tests(run, most)).unwrap();
        assert_eq!(tested(run, 9), [(1, 2, 3), (4, 0, 0), (0, 5, 0)]);
        assert_eq!(tested(run, 2), [(4, 0, 0), (0, 5, 0)]);
        assert_eq!(tested(none, 9), []);
    }

    #[test]
    fn failed_tests_in_quarantine_are_counted_in_the_newest_iteration_that_ran_any() {
        use TestStatus::{Failed, Passed};
        let store = Store::in_memory(&Options::default()).unwrap();
        let written = store.write_sync(|tx| {
            let project = tx.insert_project("one", "/src")?;
            let run = tx.insert_run(&new_run_for_tests(project.id))?.id;
            for (number, tests) in [(0, (1, 2, 0)), (1, (1, 2, 0)), (2, (0, 0, 0))] {
                tx.put_iteration(&round(run, number, tests))?;
            }
            let all = [("a \"b\".c", Failed), ("b", Passed), ("d", Failed)];
            for (number, suite, flaky) in [(0, "unit", &["d"][..]), (1, "unit", &["a \"b\".c", "b"]), (1, "web", &[])] {
                tx.put_suite(
                    run,
                    number,
                    &SuiteOutcome {
                        suite: suite.to_owned(),
                        verdict: SuiteVerdict::Failed,
                        exit_code: Some(1),
                        cases: all.into_iter().map(|(id, status)| (id.to_owned(), status)).collect(),
                        oddities: Vec::new(),
                        flaky: flaky.iter().map(|id| (*id).to_owned()).collect(),
                    },
                )?;
            }
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            Ok(run)
        });
        let run = written.unwrap();
        // One failed in quarantine; the other there passed, and what failed in another suite is a plain failure.
        assert_eq!(store.read_sync(move |view| view.newest_flaky(run)).unwrap(), 1);
        assert_eq!(store.read_sync(|view| view.newest_flaky(RunId(99))).unwrap(), 0);
    }
}
