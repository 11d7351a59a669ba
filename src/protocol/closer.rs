//! What a person asks about beside lists: one iteration, one bug.

use super::SuiteView;
use crate::domain::{Bug, BugId, Finding, GateResult, Iteration, Remedy, RunId, RunState, Spent};
use crate::watchdog::Verdict;
use serde::{Deserialize, Serialize};

/// What came of an iteration, for the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Its number.
    pub number: u32,
    /// Findings that are new, gone and still there, against the last iteration before it that was tested; absent where it was
    /// not tested itself.
    pub findings: Option<(u32, u32, u32)>,
    /// What it used.
    pub used: Spent,
    /// What the watchdog said of it, where it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Verdict>,
    /// What a warning changed for its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Remedy>,
}

/// One iteration in full. Its lists are bounded and say what was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IterationDetail {
    /// The iteration.
    pub iteration: Iteration,
    /// Outcomes of its suites.
    pub suites: Vec<SuiteView>,
    /// What its tests found.
    pub findings: Vec<Seen>,
    /// What the last tested iteration before it had and it has not. Empty where it was not tested.
    pub gone: Vec<Finding>,
    /// Its gates.
    pub gates: Vec<GateResult>,
    /// The prompt as it was sent; absent where no turn was begun.
    pub prompt: Option<String>,
    /// Findings, present and gone, that do not fit into the answer.
    #[serde(default)]
    pub left_out: u64,
}

/// A finding of an iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// It.
    pub finding: Finding,
    /// The last tested iteration before did not have it.
    pub new: bool,
}

/// What is known of a bug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BugDetail {
    /// It.
    pub bug: Bug,
    /// The finding that joined it last, with place and stack.
    pub latest: Option<Finding>,
    /// The runs that saw it, the newest first.
    pub runs: Vec<BugRun>,
    /// What was tried against it: the turns of agents that began where it was, the newest first.
    pub attempts: Vec<BugAttempt>,
    /// What repaired it, the newest first.
    #[serde(default)]
    pub repairs: Vec<BugRepair>,
    /// Bugs that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<BugId>,
    /// Others of its project in which its words are, where a person told it and no run has seen it yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Bug>,
    /// Older runs or attempts were left out.
    #[serde(default)]
    pub more: bool,
}

/// What made a bug go away, by the engine's own tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BugRepair {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// Its checkpoint.
    pub commit: String,
    /// What that changed, as lines of a patch. Comes from outside.
    pub patch: String,
    /// How often it helped when it was quoted to others.
    pub helped: u32,
    /// How often it was followed and did not help.
    pub failed: u32,
}

/// A run that saw a bug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BugRun {
    /// Which.
    pub run: RunId,
    /// Where it stands.
    pub state: RunState,
    /// The first iteration that had the bug.
    pub first: u32,
    /// The last one.
    pub last: u32,
    /// How many iterations had it.
    pub iterations: u32,
    /// The next tested iteration after the last one, in which it was gone.
    pub gone: Option<u32>,
}

/// One turn against a bug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BugAttempt {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// What is known of the turn's end, in one sentence that quotes the agent.
    pub said: String,
    /// The tests after it did not show the bug any more.
    pub gone: bool,
    /// What the turn changed, as lines of a patch; empty where nothing was kept of it. Comes from outside.
    #[serde(default)]
    pub tried: String,
}
