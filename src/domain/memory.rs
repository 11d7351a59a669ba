//! What is remembered of bugs: what was tried against them, what repaired them, and what came of quoting that to others.

use super::{BugId, Fingerprint, Millis, RunId};
use serde::{Deserialize, Serialize};

/// What came of an attempt against a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The engine's tests do not tell.
    Unknown,
    /// They still show the bug, or its test does not pass.
    Failed,
    /// They no longer show it.
    Solved,
}

/// One attempt against a bug: what an iteration that began where the bug was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// What was changed, as lines of a patch. Comes from outside.
    pub tried: String,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// When it was stored.
    pub at: Millis,
}

/// The checkpoint that made a bug go away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// The checkpoint.
    pub commit: String,
    /// What it changed, as lines of a patch. Comes from outside.
    pub summary: String,
    /// When it was stored.
    pub at: Millis,
}

/// In what a remembered bug is like the one at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// It is the same one: an exact fingerprint.
    Same,
    /// Its code or exception type is the same, and so are many words.
    Class,
    /// Many words are the same.
    Words,
}

/// What came of quoting a repair to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    /// Its iteration is not judged yet.
    Open,
    /// The agent did something alike and the bug was gone; of one that was not quoted, that it would have helped.
    Helped,
    /// The agent did something alike and the bug stayed; of one that was not quoted, that something else was the repair.
    Failed,
    /// The agent did something else, or nothing that could be judged.
    Ignored,
}

/// A repair that is remembered of a bug, with what is known of its worth. All text comes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The number of the solution.
    pub solution: i64,
    /// The bug that it repaired.
    pub bug: BugId,
    /// That bug's exact fingerprint.
    pub exact: Fingerprint,
    /// That bug's class.
    pub class: Fingerprint,
    /// Its code or exception type.
    pub kind: String,
    /// Its message.
    pub message: String,
    /// The project whose run repaired it.
    pub project: String,
    /// Whether that is the project at hand.
    pub here: bool,
    /// The run that repaired it.
    pub run: RunId,
    /// In which iteration.
    pub iteration: u32,
    /// What that changed, as lines of a patch.
    pub patch: String,
    /// When it was last borne out by the engine's tests: when it was found, or when it helped again.
    pub borne_out: Millis,
    /// How often it helped when it was quoted.
    pub helped: u32,
    /// How often it was followed and did not help.
    pub failed: u32,
}

/// A repair that is quoted for a bug at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The bug at hand, by its exact fingerprint.
    pub about: Fingerprint,
    /// In what the two are alike.
    pub likeness: Likeness,
    /// What is quoted.
    pub repair: Remembered,
    /// Whether the agent gets to read it. One that it does not is only compared with what it does by itself.
    pub quoted: bool,
}
