//! The simulated wall clock: follows the runtime's halted time, and can be set.

use crate::audit::{Clock, Stamp};
use crate::domain::Millis;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use tokio::time::Instant;

/// When every simulation begins.
const BEGIN: i64 = 1_760_000_000_000;

/// Shared by the store, the engine and the played outside.
#[derive(Debug)]
pub(super) struct SimClock {
    start: Instant,
    /// How far somebody set the wall clock, in milliseconds.
    set: AtomicI64,
    /// How often the machine was started.
    boots: AtomicU32,
}

impl SimClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self { start: Instant::now(), set: AtomicI64::new(0), boots: AtomicU32::new(1) }
    }

    /// Milliseconds since the simulation began.
    pub fn passed(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap()
    }

    /// The wall clock.
    pub fn wall(&self) -> Millis {
        Millis(BEGIN + self.passed() + self.set.load(Ordering::Relaxed))
    }

    /// The machine is started anew.
    pub fn boot(&self) {
        self.boots.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the wall clock by so many milliseconds.
    pub fn leap(&self, milliseconds: i64) {
        self.set.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Stamp {
        let boot_id = format!("simulated-{}", self.boots.load(Ordering::Relaxed));
        Stamp { wall: self.wall(), boot: self.passed(), boot_id: boot_id.into() }
    }
}
