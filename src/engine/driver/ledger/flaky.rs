//! What the store knows of tests that go by luck, and what is kept of them.

use super::super::Engine;
use crate::domain::{Bounded, Iteration, ProjectId, Run, RunId, SuiteOutcome, TestStatus};
use crate::engine::ports::World;
use crate::evidence;
use crate::store::{StoreError, TestsBySuite, Tx, View};
use std::collections::BTreeSet;

/// What the store knows of tests before the present ones.
pub(in crate::engine::driver) struct StoredPast {
    /// Tests in quarantine.
    pub known: TestsBySuite,
    /// The present iteration, and those that were tested before.
    pub iterations: Vec<Iteration>,
}

impl<W: World> Engine<W> {
    /// What earlier tests say of the present ones.
    pub(in crate::engine::driver) async fn stored_past(&self, run: &Run) -> Result<StoredPast, StoreError> {
        let (id, project, present) = (run.id, run.project, run.iteration);
        self.store
            .read(move |view| {
                let mut known = view.flaky_tests(project)?;
                for (suite, tests) in view.flaky_in_run(id)? {
                    known.entry(suite).or_default().extend(tests.into_iter().filter(|one| evidence::is_test(one)));
                }
                let (iterations, tested) = (view.iterations(id)?, view.tested(id)?);
                Ok(StoredPast {
                    known,
                    iterations: iterations
                        .into_iter()
                        .filter(|one| tested.contains(&one.number) || one.number == present)
                        .collect(),
                })
            })
            .await
    }

    /// What the suites said in an iteration.
    pub(in crate::engine::driver) async fn suites_in(
        &self,
        run: RunId,
        iteration: u32,
    ) -> Result<Vec<SuiteOutcome>, StoreError> {
        self.store.read(move |view| view.suites(run, iteration)).await
    }
}

/// Tests in quarantine in an iteration, by suite and id.
pub(super) fn flaky_of(view: &View<'_>, run: RunId, iteration: u32) -> Result<Vec<String>, StoreError> {
    let suites = view.suites(run, iteration)?;
    let named = suites.iter().flat_map(|suite| suite.flaky.iter().map(|id| format!("{}: {id}", suite.suite)));
    Ok(named.collect::<Bounded>().finish())
}

/// Keeps with the project which tests disagree with themselves, and how those went that did before.
pub(super) fn note_flaky(
    tx: &Tx<'_>,
    project: ProjectId,
    at: (RunId, u32),
    outcome: &SuiteOutcome,
    opposed: Option<&BTreeSet<String>>,
    times: u32,
) -> Result<(), StoreError> {
    for id in &outcome.flaky {
        let is_test = evidence::is_test(id);
        match outcome.cases.get(id) {
            _ if opposed.is_some_and(|opposed| opposed.contains(id)) && is_test => {
                tx.put_flaky_test(project, at, &outcome.suite, id)?;
            }
            Some(TestStatus::Passed) => tx.note_flaky_test(project, &outcome.suite, id, Some(times))?,
            Some(TestStatus::Failed) => tx.note_flaky_test(project, &outcome.suite, id, None)?,
            Some(TestStatus::Skipped) | None => {}
        }
    }
    Ok(())
}
