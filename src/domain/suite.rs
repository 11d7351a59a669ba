//! What a test suite said.

use super::Finding;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The outcome of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// It ran and passed.
    Passed,
    /// It ran and failed, or could not run.
    Failed,
    /// It was not run on purpose.
    Skipped,
}

/// One test of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCase {
    /// The id, unique in its suite: `class::name`, `module::test`, `package.Test/sub`.
    pub id: String,
    /// Its outcome.
    pub status: TestStatus,
}

/// A parsed report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteReport {
    /// Every test that the report names, in its order. Empty when the format gives no counts.
    pub cases: Vec<TestCase>,
    /// Problems, failed tests among them.
    pub findings: Vec<Finding>,
    /// What was odd about the report: truncated, duplicate ids, counts that disagree. Words of ours.
    pub oddities: Vec<String>,
}

impl SuiteReport {
    /// How many tests have this status.
    pub fn count(&self, status: TestStatus) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }
}

/// The engine's judgement of one run of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuiteVerdict {
    /// Exit code 0, a readable report, at least one test, none failed.
    Passed,
    /// At least one test failed or the command failed.
    Failed,
    /// The command succeeded but gave no test counts: never success without a person.
    Uncounted,
    /// It reached no verdict: timed out, out of memory, container lost.
    NoVerdict,
    /// It failed, but nothing failed that is not known to fail and pass on the same tree: neither a failure nor success.
    Flaky,
}

/// One suite in one iteration, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteOutcome {
    /// The suite's name from `dogwatch.toml`.
    pub suite: String,
    /// The judgement.
    pub verdict: SuiteVerdict,
    /// The command's exit code where it exited.
    pub exit_code: Option<i32>,
    /// Every test and its outcome.
    pub cases: BTreeMap<String, TestStatus>,
    /// What was odd, ours in words: symlinked report, forged channel lines, disagreeing counts.
    pub oddities: Vec<String>,
    /// Which of its tests are in quarantine, since they failed and passed on the same tree; [`SuiteOutcome::WHOLE`] where it
    /// was more than tests that can be named.
    pub flaky: BTreeSet<String>,
}

impl SuiteOutcome {
    /// Stands among the tests in quarantine for a suite that failed and passed on the same tree as a whole.
    pub const WHOLE: &'static str = "(the whole suite)";

    /// How many tests have this status.
    pub fn count(&self, status: TestStatus) -> usize {
        self.cases.values().filter(|s| **s == status).count()
    }
}
