//! Test runs that people want by a clock: kept, told, paused and removed.

use super::Server;
use super::answer::not_found;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Firing, LATE, Millis, ProjectId, Schedule, ScheduleId, Timing, shortened};
use crate::engine::ports::World;
use crate::protocol::{Fault, FaultCode, FiringView, Reply, ScheduleAsk, ScheduleDetail, ScheduleView};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde_json::json;

/// Most that are kept.
const MOST: usize = 200;
/// Most suites of one, and the longest name of a suite or a revision in bytes.
const SUITES: usize = 50;
const NAME: usize = 200;
/// Most times in one answer.
const FIRINGS: u32 = 30;
/// Longest reason of a run in bytes.
const REASON: usize = 600;
/// Furthest ahead, in milliseconds.
const AHEAD: i64 = 366 * 24 * 3_600_000;

impl<S: Sandbox> Server<S> {
    pub(super) async fn about_schedules(&self, ask: ScheduleAsk, you: Actor) -> Result<Reply, Fault> {
        match ask {
            ScheduleAsk::List { project } => {
                let project = match project {
                    Some(project) => Some(self.find_project(&project).await?.id),
                    None => None,
                };
                let schedules = self.engine.store.read(move |view| listed(view, project)).await?;
                Ok(Reply::Schedules { schedules })
            }
            ScheduleAsk::One { schedule } => self.schedule(schedule).await,
            ScheduleAsk::Add { project, suites, revision, timing } => {
                self.add_schedule(project, (suites, revision), timing, you).await
            }
            ScheduleAsk::Pause { schedule } => self.pause_schedule(schedule, true, you).await,
            ScheduleAsk::Resume { schedule } => self.pause_schedule(schedule, false, you).await,
            ScheduleAsk::Remove { schedule } => {
                // What it was is the answer.
                let reply = self.schedule(schedule).await?;
                let removed = self.engine.store.write(move |tx| {
                    let Some(old) = tx.schedule(schedule)? else { return Ok(false) };
                    tx.remove_schedule(schedule)?;
                    let detail = json!({ "schedule": schedule });
                    tx.record(AuditEvent::new(you, "schedule.removed").project(old.project).detail(detail))?;
                    Ok(true)
                });
                if removed.await? { Ok(reply) } else { Err(not_found("task", schedule)) }
            }
        }
    }

    async fn schedule(&self, id: ScheduleId) -> Result<Reply, Fault> {
        let found = self.engine.store.read(move |view| detail_of(view, id)).await?;
        let detail = found.ok_or_else(|| not_found("task", id))?;
        Ok(Reply::Schedule { detail: Box::new(detail) })
    }

    async fn add_schedule(
        &self,
        project: String,
        (suites, revision): (Vec<String>, Option<String>),
        timing: Option<Timing>,
        by: Actor,
    ) -> Result<Reply, Fault> {
        let project = self.find_project(&project).await?;
        let now = self.engine.world.now();
        let timing = timing.unwrap_or(Timing::Once { at: now });
        fit(&suites, revision.as_deref(), &timing, now).map_err(refused)?;
        self.engine.can_test(&project, revision.clone(), &suites).await?;
        let next = match timing {
            // One whose instant has passed is due at once.
            Timing::Once { at } => Some(at),
            Timing::Cron { .. } => timing.after(now),
        };
        let (id, added) = (ScheduleId(0), Millis(0));
        let new = Schedule { id, project: project.id, suites, revision, timing, by, added, paused: false, next };
        let added = self.engine.store.write(move |tx| {
            if tx.schedules(None, u32::MAX)?.len() >= MOST {
                let message = format!("{MOST} tasks are kept, which is the most: remove those that are over");
                return Ok(Err(refused(message)));
            }
            let id = tx.insert_schedule(&new)?;
            let detail = json!({
                "schedule": id, "suites": new.suites, "revision": new.revision, "timing": new.timing, "next": new.next,
            });
            tx.record(AuditEvent::new(new.by, "schedule.added").project(new.project).detail(detail))?;
            Ok(Ok(id))
        });
        let id = added.await??;
        // Nobody waits for a look at the clock.
        self.engine.start_if_due(id).await?;
        self.schedule(id).await
    }

