//! A played asset with the receipts of the real one: a place by the name of the execution that only one can take, be it who starts or
//! who asks; an exit code once it is over; all of it gone where the asset loses it. The gate on the way there is played with it, down to the
//! points at which it, or the engine with it, dies.

use crate::domain::{AssetFacts, Command, ExecutionId, ExecutionOutcome, Program};
use crate::engine::crash::CrashPoints;
use crate::engine::proposals::{Fleet, Order, Piece};
use crate::store::{StoreError, View};
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// What a command ends with that was told to.
pub(super) const TERMINATED: i32 = 143;
/// How long a slow command runs, in seconds.
const SLOW: u64 = 3600;

/// The gate ended before it answered.
struct Gone;

impl Gone {
    fn words() -> String {
        "the gate ended before it answered".to_owned()
    }
}

/// What a command does to the asset; its last word says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Usual,
    /// It takes an hour.
    Slow,
    /// The asset is started anew by it and knows nothing of it afterwards.
    Forgetful,
}

impl Behaviour {
    fn of(command: &Command) -> Self {
        let Program::Argv { words } = &command.program else { return Self::Usual };
        match words.last().map(Vec::as_slice) {
            Some(b"slow" | b"long") => Self::Slow,
            Some(b"forgotten") => Self::Forgetful,
            _ => Self::Usual,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Receipt {
    /// Taken by who asked: what comes late runs nothing.
    Fenced,
    /// It runs until this moment.
    Until(Instant, i32),
}

/// What the asset does, beside what it is told.
#[derive(Debug, Default)]
struct State {
    receipts: BTreeMap<ExecutionId, Receipt>,
    /// How often each has had an effect. This is what must never be two.
    effects: BTreeMap<ExecutionId, u32>,
    /// Orders that left and have not come yet.
    under_way: Vec<(ExecutionId, Option<String>)>,
    boot: u32,
    unreachable: bool,
    /// Whether the engine of this life has a gate.
    gate: bool,
}

pub(in crate::engine::proposals) struct Target {
    state: Mutex<State>,
    facts: Mutex<AssetFacts>,
    dice: Mutex<StdRng>,
    /// Where the life that is on dies.
    crash: Mutex<CrashPoints>,
    /// Executions that take their time.
    slow: Mutex<BTreeSet<ExecutionId>>,
    died: Notify,
    /// Nothing is lost or late, and it answers at once.
    pub calm: bool,
    /// So often whoever looks at it dies of it.
    pub haunted: AtomicU32,
}

impl Target {
    pub fn new(seed: u64, facts: AssetFacts) -> Self {
        let dice = Mutex::new(StdRng::seed_from_u64(seed));
        let (state, facts) = (Mutex::default(), Mutex::new(facts));
        let (crash, slow, died) = (Mutex::default(), Mutex::default(), Notify::new());
        Self { state, facts, dice, crash, slow, died, calm: seed == 0, haunted: AtomicU32::new(0) }
    }

    /// A life of an engine begins, which has no gate yet.
    pub fn live(&self, crash: CrashPoints) {
        *self.crash.lock().unwrap_or_else(PoisonError::into_inner) = crash;
        self.state().gate = false;
    }

    /// The engine dies where its way to the asset reaches the point that it is to die at.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// Reaches a point. On the line it is the gate alone that dies every other time, which the engine hears of; else the engine dies, and
    /// whatever waits for it is never heard again.
    async fn at(&self, point: &str) -> Result<(), Gone> {
        let crash = self.crash.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if crash.at(point).is_ok() {
            return Ok(());
        }
        if point.starts_with("line.") && !self.calm && self.below(2) == 0 {
            self.state().gate = false;
            return Err(Gone);
        }
        self.died.notify_one();
        std::future::pending().await
    }

    /// An order goes to the gate, which is started where there is none.
    async fn give(&self, point: &str) -> Result<(), Gone> {
        if !self.state().gate {
            self.at("gate.start.before").await?;
            self.state().gate = true;
            self.at("gate.start.after").await?;
        }
        self.at(point).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn below(&self, most: u32) -> u32 {
        if self.calm {
            most - 1
        } else {
            self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..most)
        }
    }

    pub fn effects(&self, id: &ExecutionId) -> u32 {
        self.state().effects.get(id).copied().unwrap_or_default()
    }

    pub fn most_effects(&self) -> u32 {
        self.state().effects.values().copied().max().unwrap_or_default()
    }

    /// It is started anew. `loses` what it remembered, too.
    pub fn reboot(&self, loses: bool) {
        let mut state = self.state();
        state.boot += 1;
        let now = Instant::now();
        if loses {
            state.receipts.clear();
        } else {
            // What ran has ended without writing how.
            state.receipts.retain(|_, receipt| !matches!(receipt, Receipt::Until(end, _) if *end > now));
        }
    }

    pub fn reach(&self, reachable: bool) {
        self.state().unreachable = !reachable;
    }

    /// What was late comes now. It meets the fence where somebody asked meanwhile.
    pub fn deliver_late(&self) {
        let late = std::mem::take(&mut self.state().under_way);
        for (id, boot) in late {
            self.arrive(&id, boot.as_deref());
        }
    }

    /// The wrapper on the asset: takes the place, or runs nothing; nothing either in another boot than the one that it was meant for.
    fn arrive(&self, id: &ExecutionId, boot: Option<&str>) -> bool {
        let lasts = u64::from(self.below(90));
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
        let code = i32::from(self.below(4) == 0);
        let mut state = self.state();
        if state.receipts.contains_key(id) || boot != Some(&boot_of(&state)) {
            return false;
        }
        *state.effects.entry(id.clone()).or_default() += 1;
        let end = Instant::now()
            + Duration::from_secs(if slow {
                SLOW
            } else if self.calm {
                1
            } else {
                lasts
            });
        state.receipts.insert(id.clone(), Receipt::Until(end, code));
        true
    }

    fn read(&self, id: &ExecutionId) -> Option<ExecutionOutcome> {
        Some(match self.state().receipts.get(id)? {
            Receipt::Fenced => ExecutionOutcome::NotRun { why: "the fence holds its place".to_owned() },
            Receipt::Until(end, code) if *end <= Instant::now() => ExecutionOutcome::Ran { code: *code },
            Receipt::Until(..) => ExecutionOutcome::StillRunning,
        })
    }
}

fn boot_of(state: &State) -> String {
    format!("boot-{}", state.boot)
}

impl Fleet for Target {
    fn asset(&self, _: &View<'_>, name: &str) -> Result<Option<AssetFacts>, StoreError> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Some(facts).filter(|facts| facts.name == name))
    }

    fn ready<'f>(&'f self, _: &'f Order) -> BoxFuture<'f, Result<String, String>> {
        Box::pin(async {
            self.give("gate.look.given").await.map_err(|Gone| Gone::words())?;
            let haunted = self.haunted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            assert!(haunted.is_err(), "haunted");
            tokio::time::sleep(Duration::from_millis(20)).await;
            let state = self.state();
            if state.unreachable { Err("no answer".to_owned()) } else { Ok(boot_of(&state)) }
        })
    }

    fn dispatch(&self, order: Order, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, ExecutionOutcome> {
        Box::pin(async move {
            let told = self.carry(order, pieces).await;
            told.unwrap_or_else(|Gone| ExecutionOutcome::Unknown { why: Gone::words() })
        })
    }

    fn stop(&self, order: Order) -> BoxFuture<'_, Result<ExecutionOutcome, String>> {
        Box::pin(async move { self.ended(order).await.map_err(|Gone| Gone::words())? })
    }

    fn probe(&self, order: Order, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, Result<ExecutionOutcome, String>> {
        Box::pin(async move { self.asked(order, pieces).await.map_err(|Gone| Gone::words())? })
    }
}

impl Target {
    async fn carry(&self, order: Order, pieces: mpsc::Sender<Piece>) -> Result<ExecutionOutcome, Gone> {
        let (id, boot) = (order.execution, order.boot);
        let unknown = |why: &str| Ok(ExecutionOutcome::Unknown { why: why.to_owned() });
        let behaves = Behaviour::of(&order.proposed.command);
        if behaves == Behaviour::Slow {
            self.slow.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        }
        self.give("gate.dispatch.given").await?;
        self.at("line.run.connecting").await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.at("line.run.connected").await?;
        self.state().under_way.push((id.clone(), boot.clone()));
        self.at("line.run.called").await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        match self.below(10) {
            0 => return unknown("the connection broke, and it may come late"),
            1 => {
                self.state().under_way.retain(|(one, _)| *one != id);
                return unknown("the connection broke");
            }
            _ => {}
        }
        let ours = {
            self.state().under_way.retain(|(one, _)| *one != id);
            self.arrive(&id, boot.as_deref())
        };
        if !ours {
            return self.read(&id).map_or_else(|| unknown("no receipt"), Ok);
        }
        if behaves == Behaviour::Forgetful {
            self.reboot(true);
            return unknown("it was started anew and has lost its receipts");
        }
        if self.below(8) == 0 {
            return unknown("the reply was lost");
        }
        self.at("line.run.begun").await?;
        // Nobody may listen any more; it runs all the same.
        drop(pieces.send(Piece::Begun).await);
        let output = Piece::Output { error: false, offset: 0, bytes: b"restarting\n".to_vec() };
        drop(pieces.send(output).await);
        loop {
            match self.read(&id) {
                Some(ExecutionOutcome::StillRunning) => tokio::time::sleep(Duration::from_secs(1)).await,
                Some(outcome) => {
                    self.at("line.run.ended").await?;
                    self.at("gate.outcome.heard").await?;
                    return Ok(outcome);
                }
                None => return unknown("its receipt is gone"),
            }
            if self.below(40) == 0 {
                return unknown("the connection broke while it ran");
            }
        }
    }

    async fn asked(&self, order: Order, pieces: mpsc::Sender<Piece>) -> Result<Result<ExecutionOutcome, String>, Gone> {
        self.give("gate.fence.given").await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
        if self.state().unreachable || self.below(6) == 0 {
            return Ok(Err("no answer".to_owned()));
        }
        self.at("line.fence.connected").await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.at("line.fence.called").await?;
        let id = &order.execution;
        if let Some(known) = self.read(id) {
            self.at("line.fence.told").await?;
            self.give("gate.follow.given").await?;
            let output = Piece::Output { error: false, offset: 0, bytes: b"restarting\n".to_vec() };
            drop(pieces.send(output).await);
            return Ok(Ok(known));
        }
        if order.boot != Some(boot_of(&self.state())) {
            return Ok(Ok(ExecutionOutcome::Unknown { why: "it was started anew and has no receipt".to_owned() }));
        }
        self.state().receipts.insert(id.clone(), Receipt::Fenced);
        self.at("line.fence.told").await?;
        Ok(Ok(ExecutionOutcome::NotRun { why: "the fence holds its place".to_owned() }))
    }

    async fn ended(&self, order: Order) -> Result<Result<ExecutionOutcome, String>, Gone> {
        self.give("gate.stop.given").await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
        if self.state().unreachable || self.below(6) == 0 {
            return Ok(Err("no answer".to_owned()));
        }
        self.at("line.stop.called").await?;
        let id = &order.execution;
        let same = order.boot == Some(boot_of(&self.state()));
        match self.state().receipts.entry(id.clone()) {
            Entry::Occupied(mut place) => {
                if let Receipt::Until(end, code) = place.get_mut()
                    && *end > Instant::now()
                {
                    (*end, *code) = (Instant::now(), TERMINATED);
                }
            }
            Entry::Vacant(place) => drop(place.insert(Receipt::Fenced)),
        }
        self.at("line.stop.told").await?;
        let known = self.read(id).filter(|known| same || !matches!(known, ExecutionOutcome::NotRun { .. }));
        let lost = || ExecutionOutcome::Unknown { why: "it was started anew and has no receipt".to_owned() };
        Ok(Ok(known.unwrap_or_else(lost)))
    }
}
