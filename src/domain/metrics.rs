//! How well the loops do without people, in numbers.

use super::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What runs that ended within a span of days came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopMetrics {
    /// The first day that is counted, and the last, which is today.
    pub days: (Day, Day),
    /// All of them together.
    pub total: Tally,
    /// Days on which a run ended or something was spent, the earliest first.
    pub by_day: Vec<(Day, Tally)>,
    /// What people did for these runs, by kind: the kinds of the questions that they answered, and `redirect`.
    pub interventions: BTreeMap<String, u64>,
    /// Milliseconds from the start of the first step of those that succeeded to their end: the middle one, and the one that nineteen of
    /// twenty do not pass. Absent where none succeeded.
    pub to_green: Option<(u64, u64)>,
    /// What came of repairs that were quoted to agents in these days, by outcome.
    pub memory: BTreeMap<String, u64>,
}

/// Counts of runs that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
    /// Those that succeeded and that nobody had to answer or redirect.
    pub alone: u64,
    /// Those that were stuck at least once, however they ended.
    pub stuck: u64,
    /// Iterations of those that succeeded.
    pub iterations: u64,
    /// Tokens that were spent, by runs that go on, too.
    pub tokens: u64,
    /// Millionths of a US dollar, the same.
    pub microusd: u64,
}

impl Tally {
    /// How many ended.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.cancelled
    }

    /// Thousandths of those that ended which came to success without people; absent where none ended.
    pub fn autonomy(&self) -> Option<u64> {
        (self.alone * 1000).checked_div(self.ended())
    }

    /// Thousandths of those that ended which were stuck at least once; absent where none ended.
    pub fn stuck_rate(&self) -> Option<u64> {
        (self.stuck * 1000).checked_div(self.ended())
    }

    /// Thousandths of an iteration that success took on average; absent where there was none.
    pub fn iterations_each(&self) -> Option<u64> {
        (self.iterations * 1000).checked_div(self.succeeded)
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.succeeded, other.succeeded),
            (&mut self.failed, other.failed),
            (&mut self.cancelled, other.cancelled),
            (&mut self.alone, other.alone),
            (&mut self.stuck, other.stuck),
            (&mut self.iterations, other.iterations),
            (&mut self.tokens, other.tokens),
            (&mut self.microusd, other.microusd),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
    }
}
