//! What a history is made of. The engine builds these from what it stored, and `dogwatch debug watchdog` reads them as lines.

use super::class::How;
use crate::domain::Source;
use serde::{Deserialize, Serialize};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A round ended.
    Iteration(Box<Round>),
    /// A person gave new guidance.
    Redirect,
    /// The engine was started anew. It changes nothing, but the round that was under way may come again.
    EngineRestart,
    /// The work was put back to where an iteration left it.
    Rollback {
        /// Its number.
        to: u64,
    },
}

/// One round of the loop, as far as it was measured. What is left out is not known. Number 0 is the test of the base.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Its number.
    pub n: u64,
    /// How the agent's turn ended.
    pub ending: How,
    /// Whether the engine's own tests came to a verdict.
    #[serde(default)]
    pub verified: Option<bool>,
    /// How far it came.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// Ids of the tests that failed.
    #[serde(default)]
    pub failing: Option<Vec<String>>,
    /// Lines that stop success.
    #[serde(default)]
    pub errors: Option<Vec<ErrorLine>>,
    /// How many tests passed.
    #[serde(default)]
    pub passed: Option<u64>,
    /// How many there are.
    #[serde(default)]
    pub total: Option<u64>,
    /// How many were skipped.
    #[serde(default)]
    pub skipped: Option<u64>,
    /// A hash of the tree that it left.
    #[serde(default)]
    pub tree: Option<String>,
    /// A hash of what it changed; empty where it changed nothing.
    #[serde(default)]
    pub patch: Option<String>,
    /// A hash of the agent's list of tasks, or its plan.
    #[serde(default)]
    pub ledger: Option<String>,
    /// A hash of all files that hold tests.
    #[serde(default)]
    pub tests_hash: Option<String>,
    /// A hash of what the work is measured by.
    #[serde(default)]
    pub criteria_hash: Option<String>,
    /// Tests that came out otherwise when they were repeated on the same tree.
    #[serde(default)]
    pub rerun_disagrees: Option<Vec<String>>,
    /// Files that it changed.
    #[serde(default)]
    pub changed: Option<Vec<String>>,
    /// Tokens of models that it used.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// How long it took.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// What it cost.
    #[serde(default)]
    pub cost_usd: Option<f64>,
}

/// How far a round came, in the order in which a round goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It does not build.
    Build,
    /// Tests of units.
    Unit,
    /// Tests of parts together.
    Integration,
    /// Tests of the whole.
    E2e,
    /// All tests are behind it.
    Gates,
}

impl Stage {
    /// In words: where a round stands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "the build",
            Self::Unit => "unit tests",
            Self::Integration => "integration tests",
            Self::E2e => "end-to-end tests",
            Self::Gates => "the gates",
        }
    }
}

/// A line that stops success, as a tool wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLine {
    /// Where it was seen.
    pub source: Source,
    /// The raw text. Only its most telling line counts.
    pub text: String,
}
