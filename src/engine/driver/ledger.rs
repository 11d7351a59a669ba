//! Everything the driver writes to the store; beside it, what it reads there. A transition, the rows beside it and its audit event are one
//! transaction.

mod flaky;
mod read;

pub(super) use self::read::StoredMaterial;

use self::flaky::note_flaky;
use super::allowance::reserve;
use super::booking;
use super::gather::Gathered;
use super::memory::Learned;
use super::rows::{audit_event, step_event, write_rows};
use super::shared::answer_others;
use super::{Context, Engine, Halt, same_place};
use crate::audit::AuditEvent;
use crate::domain::{
    Actor, GateResult, GuidanceState, Offer, ProposalId, Run, RunId, RunState, Step, StepKey, StepKind, StepState,
};
use crate::engine::crash::Crashed;
use crate::engine::machine::{self, Event, Refused, Write};
use crate::engine::ports::World;
use crate::engine::proposals::delivered;
use crate::sandbox::Ended;
use crate::store::{BlobOrigin, ImageState, StoreError, Tx};
use crate::watchdog::{Round, Verdict};
use serde_json::json;
use std::sync::atomic::Ordering;

/// State, iteration and attempt: where the driver believes the run to be.
pub(super) type Place = (RunState, u32, u32);

/// Why a transition was not committed.
#[derive(Debug)]
pub enum CommitFault {
    /// The machine refuses the event.
    Refused(Refused),
    /// The run has moved on.
    Moved,
    /// The store failed.
    Store(StoreError),
    /// A crash point was hit.
    Crashed,
}

impl From<CommitFault> for Halt {
    fn from(fault: CommitFault) -> Self {
        match fault {
            // The driver's own events fit the state it read; if one does not, somebody else was faster.
            CommitFault::Refused(_) | CommitFault::Moved => Self::Superseded,
            CommitFault::Store(error) => Self::Store(error),
            CommitFault::Crashed => Self::Crashed,
        }
    }
}

impl From<Crashed> for CommitFault {
    fn from(_: Crashed) -> Self {
        Self::Crashed
    }
}

/// The result of a job that may find the run elsewhere.
enum Job<T> {
    Done(T),
    Refused(Refused),
    Moved,
}

/// What a blob is called that holds a turn's prompt.
const PROMPT: &str = "prompt";

/// What a blob is called that says who audits: whoever a configuration names by then, the turn is read as theirs.
const AUDITOR: &str = "auditor";

/// What a blob is called that holds a picture of a page.
const PICTURE: &str = "screenshot";

/// What an agent is given to read.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    /// The whole text.
    pub text: String,
    /// The number of the last guidance that it quotes; 0 where there is none.
    pub quotes: u32,
    /// The repairs of other bugs that it quotes.
    pub offers: Vec<Offer>,
    /// Proposals of which it tells what became of them.
    pub tells: Vec<ProposalId>,
}

fn missing(what: &'static str, id: &impl ToString) -> StoreError {
    StoreError::Missing { what, id: id.to_string() }
}

impl<W: World> Engine<W> {
    /// Applies an event in one transaction with its rows and its audit event. `place` guards events of the driver.
    pub(in crate::engine) async fn commit(
        &self,
        id: RunId,
        place: Option<Place>,
        event: Event,
        also: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Run, CommitFault> {
        let name = event.name();
        self.crash.at(format!("commit.{name}.before"))?;
        let job = self
            .store
            .write(move |tx| {
                let run = tx.run(id)?.ok_or_else(|| missing("run", &id))?;
                if place.is_some_and(|place| !same_place(&run, place)) {
                    return Ok(Job::Moved);
                }
                let event = informed(tx, id, event)?;
                let after = match apply(tx, run, &event, false, also)? {
                    Ok(after) => after,
                    Err(refused) => return Ok(Job::Refused(refused)),
                };
                if let Event::Answer { question, .. } = &event {
                    answer_others(tx, id, *question, &event)?;
                }
                Ok(Job::Done(after))
            })
            .await
            .map_err(CommitFault::Store)?;
        match job {
            Job::Done(run) => {
                // What was said of the work before is no longer true.
                self.notes.clear(id);
                self.crash.at(format!("commit.{name}.after"))?;
                self.announce();
                Ok(run)
            }
            Job::Refused(refused) => Err(CommitFault::Refused(refused)),
            Job::Moved => Err(CommitFault::Moved),
        }
    }

    /// Commits the driver's event for the run as it was read.
    pub(super) async fn advance(&self, context: &Context, event: Event) -> Result<(), Halt> {
        self.commit(context.run.id, Some(place(&context.run)), event, |_| Ok(())).await?;
        Ok(())
    }

    /// Commits the evidence of an iteration with the event that ends the gathering.
    pub(super) async fn gathered(&self, context: &Context, event: Event, gathered: Gathered) -> Result<(), Halt> {
        let (id, project, iteration) = (context.run.id, context.project.id, context.run.iteration);
        let again = context.run.rerun.as_ref().map(|rerun| rerun.suites.clone()).unwrap_or_default();
        let also = move |tx: &Tx<'_>| {
            let Gathered { outcomes, findings, pictures, opposed } = gathered;
            for outcome in &outcomes {
                tx.put_suite(id, iteration, outcome)?;
                let times = if again.contains(&outcome.suite) { 2 } else { 1 };
                let opposed = opposed.get(&outcome.suite);
                note_flaky(tx, project, (id, iteration), outcome, opposed, times)?;
            }
            for (step, picture) in &pictures {
                let origin = BlobOrigin { kind: PICTURE.to_owned(), run: Some(id), step: Some(*step) };
                tx.put_blob(picture, &origin)?;
            }
            tx.clear_findings(id, iteration)?;
            for finding in &findings {
                let bug = tx.join_bug(id, finding)?;
                tx.insert_finding(id, iteration, Some(bug), finding)?;
            }
            Ok(())
        };
        self.commit(id, Some(place(&context.run)), event, also).await?;
        Ok(())
    }

