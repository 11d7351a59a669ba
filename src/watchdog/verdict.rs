//! What the watchdog says of one round, in words that a person can check against the history.

use serde::{Deserialize, Serialize};

/// What follows from a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It says nothing about the work.
    Neutral,
    /// The run moves, or has not stood still for long.
    Ok,
    /// Nothing is left to do.
    Done,
    /// The next turn should be told.
    Warn,
    /// The run stands still: it waits for a person.
    Stuck,
    /// A person must look, whether it moves or not.
    Escalate,
}

impl Level {
    /// Whether the run must not go on by itself.
    pub fn pauses(self) -> bool {
        matches!(self, Self::Stuck | Self::Escalate)
    }
}

/// The rules, by the names that people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(clippy::upper_case_acronyms, reason = "short names that stand in verdicts")]
pub enum Rule {
    /// The same tests fail again and again.
    R1,
    /// One problem stays while the rest changes.
    R2,
    /// It goes round in a circle.
    R3,
    /// Nothing is changed.
    R4,
    /// Fewer failures because less is tested.
    R5,
    /// No gain for long.
    R6,
    /// Worse than it was before.
    R7,
    /// What a redirect was about is back.
    R8,
    /// Failures in an instant, one after the other: no work is done at all.
    #[serde(rename = "instant")]
    Instant,
}

/// What the watchdog says of one round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The round.
    pub n: u64,
    /// What follows.
    #[serde(rename = "verdict")]
    pub level: Level,
    /// By which rule, if by one.
    pub rule: Option<Rule>,
    /// Why. It may quote names from outside, bounded.
    pub evidence: String,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub level: Level,
    pub rule: Rule,
    pub evidence: String,
}

impl Found {
    pub fn new(level: Level, rule: Rule, evidence: String) -> Self {
        Self { level, rule, evidence }
    }
}
