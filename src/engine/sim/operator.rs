//! The person in the simulation: asks what the plot says when its time has come, answers questions, and knows from the
//! audit log alone what was done already, since the engine may die in the middle of an answer.

use super::check::Witness;
use super::life::ada;
use super::plot::{Ask, Leader, Plot, When};
use super::world::SimWorld;
use crate::domain::{Actor, Question, QuestionState, Run, RunId, RunState, StepId, Terms};
use crate::engine::machine::Event;
use crate::engine::ports::World;
use crate::engine::{AskError, Engine, HandOver};
use crate::store::View;
use std::time::Duration;

/// How often a person with plans looks when nothing is committed.
const LOOK: Duration = Duration::from_secs(2);
/// How often a person without plans does.
const GLANCE: Duration = Duration::from_mins(1);
/// A run that takes longer than this in simulated milliseconds will never be over.
const LONGEST: i64 = 4 * 24 * 3600 * 1000;
/// How long after its end a run may still have containers and trees, in milliseconds; longer where calls slip.
const TIDY: i64 = 60_000;
/// Retention looks once an hour, and may be kept from its work some times.
const KEEP: i64 = 10 * 3_600_000;

/// Why the person stops.
pub(super) enum Over {
    /// The run is over, and nothing is left of it.
    Done,
    /// The engine does not answer any more.
    EngineDied,
}

/// One person at one engine.
pub(super) struct Operator<'s> {
    plot: &'s Plot,
    engine: &'s Engine<SimWorld>,
    run: RunId,
    /// Runs beside it, and the one of them that it follows.
    others: (&'s [RunId], Option<RunId>),
    witness: &'s mut Witness,
    /// The plans that are left, as far as the audit log says.
    plans: Option<Vec<(When, Ask)>>,
}

/// How many events of a kind the run has.
pub(super) fn events(view: &View<'_>, run: RunId, kind: &str) -> usize {
    let sql = "SELECT count(*) FROM audit WHERE run = ?1 AND kind = ?2";
    let mut statement = view.connection().prepare_cached(sql).unwrap();
    statement.query_row(rusqlite::params![run.0, kind], |row| row.get(0)).unwrap()
}