    /// Commits the gates' results, and what the watchdog says, with the event that ends the iteration.
    pub(super) async fn gated(
        &self,
        context: &Context,
        event: Event,
        results: Vec<GateResult>,
        watched: (Round, Verdict),
        learned: Learned,
    ) -> Result<(), Halt> {
        let (id, iteration) = (context.run.id, context.run.iteration);
        let also = move |tx: &Tx<'_>| {
            tx.put_watched(id, iteration, &watched.0, &watched.1)?;
            learned.keep(tx, id, iteration)?;
            results.iter().try_for_each(|result| tx.put_gate_result(id, iteration, result))
        };
        self.commit(id, Some(place(&context.run)), event, also).await?;
        Ok(())
    }

    /// Commits the intent of a step. A turn's prompt is kept with it as a blob with its provenance, and the guidance that it
    /// quotes counts as applied from here on. What a turn's iteration may use is reserved with it, or else nothing is begun.
    pub(super) async fn record_intent(
        &self,
        context: &Context,
        key: &StepKey,
        prompt: Option<&Prompt>,
    ) -> Result<(), Halt> {
        let (run, project) = (context.run.id, context.project.clone());
        let name = project.name.clone();
        // What an agent's turn may use of models is reserved with it.
        let allowances =
            matches!(key.kind, StepKind::Develop | StepKind::Audit).then(|| self.world.allowances().clone());
        let (key, prompt) = (key.clone(), prompt.cloned());
        let change = context.change.clone().filter(|_| key.kind == StepKind::Develop);
        let auditor = (key.kind == StepKind::Audit)
            .then(|| json!({ "agent": context.agent.name, "model": context.agent.model() }));
        let delivers = prompt.as_ref().is_some_and(|prompt| !prompt.tells.is_empty());
        let intent = self.guarded(run, place(&context.run), move |tx| {
            let mut detail = json!({});
            if let Some(allowances) = allowances {
                // What is open now was asked in turns before: this one has not begun.
                let mut before = tx.run(run)?.ok_or_else(|| missing("run", &run))?;
                booking::book(tx, &mut before)?;
                let reservation = match reserve(tx, &allowances, &project, &key)? {
                    Ok(reservation) => reservation,
                    Err(reached) => return Ok(reached),
                };
                detail = json!({ "reserved": reservation.held, "day": reservation.day });
            }
            let step = tx.insert_step(&key)?.id;
            if let Some(auditor) = auditor {
                let origin = BlobOrigin { kind: AUDITOR.to_owned(), run: Some(run), step: Some(step) };
                tx.put_blob(auditor.to_string().as_bytes(), &origin)?;
                if let Some(object) = detail.as_object_mut() {
                    object.insert("auditor".to_owned(), auditor);
                }
            }
            if let Some(change) = change {
                tx.put_changed_turn(run, key.iteration, &change)?;
                if let Some(object) = detail.as_object_mut() {
                    object.insert("changed".to_owned(), json!(change));
                }
            }
            if let Some(Prompt { text, quotes, tells, offers }) = prompt {
                let origin = BlobOrigin { kind: PROMPT.to_owned(), run: Some(run), step: Some(step) };
                let name = tx.put_blob(text.as_bytes(), &origin)?;
                tx.apply_guidance(run, quotes, key.iteration)?;
                tx.proposals_told(&tells, key.iteration)?;
                tx.insert_offers(run, key.iteration, &offers)?;
                if let Some(object) = detail.as_object_mut() {
                    object.insert("prompt".to_owned(), json!(name.to_string()));
                }
            }
            tx.record(step_event(&key, "intended", detail))?;
            Ok(Vec::new())
        });
        let reached = delivered(&self.crash, delivers, intent).await?;
        if reached.is_empty() { Ok(()) } else { Err(Halt::Capped { project: name, reached }) }
    }

    pub(super) async fn record_created(
        &self,
        run: RunId,
        place: Place,
        key: &StepKey,
        container: &str,
    ) -> Result<(), Halt> {
        let (key, container) = (key.clone(), container.to_owned());
        self.guarded(run, place, move |tx| {
            let step = tx.step(&key)?.ok_or_else(|| missing("step", &key))?;
            tx.set_step_state(step.id, &StepState::Created { container: container.clone() })?;
            tx.record(step_event(&key, "created", json!({ "container": container })))?;
            Ok(())
        })
        .await
    }

    /// Commits how far the making of an image has come.
    pub(super) async fn record_image(&self, run: &Run, tag: &str, image: Option<&str>) -> Result<(), StoreError> {
        let (tag, image, engine, run) = (tag.to_owned(), image.map(str::to_owned), run.engine.clone(), run.id);
        let (state, kind) = match image {
            None => (ImageState::Intended, "image.intended"),
            Some(_) => (ImageState::Made, "image.ready"),
        };
        self.store
            .write(move |tx| {
                tx.put_image(&tag, &engine, image.as_deref(), state)?;
                let detail = json!({ "tag": tag, "image": image });
                tx.record(AuditEvent::new(Actor::Engine, kind).run(run).detail(detail))
            })
            .await?;
        Ok(())
    }

    /// Commits the end of a step. What ended stays as it was recorded first.
    pub(super) async fn record_ended(&self, key: &StepKey, ended: &Ended) -> Result<Step, Halt> {
        let (key, ended) = (key.clone(), ended.clone());
        let step = self
            .store
            .write(move |tx| {
                let step = tx.step(&key)?.ok_or_else(|| missing("step", &key))?;
                if matches!(step.state, StepState::Ended { .. }) {
                    return Ok(step);
                }
                let Ended { end, log_digest, intrusions } = ended;
                let mut detail = json!({ "end": end, "log": log_digest, "intrusions": intrusions });
                if key.kind == StepKind::Develop {
                    let lost = tx.lose_sight_of_guidance(key.run)?;
                    if let Some(object) = detail.as_object_mut().filter(|_| !lost.is_empty()) {
                        object.insert("guidance_unknown".to_owned(), json!(lost));
                    }
                }
                tx.set_step_state(step.id, &StepState::Ended { end, log_digest, intrusions })?;
                tx.record(step_event(&key, "ended", detail))?;
                tx.step(&key)?.ok_or_else(|| missing("step", &key))
            })
            .await?;
        self.unclosed.store(true, Ordering::Release);
        self.announce();
        Ok(step)
    }

    /// A write that counts only while the run is where the driver left it.
    async fn guarded<T: Send + 'static>(
        &self,
        run: RunId,
        place: Place,
        job: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Halt> {
        let done = self
            .store
            .write(move |tx| {
                let now = tx.run(run)?.ok_or_else(|| missing("run", &run))?;
                if !same_place(&now, place) {
                    return Ok(None);
                }
                job(tx).map(Some)
            })
            .await?;
        let done = done.ok_or(Halt::Superseded)?;
        self.announce();
        Ok(done)
    }
}

