//! Starts the test runs that people ask for when they are due. That one was due is entered in the same transaction as its run, so
//! that none starts twice and none is forgotten; times that came by while no engine ran are made up for once.

mod fetches;
mod starts;

pub(super) use fetches::Fetches;

use super::Engine;
use super::ask::AskError;
use super::ports::{TreeFault, Trees, World};
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
use starts::{AGAIN, Starts};
use std::sync::Arc;
use std::time::Duration;

/// What is due is looked for this often, since wall clocks may be set.
const LOOK: Duration = Duration::from_secs(20);
/// Longest reason that is kept of a start that failed, in bytes.
const FAULT: usize = 600;

impl<S: Sandbox> Engine<RealWorld<S>> {
    /// Starts what is due, for ever.
    pub async fn keep_schedules(self: Arc<Self>) {
        let mut starts = Starts::default();
        loop {
            let pause = match self.begin_due(&mut starts).await {
                Ok(Some(next)) => {
                    let left = u64::try_from(next.since(self.world.now())).unwrap_or_default();
                    Duration::from_millis(left).clamp(Duration::from_millis(100), LOOK)
                }
                Ok(None) => LOOK,
                Err(error) => {
                    tracing::warn!("what test runs are due cannot be read: {error}");
                    AGAIN
                }
            };
            let pause = if starts.any_rests() { pause.min(AGAIN) } else { pause };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                Some(ended) = starts.next() => if let Err(broke) = ended {
                    let fault = format!("the engine failed over it: {}", broke.why);
                    if let Err(error) = self.not_started(&broke.schedule, broke.due, fault).await {
                        tracing::warn!("that {} did not start cannot be recorded: {error}", broke.schedule.id);
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
        }
    }

    /// Begins to start what is due, and tells when the next one is.
    async fn begin_due(self: &Arc<Self>, starts: &mut Starts) -> Result<Option<Millis>, StoreError> {
        let now = self.world.now();
        self.follow_clock(now).await?;
        for schedule in self.store.read(move |view| view.due_schedules(now)).await? {
            if let Some(due) = schedule.due(now).filter(|_| !starts.holds(schedule.id)) {
                let (this, one) = (Arc::clone(self), schedule.clone());
                starts.begin(schedule, due, async move { this.start_one(one, due).await });
            }
        }
        self.store.read(move |view| view.next_schedule(now)).await
    }

    /// Starts one that was just added, where it is due at once.
    pub async fn start_if_due(&self, id: ScheduleId) -> Result<(), AskError> {
        let Some(schedule) = self.store.read(move |view| view.schedule(id)).await? else { return Ok(()) };
        match schedule.due(self.world.now()) {
            Some(due) => self.start_one(schedule, due).await,
            None => Ok(()),
        }
    }

    /// Where the clock was ahead and was set back, the next time of some is too far away.
    async fn follow_clock(&self, now: Millis) -> Result<(), StoreError> {
        let late = self.store.read(move |view| late(view, now)).await?;
        if late.is_empty() {
            return Ok(());
        }
        self.store
            .write(move |tx| {
                for schedule in late {
                    // As it is now: somebody may have changed it meanwhile.
                    let Some(next) = tx.schedule(schedule.id)?.map(|one| soonest(tx, &one, now)).transpose()?.flatten()
                    else {
                        continue;
                    };
                    tx.pause_schedule(schedule.id, false, Some(next))?;
                    let detail = json!({ "schedule": schedule.id, "next": next, "was": schedule.next });
                    let event = AuditEvent::new(Actor::Engine, "schedule.clock_followed");
                    tx.record(event.project(schedule.project).detail(detail))?;
                }
                Ok(())
            })
            .await?;
        self.announce();
        Ok(())
    }

    /// Why a project could not be tested so, as its source is now.
    pub async fn can_test(
        &self,
        project: &Project,
        revision: Option<String>,
        suites: &[String],
    ) -> Result<(), AskError> {
        let unfit = |reason| AskError::Unfit(reason);
        let base = self.fetched(project, revision).await.map_err(|fault| unfit(fault.0))?;
        let config = self.world.trees().config(project, &base).await.map_err(|fault| unfit(fault.0))?;
        narrowed(config, suites).map(drop).map_err(unfit)
    }

    /// The commit that is to be tested, if the source says so in time.
    async fn fetched(&self, project: &Project, revision: Option<String>) -> Result<String, TreeFault> {
        let (trees, asked) = (self.world.trees().clone(), project.clone());
        self.fetches.in_time(project.id, async move { trees.fetch(&asked, revision).await }).await
    }

    async fn start_one(&self, schedule: Schedule, due: Due) -> Result<(), AskError> {
        if let Some(run) = self.still_under_way(schedule.id).await? {
            let fault = format!("{run}, which it started before, is not over yet");
            return Ok(self.not_started(&schedule, due, fault).await?);
        }
        let project = self.project(schedule.project).await?;
        let base = match self.fetched(&project, schedule.revision.clone()).await {
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

/// Those whose next time is later than their clock says at this instant.
fn late(view: &View<'_>, now: Millis) -> Result<Vec<Schedule>, StoreError> {
    let mut late = Vec::new();
    for schedule in view.schedules(None, u32::MAX)? {
        if soonest(view, &schedule, now)?.is_some() {
            late.push(schedule);
        }
    }
    Ok(late)
}

/// The next time by its clock, where that is sooner than what stands in its row.
fn soonest(view: &View<'_>, schedule: &Schedule, now: Millis) -> Result<Option<Millis>, StoreError> {
    if !schedule.could_be_sooner(now) {
        return Ok(None);
    }
    let last = view.firings(schedule.id, 1)?.first().map(|firing| firing.due);
    Ok(schedule.sooner(now, last))
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
