//! A row of the bug tracker.

use super::{Actor, BugId, Fingerprint, Millis, RunId, Source};
use serde::{Deserialize, Serialize};

/// Whether a bug is still about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BugState {
    /// Seen and not known to be gone.
    Open,
    /// The engine's tests no longer show it.
    Solved,
}

/// What is known of a bug that a person told, before any run saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Who.
    pub by: Actor,
    /// The project that has it, by name.
    pub project: String,
}

/// A problem across runs. All text in it comes from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bug {
    /// Its id.
    pub id: BugId,
    /// Exact fingerprint; one bug each. What a person told has one that no finding can have.
    pub exact: Fingerprint,
    /// Class fingerprint.
    pub class: Fingerprint,
    /// Where it was first seen.
    pub source: Source,
    /// Code or exception type.
    pub kind: String,
    /// The message when it was first seen; of what a person told, its title and, after an empty line, its text.
    pub message: String,
    /// Whether it is still about.
    pub state: BugState,
    /// How many findings joined it.
    pub seen: u64,
    /// The run that saw it first; absent where none has seen it yet.
    pub first_run: Option<RunId>,
    /// When it was seen or told first.
    pub first_seen: Millis,
    /// When it was seen last.
    pub last_seen: Millis,
    /// Who told it, where that was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}
