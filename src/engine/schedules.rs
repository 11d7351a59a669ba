//! Starts the test runs that people ask for when they are due. That one was due is entered in the same transaction as its run, so
//! that none starts twice and none is forgotten; times that came by while no engine ran are made up for once.

use super::Engine;
use super::ask::AskError;
use super::ports::{Trees, World};
use super::submit::NewRun;
use super::world::RealWorld;
use crate::audit::AuditEvent;
use crate::config::ProjectConfig;
use crate::domain::{
    Actor, Due, Firing, Millis, Origin, Plan, Priority, Project, Role, RunId, Schedule, ScheduleId, shortened,
};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, Tx, View};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What is due is looked for this often, since wall clocks may be set.
const LOOK: Duration = Duration::from_secs(20);
/// And so long after a look that failed.
const AGAIN: Duration = Duration::from_secs(5);
/// Longest reason that is kept of a start that failed, in bytes.
const FAULT: usize = 600;

impl<S: Sandbox> Engine<RealWorld<S>> {
    /// Starts what is due, for ever.
    pub async fn keep_schedules(self: Arc<Self>) {
        loop {
            let pause = match self.start_due().await {
                Ok(Some(next)) => {
                    let left = u64::try_from(next.since(self.world.now())).unwrap_or_default();
                    Duration::from_millis(left).clamp(Duration::from_millis(100), LOOK)
                }
                Ok(None) => LOOK,
                Err(error) => {
                    tracing::warn!("test runs that are due cannot be started: {error}");
                    AGAIN
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Starts what is due, and tells when the next one is.
    pub async fn start_due(&self) -> Result<Option<Millis>, AskError> {
        let now = self.world.now();
        let mut failed = None;
        for schedule in self.store.read(move |view| view.due_schedules(now)).await? {
            if let Some(due) = schedule.due(now)
                && let Err(error) = self.start_one(schedule, due).await
            {
                // The others are not kept waiting for it.
                failed.get_or_insert(error);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let next = |view: &View<'_>| view.next_schedule();
        Ok(self.store.read(next).await?)
    }

    /// Why a project could not be tested so, as its source is now.
    pub async fn can_test(
        &self,
        project: &Project,
        revision: Option<String>,
        suites: &[String],
    ) -> Result<(), AskError> {
        let unfit = |reason| AskError::Unfit(reason);
        let base = self.world.trees().fetch(project, revision).await.map_err(|fault| unfit(fault.0))?;
        let config = self.world.trees().config(project, &base).await.map_err(|fault| unfit(fault.0))?;
        narrowed(config, suites).map(drop).map_err(unfit)
    }

    async fn start_one(&self, schedule: Schedule, due: Due) -> Result<(), AskError> {
        if let Some(run) = self.still_under_way(schedule.id).await? {
            let fault = format!("{run}, which it started before, is not over yet");
            return Ok(self.not_started(&schedule, due, fault).await?);
        }
        let project = self.project(schedule.project).await?;
        let base = match self.world.trees().fetch(&project, schedule.revision.clone()).await {
            Ok(base) => base,
            Err(fault) => return Ok(self.not_started(&schedule, due, fault.0).await?),
        };
        let suites = if schedule.suites.is_empty() { "all suites".to_owned() } else { schedule.suites.join(", ") };
        let new = NewRun {
            project,
            task: format!("Test {suites}, as {} asks", schedule.id),
            criteria: Vec::new(),
            origin: Origin::Schedule { schedule: schedule.id, due: due.since, suites: schedule.suites.clone() },
            base,
            role: Role::Coder,
            engine: None,
            agent: String::new(),
            iterations: None,
            priority: Priority::Normal,
            plan: Some(Plan::None),
            after: Vec::new(),
            owner: schedule.by.clone(),
        };
        match self.submit(new).await {
            Ok(_) => Ok(()),
            Err(error @ (AskError::Store(_) | AskError::Down)) => Err(error),
            Err(error) => Ok(self.not_started(&schedule, due, error.to_string()).await?),
        }
    }

    /// The run that it started last, where that is not over.
    async fn still_under_way(&self, id: ScheduleId) -> Result<Option<RunId>, StoreError> {
        self.store
            .read(move |view| {
                let last = view.firings(id, 1)?.into_iter().find_map(|firing| firing.run);
                let Some(last) = last else { return Ok(None) };
                let states = view.states(&[last])?;
                Ok(states.into_iter().find(|(_, state, _)| !state.is_final()).map(|(run, ..)| run))
            })
            .await
    }

    /// Notes why one that is due starts nothing.
    async fn not_started(&self, schedule: &Schedule, due: Due, fault: String) -> Result<(), StoreError> {
        let (id, project) = (schedule.id, schedule.project);
        tracing::warn!("{id} starts nothing: {fault}");
        self.store
            .write(move |tx| {
                let Some(due) = still_due(tx, id, due.since)? else { return Ok(()) };
                let fault = shortened(&fault, FAULT);
                let detail = json!({ "schedule": id, "due": due.since, "missed": due.missed, "fault": fault });
                fire(tx, id, due, None, Some(fault))?;
                tx.record(AuditEvent::new(Actor::Engine, "schedule.failed").project(project).detail(detail)).map(drop)
            })
            .await?;
        self.announce();
        Ok(())
    }
}

/// What is due of one whose turn it was at that instant, unless somebody changed it meanwhile.
pub(super) fn still_due(tx: &Tx<'_>, id: ScheduleId, since: Millis) -> Result<Option<Due>, StoreError> {
    let found = tx.schedule(id)?.and_then(|schedule| schedule.due(tx.now()));
    Ok(found.filter(|due| due.since == since))
}

/// Enters what came of one that was due.
pub(super) fn fire(
    tx: &Tx<'_>,
    id: ScheduleId,
    due: Due,
    run: Option<RunId>,
    fault: Option<String>,
) -> Result<(), StoreError> {
    let firing = Firing { due: due.since, at: tx.now(), missed: due.missed, run, fault };
    tx.fire(id, &firing, due.next)
}

/// A project with no other suites than these; with all of its own where none is named.
pub(super) fn narrowed(mut config: ProjectConfig, suites: &[String]) -> Result<ProjectConfig, String> {
    if let Some(missing) = suites.iter().find(|name| config.suites.iter().all(|suite| suite.name != **name)) {
        let known: Vec<&str> = config.suites.iter().map(|suite| suite.name.as_str()).collect();
        return Err(format!("dogwatch.toml has no suite {}: it has {}", shortened(missing, 40), known.join(", ")));
    }
    if !suites.is_empty() {
        config.suites.retain(|suite| suites.contains(&suite.name));
    }
    Ok(config)
}
