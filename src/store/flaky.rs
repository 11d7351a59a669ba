//! Tests of a project that failed and passed on the same tree, and when that counts no more.

use super::{StoreError, Tx, View};
use crate::domain::{ProjectId, RunId};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};

/// A test that has passed so often in a row is trusted again in the project's next runs.
const TRUSTED: u32 = 10;
/// Tests that are kept of a project; those that were seen longest ago go. What a suite calls its tests an agent decides.
const KEPT: u32 = 2_000;

/// Names of tests by suite.
pub type TestsBySuite = BTreeMap<String, BTreeSet<String>>;

fn by_suite(rows: Vec<(String, String)>) -> TestsBySuite {
    let mut found = TestsBySuite::new();
    for (suite, test) in rows {
        found.entry(suite).or_default().insert(test);
    }
    found
}

impl View<'_> {
    /// The tests of a project that no run trusts at present.
    pub fn flaky_tests(&self, project: ProjectId) -> Result<TestsBySuite, StoreError> {
        let sql = "SELECT suite, test FROM flaky_tests WHERE project = ?1 AND passes < ?2";
        Ok(by_suite(self.many(sql, params![project.0, TRUSTED], |row| Ok((row.get(0)?, row.get(1)?)))?))
    }

    /// The tests that were in quarantine in any iteration of a run.
    pub fn flaky_in_run(&self, run: RunId) -> Result<TestsBySuite, StoreError> {
        let sql =
            "SELECT DISTINCT suites.suite, one.value FROM suites, json_each(suites.flaky) AS one WHERE suites.run = ?1";
        Ok(by_suite(self.many(sql, [run.0], |row| Ok((row.get(0)?, row.get(1)?)))?))
    }
}

impl Tx<'_> {
    /// Notes that a test failed and passed on the same tree.
    pub fn put_flaky_test(
        &self,
        project: ProjectId,
        (run, iteration): (RunId, u32),
        suite: &str,
        test: &str,
    ) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO flaky_tests (project, suite, test, seen, passes, last_run, iteration, last_seen)
             VALUES (?1, ?2, ?3, 1, 0, ?4, ?5, ?6)
             ON CONFLICT (project, suite, test) DO UPDATE SET seen = seen + 1, passes = 0, last_run = excluded.last_run,
                iteration = excluded.iteration, last_seen = excluded.last_seen",
            params![project.0, suite, test, run.0, iteration, self.now().0],
        )?;
        self.change(
            "DELETE FROM flaky_tests WHERE project = ?1 AND (suite, test) IN
                 (SELECT suite, test FROM flaky_tests WHERE project = ?1
                  ORDER BY last_seen DESC, suite, test LIMIT -1 OFFSET ?2)",
            params![project.0, KEPT],
        )?;
        Ok(())
    }

    /// Notes how such a test went this time: passed so many times, or failed.
    pub fn note_flaky_test(
        &self,
        project: ProjectId,
        suite: &str,
        test: &str,
        passes: Option<u32>,
    ) -> Result<(), StoreError> {
        self.change(
            "UPDATE flaky_tests SET passes = CASE WHEN ?4 IS NULL THEN 0 ELSE min(passes + ?4, 1000000) END
             WHERE project = ?1 AND suite = ?2 AND test = ?3",
            params![project.0, suite, test, passes],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::AuditEvent;
    use crate::domain::{Actor, SuiteOutcome, SuiteVerdict};
    use crate::store::{Options, Store, new_run_for_tests};

    /// A store with two projects and a run of the first.
    fn store() -> (Store, ProjectId, ProjectId, RunId) {
        let store = Store::in_memory(&Options::default()).unwrap();
        let made = store.write_sync(|tx| {
            let (one, two) = (tx.insert_project("one", "/one")?.id, tx.insert_project("two", "/two")?.id);
            let run = tx.insert_run(&new_run_for_tests(one))?.id;
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            Ok((one, two, run))
        });
        let (one, two, run) = made.unwrap();
        (store, one, two, run)
    }

    fn write(store: &Store, job: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static) {
        let written = store.write_sync(move |tx| {
            job(tx)?;
            tx.record(AuditEvent::new(Actor::Engine, "test")).map(drop)
        });
        written.unwrap();
    }

    fn known(store: &Store, project: ProjectId) -> Vec<String> {
        let found = store.read_sync(move |view| view.flaky_tests(project)).unwrap();
        found.into_iter().flat_map(|(suite, tests)| tests.into_iter().map(move |id| format!("{suite}: {id}"))).collect()
    }

    #[test]
    fn a_test_is_trusted_again_after_it_passed_often_enough_in_a_row() {
        let (store, one, two, run) = store();
        write(&store, move |tx| tx.put_flaky_test(one, (run, 3), "unit", "a"));
        assert_eq!(known(&store, one), ["unit: a"]);
        assert!(known(&store, two).is_empty());
        let pass = |times| write(&store, move |tx| tx.note_flaky_test(one, "unit", "a", Some(times)));
        pass(TRUSTED - 1);
        write(&store, move |tx| tx.note_flaky_test(one, "unit", "a", None));
        pass(TRUSTED - 1);
        assert_eq!(known(&store, one), ["unit: a"]);
        pass(2);
        assert!(known(&store, one).is_empty());
        // Until it is seen again.
        write(&store, move |tx| tx.put_flaky_test(one, (run, 4), "unit", "a"));
        assert_eq!(known(&store, one), ["unit: a"]);
    }

    #[test]
    fn only_so_many_are_kept_of_a_project() {
        let (store, one, two, run) = store();
        write(&store, move |tx| {
            tx.put_flaky_test(two, (run, 1), "unit", "of another project")?;
            (0..KEPT + 5).try_for_each(|n| tx.put_flaky_test(one, (run, 1), "unit", &format!("{n:05}")))
        });
        assert_eq!((known(&store, one).len(), known(&store, two).len()), (KEPT as usize, 1));
    }

    #[test]
    fn what_was_in_quarantine_in_a_run_is_found_again() {
        let (store, _, _, run) = store();
        write(&store, move |tx| {
            for (iteration, flaky) in [(0, &["a"][..]), (1, &[]), (2, &["a", "b"])] {
                tx.put_suite(
                    run,
                    iteration,
                    &SuiteOutcome {
                        suite: "unit".to_owned(),
                        verdict: SuiteVerdict::Flaky,
                        exit_code: Some(1),
                        cases: BTreeMap::new(),
                        oddities: Vec::new(),
                        flaky: flaky.iter().map(|id| (*id).to_owned()).collect(),
                    },
                )?;
            }
            Ok(())
        });
        let found = store.read_sync(move |view| view.flaky_in_run(run)).unwrap();
        assert_eq!(found["unit"], ["a", "b"].map(str::to_owned).into());
    }
}
