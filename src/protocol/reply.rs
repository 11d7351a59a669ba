//! What the engine answers.

use super::{
    AssetView, BudgetReport, BugDetail, Bytes, DatasetView, FeatureDetail, FeatureView, IterationDetail, LessonView,
    ModelsReport, ProposalBrief, ProposalDetail, ProviderView, Round, ScheduleDetail, ScheduleView, StoppedModels,
    ToolsUsed,
};
use crate::audit::Checkpoint;
use crate::domain::{
    AuditPage, Bug, Collection, EgressBytes, EgressSeen, Entry, Finding, GateResult, Guidance, Iteration, Live,
    LoopMetrics, OpenHost, Person, Project, Question, RequestSum, Run, RunId, Spent, Step, StepKey, StepLog,
    SuiteVerdict, Task, Usage,
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

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Its version.
    pub version: String,
    /// Its instance.
    pub instance: String,
    /// Its process id.
    pub pid: u32,
    /// Where it keeps everything. Comes from the environment.
    pub state_dir: String,
    /// Why the database is open for reading only and nothing runs, if so.
    pub rescue: Option<String>,
    /// What is wrong with the files beside the database, if something is. Writing goes on.
    #[serde(default)]
    pub store_fault: Option<String>,
    /// Why no new step begins, if so.
    #[serde(default)]
    pub halt: Option<String>,
    /// Why the container engine cannot be used, if so.
    pub sandbox_fault: Option<String>,
    /// Runs that are not over; absent where a rescued database cannot tell.
    pub unfinished: Option<u32>,
    /// Questions that wait; absent where a rescued database cannot tell.
    pub waiting: Option<u32>,
    /// Which sandbox there is and what its walls are, in a few words; absent where it does not answer. Partly its own words.
    #[serde(default)]
    pub sandbox: Option<String>,
    /// The file system of the state directory; absent where the system does not tell.
    #[serde(default)]
    pub disk: Option<DiskSpace>,
    /// What all projects together have used today, by UTC; absent where a rescued database cannot tell.
    #[serde(default)]
    pub today: Option<Spent>,
    /// Requests to hosts outside that were refused last, over all runs, the newest first.
    #[serde(default)]
    pub refused: Vec<EgressSeen>,
    /// Where people have stopped models.
    #[serde(default)]
    pub stopped: Vec<StoppedModels>,
    /// Providers of models that failed last time.
    #[serde(default)]
    pub providers: Vec<ProviderView>,
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

/// Space in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpace {
    /// What the engine's user may still take.
    pub free: u64,
    /// All there is.
    pub total: u64,
}

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

/// A log that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogInfo {
    /// The step.
    pub key: StepKey,
    /// The step's name, for `read_log`.
    pub step: String,
    /// Its bytes so far.
    pub bytes: u64,
    /// Whether more may come.
    pub open: bool,
    /// What became of it when its step was over.
    #[serde(default)]
    pub state: StepLog,
}

/// Bytes of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    /// The run.
    pub run: RunId,
    /// The step's name.
    pub step: String,
    /// Where the bytes start.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

/// Lines of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLines {
    /// The run.
    pub run: RunId,
    /// The step's name.
    pub step: String,
    /// Them, in their order.
    pub lines: Vec<LogLine>,
    /// How many lines there are by now; a last one without an end counts.
    pub total: u64,
    /// Whether more may come.
    pub open: bool,
}

/// Lines of a log that were sought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHits {
    /// The run.
    pub run: RunId,
    /// The step's name.
    pub step: String,
    /// Them, in the log's order, with all parts of long ones up to 4 MiB.
    pub lines: Vec<LogLine>,
    /// How many lines fit among those that were looked at.
    pub count: u64,
    /// Where to go on: as `from` of the next request.
    pub next: u64,
    /// There is nothing more to look at in this direction by now. A last line that has no end yet is looked at when it has.
    pub end: bool,
    /// How many lines there are by now; a last one without an end counts.
    pub total: u64,
    /// Whether more may come.
    pub open: bool,
}

/// A line, or a part of one that is longer than 1 MiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number, counted from 0.
    pub number: u64,
    /// Which part of the line this is, counted from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u64,
    /// When it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Where it comes from: 1 standard output, 2 standard error, 3 the engine.
    pub stream: u8,
    /// Its bytes without the line end.
    pub bytes: Bytes,
    /// Whether it ends here.
    pub whole: bool,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
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
}
