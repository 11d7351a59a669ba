//! Runs as answers tell them: in lists, and in full.

use super::{Round, is_zero};
use crate::domain::{
    EgressSeen, Finding, GateResult, Guidance, Iteration, Live, Question, Run, Step, SuiteVerdict, Usage,
};
use serde::{Deserialize, Serialize};

/// How far what operators told a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuidanceView {
    /// The number of the last one, counted from 1.
    pub count: u32,
    /// The number of the last one that a prompt has quoted; 0 for none.
    pub applied: u32,
    /// The iteration whose prompt quoted that one first.
    pub applied_in: Option<u32>,
    /// How it went with giving the last one to an agent that was at work when it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

/// A run with what lists show beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// Its project's name.
    pub project: String,
    /// Tests passed, failed and skipped in the last tested iteration.
    pub tests: Option<(u32, u32, u32)>,
    /// How many of the failed ones go by luck: they failed and passed on the same tree.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flaky: u32,
    /// Failed tests in its newest tested iterations, oldest first, the last one among them.
    #[serde(default)]
    pub trend: Vec<u32>,
    /// What its turn under way took of models so far, if anything; not in what it has spent yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Usage>,
    /// What it is doing, in words; not kept over a restart.
    pub note: Option<String>,
    /// What operators told it, if anything.
    #[serde(default)]
    pub guidance: Option<GuidanceView>,
    /// The watchdog warned of its last iteration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slow: bool,
    /// Texts of the run were cut, as lists and streams do with long ones: ask for the run itself. Beside a run in full: lists
    /// of what was found in it were cut to fit into one line.
    #[serde(default)]
    pub shortened: bool,
}

impl RunView {
    /// A run of the project `calc` of which nothing more is known.
    #[cfg(test)]
    pub fn for_tests(run: Run) -> Self {
        Self {
            run,
            project: "calc".to_owned(),
            tests: None,
            flaky: 0,
            trend: Vec::new(),
            pending: None,
            note: None,
            guidance: None,
            slow: false,
            shortened: false,
        }
    }

    /// What it has cost up to now, in millionths of a dollar, the turn under way included.
    pub fn microusd(&self) -> u64 {
        self.run.spent.microusd.saturating_add(self.pending.map_or(0, |pending| pending.microusd))
    }
}

/// A run in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetail {
    /// The run.
    pub view: RunView,
    /// Its iterations.
    pub iterations: Vec<Iteration>,
    /// What came of them.
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// Outcomes of suites in the last tested iteration.
    pub suites: Vec<SuiteView>,
    /// Findings of the last tested iteration.
    pub findings: Vec<Finding>,
    /// Gates of the last tested iteration.
    pub gates: Vec<GateResult>,
    /// Guidance, oldest first.
    pub guidance: Vec<Guidance>,
    /// Its questions, oldest first.
    pub questions: Vec<Question>,
    /// Its steps, oldest first.
    pub steps: Vec<Step>,
    /// What it asked of hosts outside, the newest places; `egress` asks for all.
    #[serde(default)]
    pub egress: Vec<EgressSeen>,
    /// The iteration that came farthest, to which a rollback goes that names none; 0 is the base. Not told of a run that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<u32>,
}

/// The outcome of a suite without its cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteView {
    /// Its name.
    pub suite: String,
    /// The engine's judgement.
    pub verdict: SuiteVerdict,
    /// Passed, failed, skipped.
    pub tests: (u32, u32, u32),
    /// What was odd.
    pub oddities: Vec<String>,
    /// Its tests that failed and passed on the same tree, bounded.
    #[serde(default)]
    pub flaky: Vec<String>,
}
