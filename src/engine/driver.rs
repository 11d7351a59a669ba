//! Performs the work of a run until it rests. Every effect comes after the commit of its intent and before the commit of its
//! outcome, and is named by ids, so that dying anywhere and starting again comes to the same end.

mod allowance;
mod alone;
mod audit;
mod booking;
mod data;
mod deliver;
mod develop;
mod doubt;
mod gather;
mod judge;
mod ledger;
mod memory;
mod metering;
mod prepare;
mod remedy;
mod restored;
mod rows;
mod services;
mod shared;
mod standstill;
mod steer;
mod steps;
mod sweep;
mod tasks;
mod teach;
mod test;
mod turn;
mod way;

pub(super) use ledger::CommitFault;
use ledger::Place;
pub(crate) use restored::end_unfinished;
pub(super) use rows::step_event;
pub(super) use shared::{meant, part};
pub(super) use turn::no_models;

use super::Engine;
use super::crash::Crashed;
use super::machine::{self, Event, Refused, Work};
use super::ports::{TreeFault, Trees, World};
use super::schedules::narrowed;
use crate::config::{ChosenAgent, ProjectConfig};
use crate::domain::{Project, Reached, Remedy, Role, Run, RunId, RunState};
use crate::sandbox::SandboxError;
use crate::store::StoreError;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::sync::watch;

/// Why the driver stops in the middle of a piece of work.
#[derive(Debug)]
pub(super) enum Halt {
    /// Somebody changed the run: look again.
    Superseded,
    /// A crash point was hit: do nothing more.
    Crashed,
    /// Something outside failed: record it and try again.
    Trouble(String),
    /// Something outside is not as it must be, and no later try helps before a person has done something.
    Lasting(String),
    /// The step's container vanished.
    Lost {
        /// What is known.
        reason: String,
        /// A daemon restart explains it.
        explained: bool,
    },
    /// The iteration has no room under these caps of the project or of the day.
    Capped {
        /// The project's name.
        project: String,
        /// Which.
        reached: Vec<Reached>,
    },
    /// A person has stopped models: the run is left as it is.
    Stopped,
    /// The store refuses to write; nothing can be recorded until it does.
    Store(StoreError),
}

