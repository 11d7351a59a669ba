//! One round of the loop, as stored.

use super::{AgentReport, Audit, Millis, RunId};
use serde::{Deserialize, Serialize};

/// How an iteration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Tests or gates are not met: the loop goes on.
    Red,
    /// Everything is met.
    Green,
    /// Everything passes, but a person must look first.
    Suspicious,
    /// Nothing was verified: it neither counts nor resets anything.
    Neutral,
}

/// A reason why a green iteration is not success by itself (DESIGN: an agent's claim never counts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Suspicion {
    /// Tests of the base are missing now.
    TestsRemoved {
        /** Suite-qualified ids, bounded. */
        tests: Vec<String>,
        /** How many in all. */
        total: usize,
    },
    /// Tests that ran at the base are skipped now.
    TestsSkipped {
        /** Suite-qualified ids, bounded. */
        tests: Vec<String>,
        /** How many in all. */
        total: usize,
    },
    /// Files that hold tests were edited or removed.
    TestFilesEdited {
        /** Paths. */
        files: Vec<String>,
    },
    /// Files that decide what the test command does were edited, added or removed.
    EntryPointsEdited {
        /** Paths. */
        files: Vec<String>,
    },
    /// `dogwatch.toml`, Dockerfile or acceptance criteria were edited. They count only as of the base.
    CriteriaEdited {
        /** Paths. */
        files: Vec<String>,
    },
    /// The tree holds things that try to run on the host or to fool it: git filters, hooks, links.
    Planted {
        /** What and where. */
        what: Vec<String>,
    },
    /// A report was not what a test run leaves behind: link, special file, written before the run.
    ReportTampered {
        /** What and where. */
        what: Vec<String>,
    },
    /// The work added code that reaches into its own test run: its report, its framework, its end.
    TestRunMeddled {
        /** What and where. */
        what: Vec<String>,
    },
    /// Somebody who is not the shim spoke on the log channel.
    ChannelForged {
        /** How often. */
        times: u32,
    },
    /// All suites passed before any work was done, so passing now shows nothing.
    GreenAtStart,
    /// The tree is the base's own.
    Unchanged,
    /// A suite gave no test counts.
    Uncounted {
        /** Suite names. */
        suites: Vec<String>,
    },
    /// The report and the exit code or the output disagree.
    Disagreement {
        /** What disagrees. */
        what: Vec<String>,
    },
    /// Tests, or whole suites, that failed and passed on the same tree: what they say is luck.
    Flaky {
        /** Suite-qualified ids with what they said last, bounded. */
        tests: Vec<String>,
    },
    /// The agent left more than can be taken, so nothing of it was: what was tested is the commit before.
    NotTaken {
        /** Which bound was passed. */
        why: String,
    },
}

impl Suspicion {
    /// The list of what it names, where it has one.
    pub fn named_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::TestsRemoved { tests: list, .. }
            | Self::TestsSkipped { tests: list, .. }
            | Self::Flaky { tests: list }
            | Self::TestFilesEdited { files: list }
            | Self::EntryPointsEdited { files: list }
            | Self::CriteriaEdited { files: list }
            | Self::Planted { what: list }
            | Self::ReportTampered { what: list }
            | Self::TestRunMeddled { what: list }
            | Self::Uncounted { suites: list }
            | Self::Disagreement { what: list } => Some(list),
            Self::ChannelForged { .. } | Self::GreenAtStart | Self::Unchanged | Self::NotTaken { .. } => None,
        }
    }
}

/// One round of the loop. Iteration 0 is the test of the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// The run.
    pub run: RunId,
    /// Its number.
    pub number: u32,
    /// The commit it started from, 40 hexadecimal digits.
    pub base: String,
    /// Its checkpoint.
    pub commit: Option<String>,
    /// The checkpoint's tree.
    pub tree: Option<String>,
    /// How the agent ended; `None` for iteration 0.
    pub report: Option<AgentReport>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Tests passed, failed and skipped over all suites.
    pub tests: (u32, u32, u32),
    /// Why green is not success.
    pub suspicions: Vec<Suspicion>,
    /// Suites whose result was in doubt, so that they ran a second time on the same tree.
    #[serde(default)]
    pub rerun: Vec<String>,
    /// Suite-qualified ids of the tests that failed and passed on the tree of this iteration, bounded.
    #[serde(default)]
    pub rerun_disagrees: Vec<String>,
    /// What another agent says of its result, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
    /// When it began.
    pub started: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}

impl Iteration {
    /// One that begins: nothing was made, tested or said in it yet.
    pub fn new(run: RunId, number: u32, base: impl Into<String>, started: Millis) -> Self {
        Self {
            run,
            number,
            base: base.into(),
            commit: None,
            tree: None,
            report: None,
            outcome: None,
            tests: (0, 0, 0),
            suspicions: Vec::new(),
            rerun: Vec::new(),
            rerun_disagrees: Vec::new(),
            audit: None,
            started,
            ended: None,
        }
    }
}