    async fn pause_schedule(&self, id: ScheduleId, pause: bool, you: Actor) -> Result<Reply, Fault> {
        let now = self.engine.world.now();
        let done = self.engine.store.write(move |tx| {
            let Some(old) = tx.schedule(id)? else { return Ok(Err(not_found("task", id))) };
            if old.paused == pause {
                let message = if pause { "is paused already" } else { "is not paused" };
                return Ok(Err(refused(format!("{id} {message}"))));
            }
            // What came by during the pause was not wanted.
            let next = if pause { None } else { old.timing.after(now) };
            if next.is_none() && (!pause || old.next.is_none()) {
                return Ok(Err(refused(format!("{id} has no time left that would come: add another"))));
            }
            tx.pause_schedule(id, pause, next)?;
            let kind = if pause { "schedule.paused" } else { "schedule.resumed" };
            let detail = json!({ "schedule": id, "next": next });
            tx.record(AuditEvent::new(you, kind).project(old.project).detail(detail))?;
            Ok(Ok(()))
        });
        done.await??;
        self.schedule(id).await
    }
}

fn refused(message: String) -> Fault {
    Fault { code: FaultCode::Refused, message }
}

fn fit(suites: &[String], revision: Option<&str>, timing: &Timing, now: Millis) -> Result<(), String> {
    if suites.len() > SUITES || suites.iter().any(|name| name.is_empty() || name.len() > NAME) {
        return Err(format!("at most {SUITES} suites can be named, each of 1 to {NAME} bytes"));
    }
    if revision.is_some_and(|revision| revision.is_empty() || revision.len() > NAME) {
        return Err(format!("a revision has 1 to {NAME} bytes"));
    }
    match timing {
        Timing::Once { at } if now.since(*at) > LATE => {
            Err(format!("{} has passed: leave --at away to run it now", at.rfc3339()))
        }
        Timing::Once { at } if at.since(now) > AHEAD => Err("that is more than a year ahead".to_owned()),
        timing => timing.check(now).map_err(|error| error.to_string()),
    }
}

/// All of a project, or of any.
fn listed(view: &View<'_>, project: Option<ProjectId>) -> Result<Vec<ScheduleView>, StoreError> {
    view.schedules(project, u32::MAX)?.into_iter().map(|schedule| view_of(view, schedule)).collect()
}

fn view_of(view: &View<'_>, schedule: Schedule) -> Result<ScheduleView, StoreError> {
    let project = view.project(schedule.project)?.map(|project| project.name).unwrap_or_default();
    let last = view.firings(schedule.id, 1)?.into_iter().next();
    let last = last.map(|firing| told(view, firing)).transpose()?;
    Ok(ScheduleView { schedule, project, last })
}

fn detail_of(view: &View<'_>, id: ScheduleId) -> Result<Option<ScheduleDetail>, StoreError> {
    let Some(schedule) = view.schedule(id)? else { return Ok(None) };
    let firings = view.firings(id, FIRINGS)?.into_iter().map(|firing| told(view, firing));
    let firings = firings.collect::<Result<_, StoreError>>()?;
    Ok(Some(ScheduleDetail { view: view_of(view, schedule)?, firings }))
}

/// What came of a time that one was due.
fn told(view: &View<'_>, firing: Firing) -> Result<FiringView, StoreError> {
    let run = firing.run.map(|run| view.run(run)).transpose()?.flatten();
    let tests = run.as_ref().map(|run| view.newest_tests(run.id, 1)).transpose()?;
    Ok(FiringView {
        firing,
        state: run.as_ref().map(|run| run.state),
        tests: tests.and_then(|tests| tests.last().copied()),
        reason: run.map(|run| shortened(&run.reason, REASON)).unwrap_or_default(),
    })
}
