//! Taking in a new run. What would make it pointless is refused here, before anything is stored.

use super::Engine;
use super::ask::AskError;
use super::driver::no_models;
use super::ports::{Trees, World};
use super::schedules::{fire, narrowed, still_due};
use crate::audit::{AuditEvent, hex};
use crate::config::{AgentWork, ChosenAgent, ImageSource, ProjectConfig};
use crate::domain::{
    Actor, Budget, Due, Millis, Need, Needs, Origin, Plan, Predecessor, Priority, Project, Role, Run, RunId, RunState,
    Spent,
};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, Tx};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Longest task in bytes.
const LONGEST_TASK: usize = 64 * 1024;
/// Most acceptance criteria.
const MOST_CRITERIA: usize = 50;

/// Most runs that one may follow.
const MOST_PREDECESSORS: usize = 50;

/// A run to be started. The base commit is resolved already.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The project.
    pub project: Project,
    /// What is to be done.
    pub task: String,
    /// Acceptance criteria, one a line.
    pub criteria: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The commit to start from.
    pub base: String,
    /// What its agent is there for.
    pub role: Role,
    /// The container engine that its steps run on, as people call it; that of its project where nobody says.
    pub engine: Option<String>,
    /// The agent's name, or empty for that of the role or the repository's own.
    pub agent: String,
    /// A cap on iterations that goes before the repository's.
    pub iterations: Option<u32>,
    /// How much it is wanted, against others that wait for a place.
    pub priority: Priority,
    /// Whether it writes a plan first; as the repository says where it is not said.
    pub plan: Option<Plan>,
    /// The runs that it follows. Only runs that exist can be named, so that no circle can come about.
    pub after: Vec<RunId>,
    /// Who starts it.
    pub owner: Actor,
}

impl<W: World> Engine<W> {
    /// Stores a new run in the queue.
    pub async fn submit(&self, new: NewRun) -> Result<Run, AskError> {
        let after = fit(&new)?;
        let unfit = |reason: String| AskError::Unfit(reason);
        let config = self.world.trees().config(&new.project, &new.base).await.map_err(|fault| unfit(fault.0))?;
        let only_tests = new.origin.only_tests().is_some();
        let digest = config.digest();
        let config = match new.origin.only_tests() {
            Some(suites) => narrowed(config, suites).map_err(unfit)?,
            None => config,
        };
        if !only_tests && config.suites.iter().all(|suite| suite.browser.is_some()) {
            return Err(unfit(config.why_never_done().unwrap_or_default()));
        }
        let beside = config.needs_of_services();
        let engine = self.world.engine_of(&new.project.name, new.engine.as_deref()).to_owned();
        let needs = if self.world.is_elsewhere(&engine) {
            Needs::default()
        } else {
            self.room.needs(&config.limits).and_then(|needs| self.room.beside(needs, beside)).map_err(unfit)?
        };
        self.has_datasets(&new.project, &config, &engine).await?;
        let sandbox = self.world.sandbox_at(&engine).map_err(|error| unfit(error.to_string()))?;
        self.fits_sandbox(sandbox, &new, &config).await.map_err(unfit)?;
        let agent = if only_tests { ChosenAgent::nobody() } else { self.agent_of(&new, &config).map_err(unfit)? };
        let audit = !only_tests && (config.gates.audit || self.world.reviews().audit);
        let reason = if audit { self.fits_auditor(&agent, &config).map_err(unfit)? } else { String::new() };
        let iterations = if only_tests { 0 } else { new.iterations.unwrap_or(config.budget.iterations) };
        let budget = Budget { iterations, ..config.budget };
        let run = Run {
            id: RunId(0),
            project: new.project.id,
            task: new.task,
            criteria: new.criteria,
            owner: new.owner.clone(),
            origin: new.origin,
            agent: agent.name,
            role: new.role,
            engine,
            priority: new.priority,
            needs,
            after: after.iter().map(|run| Predecessor { run: *run, need: Need::Success }).collect(),
            waits_since: Millis(0),
            plan: new.plan.unwrap_or(config.gates.plan),
            audit,
            state: RunState::Queued,
            resume_to: None,
            iteration: 0,
            attempt: 1,
            losses: 0,
            troubles: 0,
            rerun: None,
            instant_failures: 0,
            not_before: None,
            base: Some(new.base),
            head: None,
            image: None,
            budget,
            spent: Spent::default(),
            question: None,
            reason,
            version: 0,
            created: Millis(0),
            updated: Millis(0),
        };
        let run = self
            .store
            .write(move |tx| {
                if let Some(fault) = unfit_to_follow(tx, &after)? {
                    return Ok(Err(fault));
                }
                let due = match as_read(tx, &run.origin)? {
                    Ok(due) => due,
                    Err(fault) => return Ok(Err(fault)),
                };
                let now = tx.now();
                let run = tx.insert_run(&Run { created: now, updated: now, waits_since: now, ..run })?;
                if let (Some(due), Origin::Schedule { schedule, .. }) = (due, &run.origin) {
                    fire(tx, *schedule, due, Some(run.id), None)?;
                }
                // The words themselves are in the run's row; their digest holds them fast.
                let task = hex(&Sha256::digest(json!([run.task, run.criteria]).to_string()));
                let detail = json!({
                    "task_sha256": task, "base": run.base, "agent": run.agent, "role": run.role, "engine": run.engine, "config": digest,
                    "priority": run.priority, "after": after, "plan": run.plan, "audit": run.audit,
                    "origin": run.origin,
                });
                tx.record(AuditEvent::new(new.owner, "run.submitted").run(run.id).project(run.project).detail(detail))?;
                Ok(Ok(run))
            })
            .await??;
        self.announce();
        Ok(run)
    }
}

