//! What the engine answers.

use super::{
    AssetView, BudgetReport, BugDetail, Bytes, DatasetView, EngineStatus, FeatureDetail, FeatureView, IterationDetail,
    LessonView, LogChunk, LogHits, LogInfo, LogLines, ModelsReport, ProposalBrief, ProposalDetail, RunDetail, RunView,
    ScheduleDetail, ScheduleView, ToolsUsed,
};
use crate::audit::Checkpoint;
use crate::domain::{
    AuditPage, Bug, Collection, EgressBytes, EgressSeen, Entry, LoopMetrics, OpenHost, Person, Project, Question,
    RequestSum, RunId, Task, Usage,
};
use serde::{Deserialize, Serialize};

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one is made for each answer, and sent at once")]
pub enum Reply {
    /// Done; there is nothing more to say.
    Done,
    /// How the engine is.
    Status {
        /// How.
        status: EngineStatus,
    },
    /// Who the client is.
    WhoAmI {
        /// Who.
        person: Box<Person>,
    },
    /// A project.
    Project {
        /// Which.
        project: Project,
    },
    /// All projects.
    Projects {
        /// Them.
        projects: Vec<Project>,
    },
    /// Hosts that are open to every run of a project.
    Hosts {
        /// Them, by name.
        hosts: Vec<OpenHost>,
    },
    /// A run as it is after the request.
    Run {
        /// It.
        run: RunView,
    },
    /// Runs.
    Runs {
        /// Them, newest first.
        runs: Vec<RunView>,
        /// There are older ones, which were left out.
        #[serde(default)]
        more: bool,
        /// Why no new step begins, if so.
        #[serde(default)]
        halt: Option<String>,
    },
    /// A run in full.
    Detail {
        /// It.
        detail: Box<RunDetail>,
    },
    /// An iteration in full.
    Iteration {
        /// It.
        detail: Box<IterationDetail>,
    },
    /// Questions.
    Questions {
        /// Them, oldest first. Where they do not all fit into one line with every fact, each has fewer, and the last but one
        /// says how many were left out.
        questions: Vec<Question>,
        /// There are older ones, which were left out.
        #[serde(default)]
        more: bool,
    },
    /// A branch in the source repository.
    Delivered {
        /// Its name.
        branch: String,
        /// The source: a path or URL.
        source: String,
        /// The commit that it points at now.
        commit: String,
        /// Where it pointed before, where that is known.
        before: Option<String>,
        /// The run has succeeded with this commit.
        verified: bool,
    },
    /// A patch.
    Patch {
        /// Its exact bytes.
        bytes: Bytes,
    },
    /// A result as a patch.
    Handed {
        /// Its exact bytes.
        bytes: Bytes,
        /// The commit that it leads to.
        commit: String,
        /// Whether the run succeeded with exactly that commit.
        verified: bool,
    },
    /// Logs.
    Logs {
        /// Them, oldest first.
        logs: Vec<LogInfo>,
    },
    /// What went, or would go.
    Collected {
        /// It.
        collection: Collection,
    },
    /// What a run asked of models.
    Usage {
        /// By iteration and model, oldest first; the newest 500.
        usage: Vec<RequestSum>,
        /// What its turn under way took so far, if anything.
        pending: Option<Usage>,
    },
    /// Proposals for live assets.
    Proposals {
        /// Them, oldest first.
        proposals: Vec<ProposalBrief>,
        /// There are older ones, which were left out.
        #[serde(default)]
        more: bool,
    },
    /// A proposal in full, as it is after the request.
    Proposal {
        /// It.
        detail: Box<ProposalDetail>,
    },
    /// What an execution printed.
    Output {
        /// Its bytes.
        bytes: Bytes,
        /// The first.
        offset: u64,
        /// How many there are by now.
        end: u64,
    },
    /// Budgets.
    Budget {
        /// Them.
        budget: Box<BudgetReport>,
    },
    /// How models are.
    Models {
        /// It.
        models: ModelsReport,
    },
    /// What a run asked of hosts outside.
    Egress {
        /// It.
        egress: EgressReport,
    },
    /// Bytes of a log.
    Log {
        /// Them.
        chunk: LogChunk,
    },
    /// Lines of a log.
    Lines {
        /// Them.
        lines: LogLines,
    },
    /// What was found in a log.
    Hits {
        /// It.
        hits: LogHits,
    },
    /// How well the loops do without people.
    Metrics {
        /// In numbers.
        metrics: Box<LoopMetrics>,
    },
    /// Bugs.
    Bugs {
        /// Them, the one seen last first.
        bugs: Vec<Bug>,
        /// There are others, which were left out.
        #[serde(default)]
        more: bool,
    },
    /// A bug in full.
    Bug {
        /// It.
        detail: Box<BugDetail>,
    },
    /// What tools were used for.
    Tools {
        /// It.
        used: Box<ToolsUsed>,
    },
    /// What was asked for beside the loop.
    Tasks {
        /// It, oldest first.
        tasks: Vec<Task>,
        /// There are earlier ones, which were left out.
        #[serde(default)]
        more: bool,
    },
    /// Features.
    Features {
        /// Them, newest first; long texts are cut.
        features: Vec<FeatureView>,
        /// There are older ones, which were left out.
        #[serde(default)]
        more: bool,
    },
    /// A feature in full.
    Feature {
        /// It.
        detail: Box<FeatureDetail>,
    },
    /// Test runs that people want by a clock.
    Schedules {
        /// Them, newest first.
        schedules: Vec<ScheduleView>,
    },
    /// One of them in full.
    Schedule {
        /// It.
        detail: Box<ScheduleDetail>,
    },
    /// Lessons.
    Lessons {
        /// Them, newest first.
        lessons: Vec<LessonView>,
    },
    /// Data sets.
    Datasets {
        /// Them, by name.
        datasets: Vec<DatasetView>,
    },
    /// What is registered for agents to read.
    Entries {
        /// It, oldest first.
        entries: Vec<Entry>,
    },
    /// Live systems.
    Assets {
        /// Them.
        assets: Vec<AssetView>,
    },
    /// Records of the audit log.
    Audit {
        /// Them.
        page: AuditPage,
    },
    /// What the engine says of its audit log.
    Witnessed {
        /// The head.
        checkpoint: Box<Checkpoint>,
        /// The hash of the record that was asked for; absent where there is none.
        found: Option<String>,
    },
    /// What a check of the audit log found.
    Verified {
        /// The verdict's name.
        verdict: String,
        /// All records hold.
        intact: bool,
        /// The verdict in words.
        words: String,
        /// The exit code that stands for it.
        code: u8,
    },
}

/// What a run asked of hosts outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressReport {
    /// The run.
    pub run: RunId,
    /// Its requests, by place and judgement, in the order in which they came up first.
    pub seen: Vec<EgressSeen>,
    /// The bytes of all of them.
    pub spent: EgressBytes,
    /// The bytes that a run may send and fetch.
    pub most: EgressBytes,
}

/// Present values as of a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Everything up to this audit record is included. Large news come in parts, of which only the last carries the new
    /// cursor; the others repeat the one before.
    pub cursor: u64,
    /// Runs.
    pub runs: Vec<RunView>,
    /// Questions that wait, and in a change also those that do not wait any more.
    pub questions: Vec<Question>,
    /// There are older runs than those that are told; all that are not over are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}
