//! The best that a run ever reached. Progress is a strict gain over it: a later stage, or fewer failures in the same one.

use super::event::Stage;
use super::marks::Marks;

/// The best round so far.
#[derive(Debug, Clone)]
pub struct Best {
    pub n: u64,
    pub stage: Stage,
    pub failures: u64,
    /// What failed there.
    pub tests: Marks,
}

impl Best {
    /// Whether a round that stands so is better.
    pub fn is_beaten_by(&self, stage: Stage, failures: u64) -> bool {
        stage > self.stage || stage == self.stage && failures < self.failures
    }

    /// Whether a round that stands so is worse.
    pub fn beats(&self, stage: Stage, failures: Option<u64>) -> bool {
        stage < self.stage || stage == self.stage && failures.is_some_and(|failures| failures > self.failures)
    }
}
