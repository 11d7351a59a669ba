//! What clients ask about test runs that people want by a clock, and what they are told.

use crate::domain::{Firing, RunState, Schedule, ScheduleId, Timing};
use serde::{Deserialize, Serialize};

/// What is asked about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum ScheduleAsk {
    /// Them, newest first.
    List {
        /// Only those of this project, by name or id.
        project: Option<String>,
    },
    /// One in full.
    One {
        /// Which.
        schedule: ScheduleId,
    },
    /// Add one.
    Add {
        /// The project's name or id.
        project: String,
        /// The suites; all of the project's where none is named.
        suites: Vec<String>,
        /// What is tested; the source's HEAD at that moment where it is not said.
        revision: Option<String>,
        /// When; now where it is not said.
        timing: Option<Timing>,
    },
    /// Let it start nothing.
    Pause {
        /// Which.
        schedule: ScheduleId,
    },
    /// Let it start something again when it is due.
    Resume {
        /// Which.
        schedule: ScheduleId,
    },
    /// Remove it; a run that is under way goes on.
    Remove {
        /// Which.
        schedule: ScheduleId,
    },
}

/// One as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// It.
    pub schedule: Schedule,
    /// The name of its project.
    pub project: String,
    /// What came of the last time that it was due.
    pub last: Option<FiringView>,
}

/// What came of one time that it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiringView {
    /// When, and which run.
    pub firing: Firing,
    /// Where the run stands.
    pub state: Option<RunState>,
    /// Its tests: passed, failed, skipped.
    pub tests: Option<(u32, u32, u32)>,
    /// Why it stands there.
    pub reason: String,
}

/// One in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleDetail {
    /// It.
    pub view: ScheduleView,
    /// The newest times that it was due, newest first.
    pub firings: Vec<FiringView>,
}