impl<W: World> Engine<W> {
    /// Why this engine's sandbox could never do what the repository asks for.
    async fn fits_sandbox(&self, sandbox: &W::Sandbox, new: &NewRun, config: &ProjectConfig) -> Result<(), String> {
        if config.setup.is_some() && !sandbox.abilities().setup {
            return Err(
                "dogwatch.toml has a [setup], and this engine's process sandbox cannot keep what a setup makes: have a root with \
                 all that the tests need (`roots` under [sandbox] in config.toml) and leave out [setup], or install Docker"
                    .to_owned(),
            );
        }
        if let Some(setup) = &config.setup {
            self.setup_ways(setup)?;
        }
        self.fits_runtime(config)?;
        let admitted = match &config.image {
            ImageSource::Reference(reference) => sandbox.admits(reference),
            ImageSource::Dockerfile { path, context } => {
                let build = self.world.trees().build_context(&new.project, &new.base, path, context).await;
                let build = build.map_err(|fault| fault.0)?;
                sandbox.admits_build(&build.dockerfile, &build.archive)
            }
        };
        admitted.map_err(|error| error.to_string())?;
        if config.suites.iter().any(|suite| !suite.services.is_empty()) && !sandbox.abilities().services {
            return Err(
                "a suite in dogwatch.toml has services, and this engine's process sandbox cannot let steps share a network: start \
                 what the tests need in the suite's own command, or install Docker"
                    .to_owned(),
            );
        }
        let browsers = config.suites.iter().filter_map(|suite| suite.browser.as_ref()?.image.as_ref());
        for reference in config.services.values().filter_map(|service| service.image.as_ref()).chain(browsers) {
            sandbox.admits(reference).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Why the repository may not have the runtime that it asks for.
    pub(super) fn fits_runtime(&self, config: &ProjectConfig) -> Result<(), String> {
        let Some(name) = &config.runtime else { return Ok(()) };
        if !self.world.sandbox().abilities().images {
            return Err(format!(
                "[sandbox] in dogwatch.toml wants the runtime {name}, and this engine's process sandbox has none: leave it out, or \
                 install Docker"
            ));
        }
        if !self.world.sandbox_rules().admits(Some(name)) {
            return Err(format!(
                "[sandbox] in dogwatch.toml wants the runtime {name}, and this engine's operator does not let repositories ask for \
                 that: leave it out, or add it to `projects-may-ask` under [sandbox] in config.toml and restart the engine"
            ));
        }
        Ok(())
    }

    /// Which agent would work, if it can.
    fn agent_of(&self, new: &NewRun, config: &ProjectConfig) -> Result<ChosenAgent, String> {
        self.can_work(self.world.choose_agent(&new.agent, new.role, config)?)
    }

    /// An agent, where it has what it needs to work.
    pub(super) fn can_work(&self, agent: ChosenAgent) -> Result<ChosenAgent, String> {
        if let AgentWork::Coding(settings) = &agent.work {
            self.world.models(settings.api()).map_err(|why| no_models(&agent.name, &why))?;
        }
        Ok(agent)
    }

    /// Why nobody could audit the run's result, where that is so; otherwise what to know of its auditor, if there is anything.
    fn fits_auditor(&self, author: &ChosenAgent, config: &ProjectConfig) -> Result<String, String> {
        let auditor = self.auditor(config).map_err(|why| format!("nobody can audit the result: {why}"))?;
        let same = (&auditor.name, auditor.model()) == (&author.name, author.model());
        let words = "its auditor is its own agent with its own model, which may miss what that missed: name another one under \
                     [roles.auditor] in config.toml";
        Ok(if same { words.to_owned() } else { String::new() })
    }
}

/// Refuses what could never be a run by its words alone; gives the runs that it follows, each once.
fn fit(new: &NewRun) -> Result<BTreeSet<RunId>, AskError> {
    let bytes = new.task.len() + new.criteria.iter().map(String::len).sum::<usize>();
    if bytes > LONGEST_TASK {
        return Err(AskError::TooLong { found: bytes, most: LONGEST_TASK });
    }
    let unfit = |reason: String| AskError::Unfit(reason);
    if new.criteria.len() > MOST_CRITERIA {
        let count = new.criteria.len();
        return Err(unfit(format!("there are {count} acceptance criteria, at most {MOST_CRITERIA} are kept")));
    }
    if new.role == Role::Auditor {
        let words = "the auditor looks at the results of other runs and works in none of its own: choose another role, such as reviewer";
        return Err(unfit(words.to_owned()));
    }
    if new.task.trim().is_empty() {
        return Err(unfit("a run needs a task: say in words what is to be done".to_owned()));
    }
    let most = Budget::MOST_ITERATIONS;
    if let Some(asked) = new.iterations.filter(|asked| !(1..=most).contains(asked)) {
        return Err(unfit(format!("a run cannot have {asked} iterations: choose 1 to {most}")));
    }
    let after: BTreeSet<RunId> = new.after.iter().copied().collect();
    if after.len() > MOST_PREDECESSORS {
        let count = after.len();
        return Err(unfit(format!("a run can follow at most {MOST_PREDECESSORS} others, and {count} are named")));
    }
    Ok(after)
}

/// Why a run cannot follow these, if it cannot.
fn unfit_to_follow(tx: &Tx<'_>, after: &BTreeSet<RunId>) -> Result<Option<AskError>, StoreError> {
    let ids: Vec<RunId> = after.iter().copied().collect();
    let known: BTreeMap<_, _> = tx.states(&ids)?.into_iter().map(|(run, state, _)| (run, state)).collect();
    for id in ids {
        match known.get(&id) {
            None => return Ok(Some(AskError::Missing { what: "run", id: id.to_string() })),
            Some(state @ (RunState::Failed | RunState::Cancelled)) => {
                let state = state.name();
                let reason =
                    format!("{id} is {state} and will not succeed any more: leave it out, or name one that may");
                return Ok(Some(AskError::Unfit(reason)));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// That what the run comes from still is as it was read, and what is due of a schedule; or why the run cannot begin.
fn as_read(tx: &Tx<'_>, origin: &Origin) -> Result<Result<Option<Due>, AskError>, StoreError> {
    let (due, same, what) = match origin {
        Origin::Operator => return Ok(Ok(None)),
        Origin::Feature { feature, version } => {
            let found = tx.feature(*feature)?;
            let same = found.is_some_and(|found| found.version == *version && found.closed.is_none());
            (None, same, feature.to_string())
        }
        Origin::Schedule { schedule, due, .. } => {
            let due = still_due(tx, *schedule, *due)?;
            (due, due.is_some(), schedule.to_string())
        }
    };
    let reason = format!("{what} was changed at this moment: look at it and start the run again");
    Ok(if same { Ok(due) } else { Err(AskError::Unfit(reason)) })
}
