//! What decides when a run gets its turn: how much people want it, what it needs, and which runs it
//! follows.

use super::RunId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How much people want a run, against others that wait for a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When nothing else waits, or after a long wait.
    Low,
    /// The usual one.
    #[default]
    Normal,
    /// Before all others.
    High,
}

/// Text that is no priority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a priority: write high, normal or low")]
pub struct BadPriority(String);

impl Priority {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl FromStr for Priority {
    type Err = BadPriority;

    fn from_str(text: &str) -> Result<Self, BadPriority> {
        let found = Self::ALL.into_iter().find(|priority| priority.name() == text);
        found.ok_or_else(|| BadPriority(text.chars().take(40).collect()))
    }
}

/// What a run needs of the machine while it works. Zero where that was not recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Thousandths of a processor.
    pub millicpus: u64,
}

/// Whether a run still waits for one that it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It starts only after that one has succeeded.
    Success,
    /// That one did not succeed; a person is asked, or was asked and has not answered.
    Asked,
    /// A person said that it need not wait for that one.
    Waived,
}

/// A run that another one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    /// Which.
    pub run: RunId,
    /// Whether it is still waited for.
    pub need: Need,
}
