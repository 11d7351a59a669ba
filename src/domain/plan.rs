//! A run's plan: written by the agent before anything is changed, and settled by a person or by a rule.

use serde::{Deserialize, Serialize};

/// Whether a run writes a plan first, and how far that has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// None is wanted.
    #[default]
    None,
    /// One is written, and a person says whether the work may follow it.
    Ask,
    /// One is written, and the work follows it.
    Automatic,
    /// The work follows it.
    Settled,
}

impl Plan {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Ask, Self::Automatic, Self::Settled];

    /// Whether the next turn of the agent is about the plan.
    pub fn is_due(self) -> bool {
        matches!(self, Self::Ask | Self::Automatic)
    }
}