impl<'s> Operator<'s> {
    /// A person who watches one run.
    pub fn new(
        plot: &'s Plot,
        engine: &'s Engine<SimWorld>,
        run: RunId,
        others: (&'s [RunId], Option<RunId>),
        witness: &'s mut Witness,
    ) -> Self {
        Self { plot, engine, run, others, witness, plans: None }
    }

    /// Works until the run is over.
    pub async fn work(&mut self) -> Over {
        let mut commits = self.engine.commits();
        let clock = std::sync::Arc::clone(&self.engine.world.clock);
        let mut ended = None;
        // Whether the others have something unfinished, and whether anything was refused that must be tried again.
        let (mut others, mut again) = (true, true);
        loop {
            commits.mark_unchanged();
            let (run, news) = self.witness.look(&self.engine.store, &self.engine.world).await;
            let news = news || std::mem::take(&mut again);
            if news {
                others = match self.attend().await {
                    Ok(unfinished) => unfinished,
                    Err(AskError::Store(_)) => {
                        again = true;
                        true
                    }
                    Err(AskError::Down) => return Over::EngineDied,
                    Err(error) => panic!("{error}\n{}", self.story()),
                };
            }
            if run.state.is_final() && !others {
                let left = self.engine.world.leftovers();
                let kept = self.kept().await;
                if left.is_empty() && kept.is_empty() {
                    return Over::Done;
                }
                let ended = *ended.get_or_insert(clock.passed());
                let longest = if self.plot.slippery > 0 || !self.plot.slips.is_empty() { 5 * TIDY } else { TIDY };
                let longest = if left.is_empty() { KEEP } else { longest };
                assert!(clock.passed() - ended < longest, "left behind: {left:?} {kept:?}\n{}", self.story());
            }
            assert!(clock.passed() < LONGEST, "never over: {run:?}\n{}", self.story());
            match self.act(&run, news).await {
                Ok(()) => {}
                // When the disk is full, the person tries again.
                Err(AskError::Store(_)) => again = true,
                Err(AskError::Down) => return Over::EngineDied,
                Err(error) => {
                    assert!(self.plot.rash, "{error}: {run:?}\n{}", self.story());
                    if let Some(plans) = &mut self.plans
                        && !plans.is_empty()
                    {
                        plans.remove(0);
                    }
                    again = true;
                }
            }
            let planless = self.plans.as_ref().is_some_and(Vec::is_empty) && (others || !run.state.is_final());
            tokio::select! {
                _ = commits.changed() => {}
                () = tokio::time::sleep(if planless { GLANCE } else { GLANCE.min(LOOK * self.plot.pace) }) => {}
            }
        }
    }

    /// Logs and images that the policy of retention has not removed yet.
    async fn kept(&self) -> Vec<String> {
        let kept = self.engine.store.read(|view| {
            let logs = view.steps_to_close(StepId(0), 10)?.into_iter().chain(view.steps_with_log()?);
            let images = view.made_images()?.into_iter().map(|image| format!("{image:?}"));
            Ok(logs.map(|step| format!("the log of {}", step.key)).chain(images).collect())
        });
        kept.await.unwrap()
    }

    /// Does what is due, and what the run needs of a person where there is news of it.
    async fn act(&mut self, run: &Run, news: bool) -> Result<(), AskError> {
        if let Some(ask) = self.due(run).await {
            let by = ada();
            let after = match ask {
                Ask::Pause => self.engine.ask(run.id, Event::Pause { by }).await?,
                Ask::Resume => self.engine.ask(run.id, Event::Resume { by }).await?,
                Ask::HandOn(text) => {
                    let name = if self.plot.coding { "claude" } else { "command" };
                    // Who can work on a run is not known before it is prepared.
                    let agent = run.base.is_some().then(|| name.to_owned());
                    let terms = Terms { agent, iterations: Some(1), ..Terms::default() };
                    let event = Event::Redirect { by, text: text.to_owned(), criteria: None, terms };
                    self.engine.ask(run.id, event).await?
                }
                Ask::Redirect(text) => {
                    self.engine
                        .ask(
                            run.id,
                            Event::Redirect { by, text: text.to_owned(), criteria: None, terms: Terms::default() },
                        )
                        .await?
                }
                Ask::Cancel => {
                    self.engine.ask(run.id, Event::Cancel { by, reason: "not needed any more".to_owned() }).await?
                }
                Ask::Prioritise(priority) => self.engine.ask(run.id, Event::Prioritise { by, priority }).await?,
                Ask::Rollback(iteration) => self.engine.roll_back(run.id, iteration, by).await?,
                Ask::HandOver(iteration) => self.hand_over(run, iteration, by).await?,
            };
            self.witness.acknowledged(&after);
            self.plans = None;
            return Ok(());
        }
        if news && let Some(after) = self.settle(run).await? {
            self.witness.acknowledged(&after);
        }
        Ok(())
    }

    /// Does what the other runs need of a person; whether one of them is not over.
    async fn attend(&self) -> Result<bool, AskError> {
        let mut unfinished = false;
        for id in self.others.0 {
            let run = self.engine.load(*id).await?;
            unfinished |= !run.state.is_final();
            let doomed = self.plot.leader == Some(Leader::Cancelled) && self.others.1 == Some(*id);
            if doomed && !matches!(run.state, RunState::Queued | RunState::Cancelling) && !run.state.is_final() {
                self.engine.ask(*id, Event::Cancel { by: ada(), reason: "not wanted".to_owned() }).await?;
            } else {
                self.settle(&run).await?;
            }
        }
        Ok(unfinished)
    }

    /// Answers the question that a run waits for.
    async fn settle(&self, run: &Run) -> Result<Option<Run>, AskError> {
        if run.question.is_none() {
            return Ok(None);
        }
        let id = run.id;
        let questions = self.engine.store.read(move |view| view.questions_of(id)).await?;
        if let Some(open) = questions.iter().find(|one| one.state == QuestionState::Open) {
            if self.rather_waits(open) {
                return self.engine.await_day(open.id, ada()).await.map(Some);
            }
            let approve = self.answer(open, &questions);
            if approve {
                self.engine.world.disk.held().repairs += 1;
            }
            let reason = if approve { "" } else { "not like this" };
            return self
                .engine
                .answer(open.id, approve, (reason.to_owned(), open.sharing.clone()), ada())
                .await
                .map(Some);
        }
        Ok(None)
    }

    async fn hand_over(&self, run: &Run, iteration: u32, by: Actor) -> Result<Run, AskError> {
        let commit = self.engine.checkpoint(run.id, iteration).await?;
        let project = self.engine.project(run.project).await?;
        let (run, branch) = (run.clone(), format!("early-{iteration}"));
        self.engine.hand_over(HandOver { run: run.clone(), project, commit, branch, force: true, by }).await?;
        Ok(run)
    }

    /// What is to be asked now.
    async fn due(&mut self, run: &Run) -> Option<Ask> {
        if self.plans.is_none() {
            self.plans = Some(self.left().await);
        }
        let (when, ask) = *self.plans.as_ref()?.first()?;
        if run.state.is_final() {
            return None;
        }
        let world = &self.engine.world;
        let fits = match when {
            When::Runs(kind, iteration, seconds) => world
                .daemon
                .age(|key| key.run == run.id && key.kind == kind && key.iteration == iteration)
                .is_some_and(|age| age >= Duration::from_secs(seconds)),
            When::State(state, seconds) => run.state == state && world.now().since(run.updated) >= seconds * 1000,
            When::Down => world.daemon.is_down(),
            When::At(seconds) => world.clock.passed() >= seconds * 1000 * i64::from(self.plot.pace),
        };
        fits.then_some(ask)
    }

    /// What was not asked yet, by the events of the kind in the audit log.
    async fn left(&self) -> Vec<(When, Ask)> {
        let (id, asks) = (self.run, self.plot.asks.clone());
        let left = self.engine.store.read(move |view| {
            let asked = |at: usize, ask: &Ask| {
                let upto = asks[..=at].iter().filter(|(_, other)| other.kind() == ask.kind()).count();
                events(view, id, ask.kind()) >= upto
            };
            let left = asks.iter().enumerate().filter(|(at, (_, ask))| !asked(*at, ask));
            Ok(left.map(|(_, plan)| *plan).collect())
        });
        left.await.unwrap()
    }

    /// Whether the run is left to wait for the next day.
    fn rather_waits(&self, open: &Question) -> bool {
        let waited =
            || self.engine.store.read_sync(|view| Ok(events(view, open.run.unwrap(), "run.await_day"))).unwrap();
        open.may_wait() && waited() < self.plot.waits
    }

    fn answer(&self, open: &Question, all: &[Question]) -> bool {
        let before = all.iter().filter(|one| one.kind == open.kind && one.state == QuestionState::Answered).count();
        let mut answers = self.plot.answers.iter().filter(|(kind, _)| *kind == open.kind).map(|(_, approve)| *approve);
        let last = answers.clone().next_back().unwrap_or(true);
        answers.nth(before).unwrap_or(last)
    }

    /// What led here, for the report of a failure.
    fn story(&self) -> String {
        super::check::story(&self.engine.store, self.plot)
    }
}
