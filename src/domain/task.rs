//! What is asked for beside the loop, and what came of it. Its result is advice for whoever asked: no verdict of a run ever
//! follows from it.

use super::{Millis, ProjectId, RunId, TaskId};
use serde::{Deserialize, Serialize};

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AskedBy {
    /// The agent of a run, during its turn.
    Agent {
        /// The run.
        run: RunId,
    },
}

/// An image that a run has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum ImageFrom {
    /// The run's own.
    Run,
    /// That of one of the project's services.
    Service {
        /// Its name in `dogwatch.toml` as of the base commit.
        name: String,
    },
    /// One that was built in the same turn.
    Built {
        /// By this task.
        task: TaskId,
    },
}

impl ImageFrom {
    /// What agents call the run's own.
    pub const RUN: &'static str = "run";
}

/// What is asked for. Each works on a copy of the agent's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskWork {
    /// One suite.
    Tests {
        /// Its name in `dogwatch.toml` as of the base commit.
        suite: String,
    },
    /// A program in a container of its own, to its end.
    Program {
        /// The image.
        from: ImageFrom,
        /// The program and its arguments.
        argv: Vec<String>,
        /// Its environment.
        env: Vec<(String, String)>,
        /// How long it may run.
        seconds: u32,
    },
    /// A program that stays until the turn is over.
    Service {
        /// The image.
        from: ImageFrom,
        /// The program and its arguments; those of the project's service where there are none.
        argv: Vec<String>,
        /// Its environment, beside that of the project's service.
        env: Vec<(String, String)>,
        /// The port at which it takes connections when it is ready.
        port: Option<u16>,
    },
    /// An image, built of a directory.
    Image {
        /// The directory in the tree; `.` for its top.
        directory: String,
        /// The Dockerfile in that directory.
        dockerfile: String,
    },
}

impl TaskWork {
    /// The stored name of images.
    pub const IMAGE: &'static str = "image";
    /// The stored name of services.
    pub const SERVICE: &'static str = "service";

    /// The stored name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tests { .. } => "tests",
            Self::Program { .. } => "program",
            Self::Service { .. } => Self::SERVICE,
            Self::Image { .. } => Self::IMAGE,
        }
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits.
    Queued,
    /// It is at work.
    Working,
    /// It is a service that takes connections.
    Ready,
    /// It is over.
    Ended,
}

impl TaskState {
    /// In a few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Working => "at work",
            Self::Ready => "ready",
            Self::Ended => "over",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// Every test that counts passed, or the program ended well.
    Passed,
    /// Tests failed, or the program did.
    Failed,
    /// The command succeeded and told of no tests.
    Uncounted,
    /// No verdict was reached: too slow, out of memory, lost.
    NoVerdict,
    /// It was ended before, with the turn or the run that it belonged to.
    Stopped,
    /// It could not be done, for a reason that whoever asked can do something about.
    Impossible,
    /// The engine failed.
    Broken,
}

impl TaskOutcome {
    /// In a few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Uncounted => "no tests counted",
            Self::NoVerdict => "no verdict",
            Self::Stopped => "stopped",
            Self::Impossible => "not possible",
            Self::Broken => "engine failed",
        }
    }
}

/// What came of it. Every text in it is bounded; those of programs come from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// How it ended.
    pub outcome: TaskOutcome,
    /// The same in a sentence.
    pub words: String,
    /// The exit code of its program, where it exited.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Tests that passed, failed and were skipped, where tests were counted.
    #[serde(default)]
    pub tests: Option<(u32, u32, u32)>,
    /// Problems, a line each, the first of them.
    #[serde(default)]
    pub findings: Vec<String>,
    /// The end of what its program printed.
    #[serde(default)]
    pub output: String,
    /// How long it was at work.
    #[serde(default)]
    pub milliseconds: u64,
}

impl TaskResult {
    /// One without any program's word.
    pub fn plain(outcome: TaskOutcome, words: impl Into<String>) -> Self {
        let (findings, output) = (Vec::new(), String::new());
        Self { outcome, words: words.into(), exit_code: None, tests: None, findings, output, milliseconds: 0 }
    }
}

/// The turn of a run that a task belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPlace {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// The attempt.
    pub attempt: u32,
}

/// One task, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The project that it is about.
    pub project: ProjectId,
    /// The turn that it belongs to; `None` where it belongs to none.
    pub place: Option<TaskPlace>,
    /// Who asked.
    pub by: AskedBy,
    /// What for.
    pub what: TaskWork,
    /// The commit that it works on, once there is one.
    pub commit: Option<String>,
    /// How far it has come.
    pub state: TaskState,
    /// It is to end.
    pub stopping: bool,
    /// What came of it.
    pub result: Option<TaskResult>,
    /// When it was asked for.
    pub asked: Millis,
    /// When it began to work.
    pub begun: Option<Millis>,
    /// When it was over.
    pub ended: Option<Millis>,
}
