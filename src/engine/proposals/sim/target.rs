//! A played asset with the receipts of the real one: a place by the name of the execution that only one can take, be it who starts or
//! who asks; an exit code once it is over; all of it gone where the asset loses it.

use crate::domain::{AssetFacts, ExecutionId, ExecutionOutcome};
use crate::engine::proposals::{Fleet, Order, Piece};
use crate::store::{StoreError, View};
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

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
    under_way: Vec<ExecutionId>,
    boot: u32,
    unreachable: bool,
}

pub(in crate::engine::proposals) struct Target {
    state: Mutex<State>,
    facts: Mutex<AssetFacts>,
    dice: Mutex<StdRng>,
    /// Nothing is lost or late, and it answers at once.
    pub calm: bool,
}

impl Target {
    pub fn new(seed: u64, facts: AssetFacts) -> Self {
        let dice = Mutex::new(StdRng::seed_from_u64(seed));
        Self { state: Mutex::default(), facts: Mutex::new(facts), dice, calm: seed == 0 }
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
        for id in late {
            self.arrive(&id);
        }
    }

    /// The wrapper on the asset: takes the place, or runs nothing.
    fn arrive(&self, id: &ExecutionId) -> bool {
        let lasts = u64::from(self.below(90));
        let code = i32::from(self.below(4) == 0);
        let mut state = self.state();
        if state.receipts.contains_key(id) {
            return false;
        }
        *state.effects.entry(id.clone()).or_default() += 1;
        let end = Instant::now() + Duration::from_secs(if self.calm { 1 } else { lasts });
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

impl Fleet for Target {
    fn asset(&self, _: &View<'_>, name: &str) -> Result<Option<AssetFacts>, StoreError> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Some(facts).filter(|facts| facts.name == name))
    }

    fn ready<'f>(&'f self, _: &'f Order) -> BoxFuture<'f, Result<String, String>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let state = self.state();
            if state.unreachable { Err("no answer".to_owned()) } else { Ok(format!("boot-{}", state.boot)) }
        })
    }

    fn dispatch(&self, order: Order, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, ExecutionOutcome> {
        Box::pin(async move {
            let id = order.execution;
            let unknown = |why: &str| ExecutionOutcome::Unknown { why: why.to_owned() };
            self.state().under_way.push(id.clone());
            tokio::time::sleep(Duration::from_millis(30)).await;
            match self.below(10) {
                0 => return unknown("the connection broke, and it may come late"),
                1 => {
                    self.state().under_way.retain(|one| *one != id);
                    return unknown("the connection broke");
                }
                _ => {}
            }
            let ours = {
                self.state().under_way.retain(|one| *one != id);
                self.arrive(&id)
            };
            if !ours {
                return self.read(&id).unwrap_or_else(|| unknown("no receipt"));
            }
            if self.below(8) == 0 {
                return unknown("the reply was lost");
            }
            // Nobody may listen any more; it runs all the same.
            drop(pieces.send(Piece::Begun).await);
            let output = Piece::Output { error: false, offset: 0, bytes: b"restarting\n".to_vec() };
            drop(pieces.send(output).await);
            loop {
                match self.read(&id) {
                    Some(ExecutionOutcome::StillRunning) => tokio::time::sleep(Duration::from_secs(1)).await,
                    Some(outcome) => return outcome,
                    None => return unknown("its receipt is gone"),
                }
                if self.below(40) == 0 {
                    return unknown("the connection broke while it ran");
                }
            }
        })
    }

    fn probe(&self, order: Order, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, Result<ExecutionOutcome, String>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.state().unreachable || self.below(6) == 0 {
                return Err("no answer".to_owned());
            }
            let id = &order.execution;
            if let Some(known) = self.read(id) {
                let output = Piece::Output { error: false, offset: 0, bytes: b"restarting\n".to_vec() };
                drop(pieces.send(output).await);
                return Ok(known);
            }
            let mut state = self.state();
            if order.boot != Some(format!("boot-{}", state.boot)) {
                return Ok(ExecutionOutcome::Unknown { why: "it was started anew and has no receipt".to_owned() });
            }
            state.receipts.insert(id.clone(), Receipt::Fenced);
            drop(state);
            Ok(ExecutionOutcome::NotRun { why: "the fence holds its place".to_owned() })
        })
    }
}