/// Applies an event to a run: its new values, the rows beside them and its audit event. Whose question was `answered` by another run's
/// event does not answer it again.
pub(super) fn apply(
    tx: &Tx<'_>,
    mut run: Run,
    event: &Event,
    answered: bool,
    also: impl FnOnce(&Tx<'_>) -> Result<(), StoreError>,
) -> Result<Result<Run, Refused>, StoreError> {
    let mut step = machine::step(&run, event, tx.now());
    if step.as_ref().is_ok_and(|next| booking::leaves(&next.writes)) && booking::book(tx, &mut run)? {
        // With what the turn took after all, a cap may be reached.
        step = machine::step(&run, event, tx.now());
    }
    let mut next = match step {
        Ok(next) => next,
        Err(refused) => return Ok(Err(refused)),
    };
    next.writes.retain(|write| !(answered && matches!(write, Write::RecordAnswer { .. })));
    let mut after = next.run;
    write_rows(tx, &run, &mut after, &next.writes)?;
    also(tx)?;
    let after = tx.update_run(&after)?;
    if after.state.is_final() {
        // Nobody needs the answers any more.
        tx.withdraw_asked_beside(run.id)?;
        tx.stop_tasks(run.id, None)?;
    }
    tx.record(audit_event(&run, &after, event))?;
    Ok(Ok(after))
}

/// Fills in what only the transaction of an event can know.
fn informed(tx: &Tx<'_>, run: RunId, event: Event) -> Result<Event, StoreError> {
    let guided = || Ok::<_, StoreError>(tx.guidance(run)?.iter().any(|one| one.state == GuidanceState::Accepted));
    Ok(match event {
        Event::Gated { judgement, evidence, standstill, headline, .. } => {
            Event::Gated { judgement, evidence, guided: guided()?, standstill, headline }
        }
        Event::Audited { report, audit, milliseconds, .. } => {
            Event::Audited { report, audit, milliseconds, guided: guided()? }
        }
        event => event,
    })
}

fn place(run: &Run) -> Place {
    (run.state, run.iteration, run.attempt)
}
