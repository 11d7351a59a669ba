//! The two clocks that stamp an event.

use crate::domain::Millis;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// One reading of both clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Wall clock; it may be set back.
    pub wall: Millis,
    /// Milliseconds since boot, sleep included; only comparable within one boot id.
    pub boot: i64,
    /// The kernel's name of this boot; empty where it cannot be read.
    pub boot_id: Arc<str>,
}

/// Gives stamps. The simulator has one of its own.
pub trait Clock: Send + Sync {
    /// Reads both clocks.
    fn now(&self) -> Stamp;
}

/// The machine's clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    boot_id: Arc<str>,
}

impl SystemClock {
    /// Reads the boot id once; it cannot change while this process lives.
    pub fn new() -> Self {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { boot_id: text.trim().into() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let boot = boot.tv_sec.saturating_mul(1000).saturating_add(boot.tv_nsec / 1_000_000);
        Stamp { wall: Millis(wall), boot, boot_id: Arc::clone(&self.boot_id) }
    }
}
