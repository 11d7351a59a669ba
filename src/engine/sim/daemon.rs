//! The played container engine. It survives the engine: programs run on in simulated time while nobody watches.

mod served;

use super::clock::SimClock;
use super::dice::Dice;
use super::disk::{Disk, name_of};
use super::plot::{Call, Fate, Plot, Slip};
use super::program::{Program, program};
use crate::domain::{ImageUsed, Millis, StepEnd, StepKey};
use crate::sandbox::{Abilities, Ended, Network, Presence, Profile, Said, Sandbox, SandboxError, StepSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a caller waits for an answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// When a late call takes effect, from when it was made.
const LATE: Duration = Duration::from_secs(14);
/// How long a restart of the container engine takes.
const RESTART: Duration = Duration::from_secs(5);
/// More calls than this in one simulation mean that something goes round and round.
const MOST_CALLS: u64 = 60_000;

#[derive(Debug, Clone)]
enum State {
    Created,
    Running { since: Instant },
    Frozen,
    Exited(StepEnd),
}

#[derive(Debug)]
struct Container {
    spec: StepSpec,
    state: State,
    program: Option<Program>,
    /// How long it had run when it was last frozen.
    ran: Duration,
    /// What its program was told while it worked, and when.
    heard: BTreeMap<u64, Millis>,
}

/// What the daemon knows.
#[derive(Debug, Default)]
pub(super) struct Kept {
    containers: BTreeMap<String, Container>,
    images: BTreeMap<String, String>,
    /// How often a container of each name was made.
    pub creations: BTreeMap<String, u32>,
    /// How often a program of each name was started.
    pub launches: BTreeMap<String, u32>,
    /// What each program was told while it worked, by the name of its container and the number of what it was told.
    pub told: BTreeMap<(String, u64), String>,
    /// Containers that the engine removed.
    removed: BTreeSet<String>,
    /// Names whose container somebody else removed.
    pub taken_away: Vec<String>,
    counts: BTreeMap<&'static str, u32>,
    made: u64,
    /// How often it was called.
    pub calls: u64,
    down_until: Option<Instant>,
    pulls: u32,
}

/// The container engine.
#[derive(Debug, Clone)]
pub(super) struct Daemon {
    kept: Arc<Mutex<Kept>>,
    plot: Arc<Plot>,
    disk: Arc<Disk>,
    clock: Arc<SimClock>,
    dice: Arc<Mutex<Dice>>,
    changed: watch::Sender<u64>,
}

fn unreachable(what: &str) -> SandboxError {
    SandboxError::Unreachable(format!("no answer to {what} in time"))
}

fn gone(what: &str, id: &str) -> SandboxError {
    SandboxError::Refused { what: what.to_owned(), reason: format!("no such container: {id}") }
}

impl Container {
    /// How long it has run, frozen time not counted.
    fn age(&self) -> Duration {
        match self.state {
            State::Running { since } => self.ran + since.elapsed(),
            _ => self.ran,
        }
    }

    /// At what age something happens to it by itself.
    fn term(&self) -> Option<Duration> {
        let program = self.program.as_ref()?;
        let limit = program.lasts.min(Duration::from_secs(self.spec.times.seconds));
        Some(program.fate.map_or(limit, |(at, _)| limit.min(at)))
    }
}

impl Daemon {
    /// A container engine without containers.
    pub fn new(plot: Arc<Plot>, disk: Arc<Disk>, clock: Arc<SimClock>) -> Self {
        let dice = Arc::new(Mutex::new(Dice::of(plot.seed, "calls")));
        Self { kept: Arc::default(), plot, disk, clock, dice, changed: watch::Sender::new(0) }
    }

    /// What it knows, with everything that has happened by now.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap();
        self.settle(&mut kept);
        kept
    }

    /// Names of the containers that exist.
    pub fn names(&self) -> Vec<String> {
        self.kept().containers.values().map(|one| one.spec.key.to_string()).collect()
    }

    /// The machine loses power and is started again: nothing runs any more, and what was made a moment ago may be gone.
    pub fn lose_power(&self) {
        let mut kept = self.kept();
        kept.down_until = Some(Instant::now() + RESTART);
        let mut dice = self.dice.lock().unwrap();
        let lost: Vec<_> = kept
            .containers
            .iter()
            .filter(|(_, one)| matches!(one.state, State::Created) && dice.percent(30))
            .map(|(id, one)| (id.clone(), one.spec.key.to_string()))
            .collect();
        for (id, name) in lost {
            kept.containers.remove(&id);
            kept.taken_away.push(name);
        }
        for one in kept.containers.values_mut() {
            if matches!(one.state, State::Running { .. } | State::Frozen) {
                let reason = "the machine was started anew".to_owned();
                one.state = State::Exited(StepEnd::Lost { reason, explained: true });
            }
        }
        self.stir();
    }

    /// Whether it refuses to answer.
    pub fn is_down(&self) -> bool {
        self.kept().down_until.is_some_and(|until| until > Instant::now())
    }

    /// How long the container of a step has run, if it is running.
    pub fn age(&self, fits: impl Fn(&StepKey) -> bool) -> Option<Duration> {
        let kept = self.kept();
        let found =
            kept.containers.values().find(|one| matches!(one.state, State::Running { .. }) && fits(&one.spec.key));
        found.map(Container::age)
    }

    /// Lets everything happen that is due.
    fn settle(&self, kept: &mut Kept) {
        let due: Vec<String> = kept
            .containers
            .iter()
            .filter(|(_, one)| {
                matches!(one.state, State::Running { .. }) && one.term().is_some_and(|term| one.age() >= term)
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.happen(kept, &id);
        }
    }

    fn happen(&self, kept: &mut Kept, id: &str) {
        let Some(one) = kept.containers.get_mut(id) else { return };
        let Some(program) = one.program.clone() else { return };
        if !matches!(one.state, State::Running { .. }) {
            return;
        }
        let age = one.age();
        match program.fate.filter(|(at, _)| age >= *at && *at < program.lasts) {
            Some((_, Fate::Removed)) => {
                let gone = kept.containers.remove(id).unwrap();
                kept.taken_away.push(gone.spec.key.to_string());
            }
            Some((_, Fate::OutOfMemory)) => {
                one.state = State::Exited(StepEnd::Signalled { signal: 9, oom: Some(true) });
            }
            Some((_, Fate::Dropped)) => {
                let reason = "the container engine does not say how it ended".to_owned();
                one.state = State::Exited(StepEnd::Lost { reason, explained: true });
            }
            Some((_, Fate::Restart)) => {
                kept.down_until = Some(Instant::now() + RESTART);
                for one in kept.containers.values_mut() {
                    if matches!(one.state, State::Running { .. } | State::Frozen) {
                        let reason = "the service was stopped and took the container down".to_owned();
                        one.state = State::Exited(StepEnd::Lost { reason, explained: true });
                    }
                }
            }
            None => {
                let limit = one.spec.times.seconds;
                let end = if age >= Duration::from_secs(limit) {
                    StepEnd::TimedOut { seconds: limit }
                } else {
                    program.end.clone()
                };
                self.finish(one, &program, end);
            }
        }
        self.stir();
    }

    /// The program ends: its output and its tree are there.
    fn finish(&self, one: &mut Container, program: &Program, end: StepEnd) {
        one.ran = one.age();
        one.state = State::Exited(end);
        let mut held = self.disk.held();
        held.logs.insert(one.spec.log.clone(), program.output.clone().into_bytes());
        // A tree that was taken away meanwhile stays away.
        if let Some(dir) = &one.spec.tree
            && let Some(tree) = held.dirs.get_mut(dir)
        {
            tree.clone_from(&program.tree);
            // The shim sees to that before it tells the end.
            held.unsynced.remove(dir);
        }
    }

    fn stir(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// One call: takes its time, may slip. `act` is what it does.
    async fn call<T: Send + 'static>(
        &self,
        call: Call,
        name: &'static str,
        act: impl FnOnce(&Self, &mut Kept) -> Result<T, SandboxError> + Send + 'static,
    ) -> Result<T, SandboxError> {
        let slip = {
            let mut kept = self.kept();
            kept.calls += 1;
            assert!(kept.calls < MOST_CALLS, "the engine calls round and round: {name}");
            let count = kept.counts.entry(name).or_default();
            *count += 1;
            let count = *count;
            let planned =
                self.plot.slips.iter().find(|(which, nth, _)| *which == call && *nth == count).map(|found| found.2);
            let mut dice = self.dice.lock().unwrap();
            let chance = dice.percent(self.plot.slippery);
            planned.or_else(|| chance.then(|| dice.pick(&[Slip::Hung, Slip::LostReply, Slip::Late])))
        };
        tokio::time::sleep(Duration::from_millis(3)).await;
        match slip {
            None => {
                let mut kept = self.kept();
                if kept.down_until.is_some_and(|until| until > Instant::now()) {
                    return Err(SandboxError::Unreachable("connection refused".to_owned()));
                }
                let done = act(self, &mut kept);
                self.stir();
                done
            }
            Some(Slip::Hung) => {
                tokio::time::sleep(DEADLINE).await;
                Err(unreachable(name))
            }
            Some(Slip::LostReply) => {
                // The request is on its way whether or not its caller lives.
                drop(act(self, &mut self.kept()));
                self.stir();
                tokio::time::sleep(DEADLINE).await;
                Err(unreachable(name))
            }
            Some(Slip::Late) => {
                let this = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(LATE).await;
                    drop(act(&this, &mut this.kept()));
                    this.stir();
                });
                tokio::time::sleep(DEADLINE).await;
                Err(unreachable(name))
            }
        }
    }

    fn make(&self, kept: &mut Kept, spec: StepSpec) -> String {
        let name = spec.key.to_string();
        if let Some((id, _)) = kept.containers.iter().find(|(_, one)| one.spec.key == spec.key) {
            return id.clone();
        }
        kept.made += 1;
        let id = name_of(&[name.as_bytes(), &kept.made.to_le_bytes()]);
        *kept.creations.entry(name).or_default() += 1;
        self.disk.held().dirs.entry(spec.dir.clone()).or_default();
        let ran = Duration::ZERO;
        kept.containers
            .insert(id.clone(), Container { spec, state: State::Created, program: None, ran, heard: BTreeMap::new() });
        id
    }

    fn launch(&self, kept: &mut Kept, id: &str) -> Result<(), SandboxError> {
        let runs = |one: &Container| matches!(one.state, State::Running { .. } | State::Frozen);
        let joinable: Vec<String> =
            kept.containers.iter().filter(|(_, one)| runs(one)).map(|(id, _)| id.clone()).collect();
        let one = kept.containers.get_mut(id).ok_or_else(|| gone("start", id))?;
        if !matches!(one.state, State::Created) {
            return Ok(());
        }
        if let Network::Of(holder) = &one.spec.network
            && !joinable.contains(holder)
        {
            let reason = format!("cannot join the network of a container that does not run: {holder}");
            return Err(SandboxError::Refused { what: "start".to_owned(), reason });
        }
        let mut held = self.disk.held();
        let mut none = BTreeMap::new();
        let tree = match &one.spec.tree {
            None => Some(&mut none),
            Some(dir) => held.dirs.get_mut(dir),
        };
        let Some(tree) = tree else { return Err(SandboxError::Local("the mount source is missing".to_owned())) };
        one.program = Some(program(&self.plot, &one.spec, tree, self.clock.wall()));
        // Work that was begun shows: whoever repeats a step must begin from a clean tree.
        if one.spec.profile == Profile::Agent {
            tree.insert("half-done.tmp".to_owned(), one.spec.key.to_string().into_bytes());
        }
        one.state = State::Running { since: Instant::now() };
        *kept.launches.entry(one.spec.key.to_string()).or_default() += 1;
        Ok(())
    }
}
