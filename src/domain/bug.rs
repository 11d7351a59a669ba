//! A row of the bug tracker.

use super::{BugId, Fingerprint, Millis, RunId, Source};
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

/// A problem across runs. All text in it comes from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bug {
    /// Its id.
    pub id: BugId,
    /// Exact fingerprint; one bug each.
    pub exact: Fingerprint,
    /// Class fingerprint.
    pub class: Fingerprint,
    /// Where it was first seen.
    pub source: Source,
    /// Code or exception type.
    pub kind: String,
    /// The message when it was first seen.
    pub message: String,
    /// Whether it is still about.
    pub state: BugState,
    /// How many findings joined it.
    pub seen: u64,
    /// The run that saw it first.
    pub first_run: RunId,
    /// When it was seen first.
    pub first_seen: Millis,
    /// When it was seen last.
    pub last_seen: Millis,
}