impl From<Crashed> for Halt {
    fn from(_: Crashed) -> Self {
        Self::Crashed
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TreeFault> for Halt {
    fn from(fault: TreeFault) -> Self {
        Self::Trouble(fault.0)
    }
}

impl From<SandboxError> for Halt {
    fn from(error: SandboxError) -> Self {
        Self::Trouble(error.to_string())
    }
}

/// What a piece of work needs to know of its run, read afresh each time.
#[derive(Clone)]
pub(super) struct Context {
    pub run: Run,
    pub project: Project,
    pub config: ProjectConfig,
    pub agent: ChosenAgent,
    /// What the agent of the present work is there for.
    pub role: Role,
    /// What a warning changed for the present turn.
    pub change: Option<Remedy>,
    pub base: String,
}

/// How long to wait before asking a store again that refused to write.
const STORE_PAUSE: Duration = Duration::from_secs(1);

impl<W: World> Engine<W> {
    /// Drives a run until it rests. `Err` only when a crash point was hit.
    pub(super) async fn drive(&self, id: RunId, mut interrupts: watch::Receiver<u64>) -> Result<(), Crashed> {
        let mut paused = false;
        let mut begun = None;
        loop {
            interrupts.mark_unchanged();
            let run = match self.load(id).await {
                Ok(run) => run,
                Err(error) => {
                    self.note(id, &format!("the store does not answer: {error}"));
                    tokio::time::sleep(STORE_PAUSE).await;
                    continue;
                }
            };
            let now = self.world.now();
            let work = machine::work(&run, now);
            // The scheduler begins again with what it has not begun with yet.
            if *begun.get_or_insert(run.version) != run.version && machine::rests(&run, now) {
                return Ok(());
            }
            let place = (run.state, run.iteration, run.attempt);
            if paused && work != Work::Freeze {
                // A pause gives the run's place to others, so the scheduler says when it goes on.
                return Ok(());
            }
            let halt = match work {
                // What a run that is over leaves behind is the scheduler's to remove.
                Work::Rest => return Ok(()),
                Work::Wait(until) => {
                    let pause = u64::try_from(until.since(self.world.now())).unwrap_or(0);
                    // At most a minute at a time, since the wall clock may be set.
                    let pause = Duration::from_millis(pause.clamp(1, 60_000));
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = interrupts.changed() => {}
                    }
                    continue;
                }
                Work::Freeze => {
                    paused = true;
                    let frozen = tokio::select! {
                        frozen = self.freeze_for_good(&run) => frozen,
                        _ = interrupts.changed() => continue,
                    };
                    match frozen {
                        Ok(()) => return Ok(()),
                        Err(Halt::Crashed) => return Err(Crashed),
                        Err(halt) => {
                            // A paused run takes no event for it, so the pause between two tries is made here.
                            self.note(id, &format!("cannot be frozen yet: {halt:?}"));
                            tokio::time::sleep(STORE_PAUSE).await;
                            continue;
                        }
                    }
                }
                work => {
                    let outcome = tokio::select! {
                        biased;
                        outcome = self.perform(run, work) => outcome,
                        _ = interrupts.changed() => Err(Halt::Superseded),
                    };
                    match outcome {
                        Ok(()) => continue,
                        Err(Halt::Stopped) => return Ok(()),
                        Err(halt) => halt,
                    }
                }
            };
            self.recover(id, place, halt).await?;
        }
    }

    async fn perform(&self, run: Run, work: Work) -> Result<(), Halt> {
        if work == Work::CleanUp {
            return self.clean_up(&run).await;
        }
        let context = self.context(run).await?;
        self.sweep(&context.run).await?;
        match work {
            Work::Prepare => self.prepare(&context).await,
            Work::Develop | Work::Audit => match self.model_stop(context.run.id).await? {
                Some(stop) if way::coding(&context).is_some() => self.hold_without_models(&context.run, &stop).await,
                _ if work == Work::Audit => self.audit(&context).await,
                _ => self.develop(&context).await,
            },
            Work::Test => self.test(&context).await,
            Work::Gather => self.gather(&context).await,
            Work::Analyse => self.analyse(&context).await,
            Work::Gate if context.run.only_tests().is_some() => self.conclude(&context).await,
            Work::Gate => self.gate(&context).await,
            Work::Deliver => self.deliver(&context).await,
            Work::Rest | Work::Wait(_) | Work::Freeze | Work::CleanUp => Ok(()),
        }
    }

    async fn context(&self, run: Run) -> Result<Context, Halt> {
        let project = self.project(run.project).await?;
        let base = run.base.clone().ok_or_else(|| Halt::Trouble("the run has no base commit".to_owned()))?;
        let mut config = self.world.trees().config(&project, &base).await?;
        config.limits = self.world.bound(config.limits);
        self.fits_runtime(&config).map_err(Halt::Trouble)?;
        let auditing = run.state == RunState::Reviewing;
        let role = if auditing { Role::Auditor } else { run.role };
        let (agent, change) = match run.only_tests() {
            Some(suites) => {
                config = narrowed(config, suites).map_err(Halt::Trouble)?;
                (ChosenAgent::nobody(), None)
            }
            None if auditing => (self.auditor_of(&run, &config).await?, None),
            None => self.choose_for(&run, &config).await?,
        };
        Ok(Context { run, project, config, agent, role, change, base })
    }

    /// Records why a piece of work stopped, so that the next look at the run finds the right work.
    async fn recover(&self, id: RunId, place: Place, halt: Halt) -> Result<(), Crashed> {
        let event = match halt {
            Halt::Superseded | Halt::Stopped => return Ok(()),
            Halt::Crashed => return Err(Crashed),
            Halt::Store(error) if passes(&error) => {
                self.note(id, &format!("nothing can be recorded: {error}"));
                tokio::time::sleep(STORE_PAUSE).await;
                return Ok(());
            }
            Halt::Store(error) => {
                let lasting = lasts(&error);
                Event::Trouble { reason: format!("this could not be recorded or read: {error}"), lasting }
            }
            Halt::Trouble(reason) => Event::Trouble { reason, lasting: false },
            Halt::Lasting(reason) => Event::Trouble { reason, lasting: true },
            Halt::Lost { reason, explained } => Event::StepLost { reason, explained },
            Halt::Capped { project, reached } => Event::Capped { project, reached },
        };
        let trouble = if let Event::Trouble { reason, .. } = &event { Some(reason.clone()) } else { None };
        match self.report(id, place, event).await {
            Ok(()) => {
                // The reason of a cancelled run stays the operator's, so what is in its way is said beside it.
                if let Some(trouble) = trouble.filter(|_| place.0 == RunState::Cancelling) {
                    self.note(id, &trouble);
                }
                Ok(())
            }
            Err(Halt::Superseded) => Ok(()),
            Err(Halt::Crashed) => Err(Crashed),
            Err(Halt::Store(error)) => {
                self.note(id, &format!("nothing can be recorded: {error}"));
                tokio::time::sleep(STORE_PAUSE).await;
                Ok(())
            }
            Err(halt) => {
                self.note(id, &format!("this cannot be recorded: {halt:?}"));
                tokio::time::sleep(STORE_PAUSE).await;
                Ok(())
            }
        }
    }

    /// Commits a driver's event about the work that it did from `place`. One that no longer fits means that an operator was
    /// faster; what befell the work of before must not count against the work of now.
    async fn report(&self, id: RunId, place: Place, event: Event) -> Result<(), Halt> {
        match self.commit(id, Some(place), event, |_| Ok(())).await {
            Ok(_) => Ok(()),
            Err(CommitFault::Refused(Refused::NotNow { .. }) | CommitFault::Moved) => Err(Halt::Superseded),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Progress in words that is worth showing but not worth keeping.
    pub(super) fn note(&self, run: RunId, text: &str) {
        tracing::info!(run = %run, "{text}");
        self.notes.set(run, text);
        self.announce();
    }
}

/// Whether a store that refused may take the same again later: full disks get room, but a row that breaks a rule stays so.
fn passes(error: &StoreError) -> bool {
    match error {
        StoreError::NotStored { .. } | StoreError::Closed | StoreError::ReadOnly => true,
        StoreError::Blob { source, .. } => matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded),
        _ => false,
    }
}

/// Whether no later try helps before a person has done something: a file is gone, damaged, or in the way.
fn lasts(error: &StoreError) -> bool {
    let StoreError::Blob { source, .. } = error else { return false };
    matches!(
        source.kind(),
        ErrorKind::InvalidData
            | ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
    )
}

/// Whether the run still is where the driver left it.
fn same_place(run: &Run, place: (RunState, u32, u32)) -> bool {
    (run.state, run.iteration, run.attempt) == place
}
