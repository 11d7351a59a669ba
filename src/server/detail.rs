//! What lists and the page of one run show.

use super::Server;
use super::answer::not_found;
use super::brief::fit;
use super::iteration::rounds;
use crate::domain::{Bounded, Run, RunId, RunState, StepLog, StepState, TestStatus};
use crate::engine::ports::World;
use crate::logs::{LogError, LogReader};
use crate::protocol::{Fault, FaultCode, GuidanceView, LogInfo, Reply, RunDetail, RunView, SuiteView};
use crate::sandbox::Sandbox;
use crate::store::{SoFar, StoreError, View};
use crate::watchdog::Level;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Places outside that the page of a run tells.
const HOSTS: u32 = 30;
/// Iterations whose failed tests a list tells beside a run.
const TREND: usize = 8;

impl<S: Sandbox> Server<S> {
    /// Runs with what lists show beside them.
    pub(super) async fn views(&self, runs: Vec<Run>) -> Result<Vec<RunView>, Fault> {
        let mut views = self.engine.store.read(move |view| runs_with(view, runs)).await?;
        for view in &mut views {
            view.note = self.note(&view.run);
        }
        Ok(views)
    }

    /// What a run is doing; a run that rests does nothing. One that is paused may have a pause that is not in force yet.
    pub(super) fn note(&self, run: &Run) -> Option<String> {
        let rests = run.state.is_final() || (run.state.awaits_person() && run.state != RunState::Paused);
        if rests { None } else { self.engine.notes.get(run.id) }
    }

    pub(super) async fn detail(&self, id: RunId) -> Result<Reply, Fault> {
        let mut detail = self
            .engine
            .store
            .read(move |view| view.run(id)?.map(|run| detail_of(view, run)).transpose())
            .await?
            .ok_or_else(|| not_found("run", id))?;
        detail.view.note = self.note(&detail.view.run);
        if !detail.view.run.state.is_final() && detail.iterations.len() > 1 {
            // Where that cannot be known a rollback says why; the rest of the run is told all the same.
            detail.best = self.engine.best_of(&detail.view.run).await.unwrap_or(None);
        }
        fit(&mut detail);
        Ok(Reply::Detail { detail: Box::new(detail) })
    }

    /// The logs of a run, oldest first.
    pub(super) async fn logs(&self, id: RunId) -> Result<Vec<LogInfo>, Fault> {
        let steps = self
            .engine
            .store
            .read(move |view| {
                view.run(id)?.ok_or_else(|| StoreError::Missing { what: "run", id: id.to_string() })?;
                view.steps(id)
            })
            .await?;
        let logs: Vec<_> =
            steps.iter().map(|step| (step.log.clone(), self.engine.world.places().log(&step.key))).collect();
        let size = |(log, path): (StepLog, PathBuf)| match log {
            // What was recorded when a log was closed needs no look at the disk.
            StepLog::Kept { bytes, .. } => bytes,
            StepLog::Missing | StepLog::Removing { .. } | StepLog::Removed { .. } => 0,
            StepLog::Open | StepLog::Damaged { .. } => log_size(&path).unwrap_or(0),
        };
        let sizes = blocking(move || logs.into_iter().map(size).collect::<Vec<_>>());
        let logs = steps.into_iter().zip(sizes.await?).map(|(step, bytes)| {
            let open = !matches!(step.state, StepState::Ended { .. });
            LogInfo { step: step.key.to_string(), key: step.key, bytes, open, state: step.log }
        });
        Ok(logs.collect())
    }
}

/// Bytes of a log so far; a step that never started has no log yet.
pub(super) fn log_size(path: &Path) -> Result<u64, LogError> {
    match LogReader::open(path).and_then(|reader| reader.mark()) {
        Ok(mark) => Ok(mark.bytes),
        Err(LogError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Work on files, away from the threads that serve clients.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Fault { code: FaultCode::Engine, message: format!("a worker failed: {error}") })
}

/// Joins runs with their projects' names and last test counts.
pub(super) fn runs_with(view: &View<'_>, runs: Vec<Run>) -> Result<Vec<RunView>, StoreError> {
    let names: HashMap<_, _> = view.projects()?.into_iter().map(|project| (project.id, project.name)).collect();
    let pending = view.pending()?;
    runs.into_iter()
        .map(|run| {
            let project = names.get(&run.project).cloned().unwrap_or_default();
            let guidance = view.guidance_so_far(run.id)?;
            let guidance = guidance.map(|SoFar { count, applied, applied_in, live }| GuidanceView {
                count,
                applied,
                applied_in,
                live,
            });
            let tested = view.newest_tests(run.id, TREND)?;
            let (tests, trend) = (tested.last().copied(), tested.iter().map(|(_, failed, _)| *failed).collect());
            let flaky = view.newest_flaky(run.id)?;
            let pending = pending.get(&run.id).copied();
            let slow = !run.state.is_final()
                && view.last_verdict(run.id, u32::MAX)?.is_some_and(|verdict| verdict.level == Level::Warn);
            Ok(RunView { tests, flaky, trend, project, pending, note: None, guidance, slow, shortened: false, run })
        })
        .collect()
}

/// Outcomes of an iteration's suites without their cases.
pub(super) fn suites_of(view: &View<'_>, run: RunId, iteration: u32) -> Result<Vec<SuiteView>, StoreError> {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let suites = view.suites(run, iteration)?.into_iter().map(|suite| SuiteView {
        tests: (
            count(suite.count(TestStatus::Passed)),
            count(suite.count(TestStatus::Failed)),
            count(suite.count(TestStatus::Skipped)),
        ),
        suite: suite.suite,
        verdict: suite.verdict,
        oddities: suite.oddities,
        flaky: suite.flaky.iter().collect::<Bounded>().finish(),
    });
    Ok(suites.collect())
}

fn detail_of(view: &View<'_>, run: Run) -> Result<RunDetail, StoreError> {
    let id = run.id;
    let iterations = view.iterations(id)?;
    let mut tested = 0;
    for iteration in iterations.iter().rev() {
        if !view.suites(id, iteration.number)?.is_empty() {
            tested = iteration.number;
            break;
        }
    }
    let mut views = runs_with(view, vec![run])?;
    let view_of_run = views.pop().ok_or_else(|| StoreError::Missing { what: "run", id: id.to_string() })?;
    Ok(RunDetail {
        view: view_of_run,
        suites: suites_of(view, id, tested)?,
        findings: view.findings(id, tested)?,
        gates: view.gate_results(id, tested)?,
        guidance: view.guidance(id)?,
        questions: view.questions_of(id)?,
        steps: view.steps(id)?,
        rounds: rounds(view, id, &iterations)?,
        egress: view.egress_newest(id, HOSTS)?,
        best: None,
        iterations,
    })
}
