//! What the driver reads of the store.

use super::flaky::flaky_of;
use super::{AUDITOR, PROMPT, missing};
use crate::domain::{
    Finding, GateResult, Guidance, Iteration, Lesson, Project, ProjectId, Proposal, Question, QuestionKind, Run, RunId,
    Step, StepKey, StepState,
};
use crate::engine::driver::Engine;
use crate::engine::driver::judge::{StoredFacts, not_taken, planted};
use crate::engine::driver::rows::PLAN;
use crate::engine::ports::World;
use crate::store::{Movements, StoreError, View};
use crate::watchdog::Verdict;

/// What a prompt needs from the store.
pub(in crate::engine::driver) struct StoredMaterial {
    /// What the watchdog said last.
    pub watch: Option<Verdict>,
    pub guidance: Vec<Guidance>,
    pub iterations: Vec<Iteration>,
    pub findings: Vec<Finding>,
    pub gates: Vec<GateResult>,
    pub moved: Movements,
    /// The plan that was written last.
    pub plan: Option<String>,
    /// Tests in quarantine in the last verified iteration, by suite and id.
    pub flaky: Vec<String>,
    /// What the agent asked people.
    pub asked: Vec<Question>,
    /// What became of its proposals, and was not told before.
    pub proposed: Vec<Proposal>,
    /// What was taught about the project.
    pub lessons: Vec<Lesson>,
}

impl<W: World> Engine<W> {
    pub(crate) async fn load(&self, id: RunId) -> Result<Run, StoreError> {
        self.store.read(move |view| view.run(id)?.ok_or_else(|| missing("run", &id))).await
    }

    pub(crate) async fn project(&self, id: ProjectId) -> Result<Project, StoreError> {
        self.store.read(move |view| view.project(id)?.ok_or_else(|| missing("project", &id))).await
    }

    pub(in crate::engine::driver) async fn step(&self, key: &StepKey) -> Result<Option<Step>, StoreError> {
        let key = key.clone();
        self.store.read(move |view| view.step(&key)).await
    }

    /// Whether the machine was started anew since the step's container was recorded.
    pub(in crate::engine::driver) async fn is_of_another_boot(&self, key: &StepKey) -> Result<bool, StoreError> {
        let key = key.clone();
        let created = self.store.read(move |view| view.created_in_boot(&key)).await?;
        let here = self.store.boot();
        Ok(created.is_some_and(|there| !there.is_empty() && !here.is_empty() && there != here))
    }

    pub(in crate::engine) async fn all_steps(&self, run: RunId) -> Result<Vec<Step>, StoreError> {
        self.store.read(move |view| view.steps(run)).await
    }

    pub(in crate::engine::driver) async fn steps_of(
        &self,
        run: RunId,
        iteration: u32,
    ) -> Result<Vec<Step>, StoreError> {
        let steps = self.all_steps(run).await?;
        Ok(steps.into_iter().filter(|step| step.key.iteration == iteration).collect())
    }

    pub(in crate::engine::driver) async fn open_steps(&self, run: RunId) -> Result<Vec<Step>, StoreError> {
        let steps = self.all_steps(run).await?;
        Ok(steps.into_iter().filter(|step| !matches!(step.state, StepState::Ended { .. })).collect())
    }

    /// The prompt that was kept with a step's intent.
    pub(in crate::engine::driver) async fn kept_prompt(&self, step: &Step) -> Result<Option<String>, StoreError> {
        self.kept(step, PROMPT).await
    }

    /// Agent and model of an auditor's turn whose intent is on record.
    pub(in crate::engine::driver) async fn kept_auditor(
        &self,
        key: &StepKey,
    ) -> Result<Option<(String, Option<String>)>, StoreError> {
        let Some(step) = self.step(key).await? else { return Ok(None) };
        let Some(text) = self.kept(&step, AUDITOR).await? else { return Ok(None) };
        let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let word = |name: &str| said.get(name).and_then(|word| word.as_str()).map(str::to_owned);
        Ok(word("agent").map(|agent| (agent, word("model"))))
    }

    /// A text that was kept with a step's intent.
    async fn kept(&self, step: &Step, kind: &'static str) -> Result<Option<String>, StoreError> {
        let (run, id) = (step.key.run, step.id);
        self.store
            .read(move |view| {
                let blobs = view.blobs_of(run)?;
                let kept = blobs.into_iter().rfind(|(_, from)| from.kind == kind && from.step == Some(id));
                let Some((name, _)) = kept else { return Ok(None) };
                Ok(Some(String::from_utf8_lossy(&view.blob(&name)?).into_owned()))
            })
            .await
    }

    pub(in crate::engine::driver) async fn prompt_material(
        &self,
        run: RunId,
        iteration: u32,
    ) -> Result<StoredMaterial, StoreError> {
        self.store
            .read(move |view| {
                let project = view.run(run)?.map(|run| run.project);
                let iterations = view.iterations(run)?;
                let verified = iterations.iter().rev().find(|one| one.ended.is_some()).map_or(0, |one| one.number);
                Ok(StoredMaterial {
                    lessons: project.map_or(Ok(Vec::new()), |project| view.lessons(Some(project), u32::MAX))?,
                    watch: view.watch_verdicts(run)?.pop(),
                    guidance: view.guidance(run)?,
                    findings: view.findings(run, verified)?,
                    gates: view.gate_results(run, verified)?,
                    moved: view.movements(run)?,
                    plan: plan_of(view, run)?,
                    flaky: flaky_of(view, run, verified)?,
                    asked: asked_by_agent(view, run)?,
                    proposed: view.proposals_to_tell(run, iteration)?,
                    iterations,
                })
            })
            .await
    }

    pub(in crate::engine::driver) async fn stored_facts(
        &self,
        run: RunId,
        iteration: u32,
    ) -> Result<StoredFacts, StoreError> {
        self.store
            .read(move |view| {
                let steps = view.steps(run)?;
                // Over all iterations: what was planted or forged in a red one is still in what a later one goes on from.
                let intrusions = steps.iter().map(|step| match step.state {
                    StepState::Ended { intrusions, .. } => intrusions,
                    _ => 0,
                });
                let iterations = view.iterations(run)?;
                Ok(StoredFacts {
                    base: view.suites(run, 0)?,
                    now: view.suites(run, iteration)?,
                    intrusions: intrusions.fold(0, u32::saturating_add),
                    planted: planted(&iterations),
                    not_taken: not_taken(&iterations, iteration),
                })
            })
            .await
    }
}

/// The plan that an agent wrote last in a run.
fn plan_of(view: &View<'_>, run: RunId) -> Result<Option<String>, StoreError> {
    let kept = view.blobs_of(run)?.into_iter().rfind(|(_, from)| from.kind == PLAN);
    let Some((name, _)) = kept else { return Ok(None) };
    Ok(Some(String::from_utf8_lossy(&view.blob(&name)?).into_owned()))
}

fn asked_by_agent(view: &View<'_>, run: RunId) -> Result<Vec<Question>, StoreError> {
    let all = view.questions_of(run)?;
    Ok(all.into_iter().filter(|one| one.kind == QuestionKind::Agent).collect())
}
