//! What a run may spend and what it has spent. Columns of the run's row, so that a restart resets nothing.

use super::Measure;
use serde::{Deserialize, Serialize};

/// Caps of one run. `None` means no cap of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Iterations of the loop (iteration 0, the test of the base, is free).
    pub iterations: u32,
    /// Seconds of work, waiting for people not counted.
    pub seconds: Option<u64>,
    /// Model tokens, input and output.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar.
    pub microusd: Option<u64>,
}

impl Budget {
    /// Most iterations that a run may be given; the least is one.
    pub const MOST_ITERATIONS: u32 = 1_000;
}

impl Default for Budget {
    fn default() -> Self {
        Self { iterations: 10, seconds: None, tokens: None, microusd: None }
    }
}

/// What one agent turn used, as far as the agent says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Model tokens, input and output.
    pub tokens: u64,
    /// Money in millionths of a US dollar.
    pub microusd: u64,
}

/// What was used: by a run so far, or by anything else that is counted the same way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Iterations that counted.
    pub iterations: u32,
    /// Milliseconds of work.
    pub milliseconds: u64,
    /// Model tokens.
    pub tokens: u64,
    /// Money in millionths of a US dollar.
    pub microusd: u64,
}

impl Spent {
    /// One of the amounts.
    pub fn of(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Iterations => u64::from(self.iterations),
            Measure::Time => self.milliseconds,
            Measure::Tokens => self.tokens,
            Measure::Money => self.microusd,
        }
    }

    /// Sets one of the amounts.
    pub fn set(&mut self, measure: Measure, amount: u64) {
        match measure {
            Measure::Iterations => self.iterations = u32::try_from(amount).unwrap_or(u32::MAX),
            Measure::Time => self.milliseconds = amount,
            Measure::Tokens => self.tokens = amount,
            Measure::Money => self.microusd = amount,
        }
    }

    /// Names every cap that is reached, in words for people; none while there is room.
    pub fn reached(&self, budget: &Budget) -> Vec<String> {
        let iterations = (self.iterations >= budget.iterations)
            .then(|| format!("{} of {} iterations used", self.iterations, budget.iterations));
        let of = |used: u64, cap: Option<u64>, what: &str| {
            cap.filter(|cap| used >= *cap).map(|cap| format!("{used} of {cap} {what} used"))
        };
        iterations
            .into_iter()
            .chain(of(self.milliseconds / 1000, budget.seconds, "seconds of work"))
            .chain(of(self.tokens, budget.tokens, "tokens"))
            .chain(of(self.microusd, budget.microusd, "millionths of a dollar"))
            .collect()
    }
}
