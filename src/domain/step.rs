//! A part of an iteration, executed in one container.

use super::{Millis, RunId, StepId, TaskId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Makes the run's image: the setup command in the provision profile.
    Prepare,
    /// The agent works.
    Develop,
    /// Another agent looks at a result.
    Audit,
    /// One test suite runs.
    Test,
    /// Holds the network of a suite and its services, and does nothing.
    Network,
    /// One service of a suite.
    Service,
    /// Waits until the services of a suite are ready.
    Ready,
    /// A program that an agent runs beside its own.
    Program,
}

impl StepKind {
    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Develop => "develop",
            Self::Audit => "audit",
            Self::Test => "test",
            Self::Network => "network",
            Self::Service => "service",
            Self::Ready => "ready",
            Self::Program => "program",
        }
    }

    /// Whether it runs beside other steps for as long as they need it.
    pub fn is_beside(self) -> bool {
        matches!(self, Self::Network | Self::Service | Self::Program)
    }
}

/// Names one execution of a step. The container's name is derived from it, so creating twice finds the first one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepKey {
    /// The run.
    pub run: RunId,
    /// The iteration.
    pub iteration: u32,
    /// What it does.
    pub kind: StepKind,
    /// The suite for tests and what runs for it; a service has its own name behind, after a dot. What runs for a task has the
    /// task's id before, and an underscore, which no name has. Empty otherwise.
    pub suite: String,
    /// Counted from 1; grows when a step has to be repeated from the base commit.
    pub attempt: u32,
}

impl StepKey {
    /// The name of whatever runs for a task, at this of its tries.
    pub fn of_task(task: TaskId, attempt: u32, name: &str) -> String {
        if attempt < 2 { format!("{task}_{name}") } else { format!("{task}-{attempt}_{name}") }
    }

    /// The task that the step runs for, if it does.
    pub fn task(&self) -> Option<TaskId> {
        let (task, _) = self.suite.split_once('_')?;
        let number = task.strip_prefix('t')?;
        number.split_once('-').map_or(number, |(number, _)| number).parse().ok().map(TaskId)
    }

    /// Whether it runs beside other steps: for as long as they need it, or for an agent during its turn.
    pub fn is_beside(&self) -> bool {
        self.kind.is_beside() || self.task().is_some()
    }
}

impl fmt::Display for StepKey {
    /// `r12-i3-test-unit-a1`, `r12-i3-service-unit.db-a1`, `r12-i3-test-t5_unit-a1`: letters, digits, dashes, that dot and that
    /// underscore only (names of suites and services are checked by the config room).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-i{}-{}", self.run, self.iteration, self.kind.name())?;
        if !self.suite.is_empty() {
            write!(f, "-{}", self.suite)?;
        }
        write!(f, "-a{}", self.attempt)
    }
}

/// What a step puts on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDisk {
    /// The tree that it works in.
    Tree,
    /// What its program writes out.
    Log,
    /// Where its output waits while no engine takes it. Only a program that writes there itself fills it.
    Spool,
    /// What an agent keeps of its conversation.
    Session,
}

impl OnDisk {
    /// In one word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Log => "log",
            Self::Spool => "spool",
            Self::Session => "session",
        }
    }
}

/// How a step's container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum StepEnd {
    /// The program exited by itself.
    Exited {
        /** Its code. */
        code: i32,
    },
    /// The program was ended by a signal that the engine did not send.
    Signalled {
        /** The signal's number. */
        signal: i32,
        /** Out of memory, where that can be known. */
        oom: Option<bool>,
    },
    /// The engine stopped it at the step's time limit.
    TimedOut {
        /** The limit in seconds. */
        seconds: u64,
    },
    /// The engine stopped it because nothing was written for so long.
    Silent {
        /** The limit in seconds. */
        seconds: u64,
    },
    /// The engine stopped it because it put more on disk than it may.
    Overfull {
        /** What came to its cap. */
        what: OnDisk,
        /** The cap in MiB. */
        mib: u64,
    },
    /// The engine stopped it for a pause, a cancel or a rollback.
    Stopped,
    /// The program could not be started (missing, not executable).
    NotStarted {
        /** The reason, from the shim. */
        reason: String,
    },
    /// The container vanished and nobody knows its exit code.
    Lost {
        /** What is known. */
        reason: String,
        /** A daemon restart explains it, so it does not count as a failure. */
        explained: bool,
    },
}

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Committed before anything was created.
    Intended,
    /// The container exists under this id; only such a container is ours.
    Created {
        /** Docker's id. */
        container: String,
    },
    /// It ended.
    Ended {
        /// How.
        end: StepEnd,
        /// SHA-256 of the log's bytes; a result counts only with it.
        log_digest: String,
        /// Refused connections on the step's log channel.
        intrusions: u32,
    },
}

/// What became of a step's log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepLog {
    /// It is written, or not closed yet.
    #[default]
    Open,
    /// It is closed: checked and compressed.
    Kept {
        /// Its bytes.
        bytes: u64,
        /// What it takes on disk.
        stored: u64,
    },
    /// It is not what was recorded at the step's end.
    Damaged {
        /// What it takes on disk.
        stored: u64,
        /// What is wrong.
        reason: String,
    },
    /// There was none.
    Missing,
    /// It is being removed.
    Removing {
        /// What it takes on disk.
        stored: u64,
        /// Why.
        reason: String,
    },
    /// Retention removed it.
    Removed {
        /// When.
        at: Millis,
        /// Why.
        reason: String,
    },
}

/// One execution of a step, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// What it is.
    pub key: StepKey,
    /// How far it has come.
    pub state: StepState,
    /// When it was intended.
    pub started: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// What became of its log.
    #[serde(default)]
    pub log: StepLog,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_for_a_task_names_it_and_nothing_else_does() {
        let key = |suite: String| StepKey { run: RunId(1), iteration: 2, kind: StepKind::Test, suite, attempt: 1 };
        let first = key(StepKey::of_task(TaskId(5), 1, "unit"));
        assert_eq!((first.to_string().as_str(), first.task()), ("r1-i2-test-t5_unit-a1", Some(TaskId(5))));
        let again = key(StepKey::of_task(TaskId(5), 2, "unit"));
        assert_eq!((again.to_string().as_str(), again.task()), ("r1-i2-test-t5-2_unit-a1", Some(TaskId(5))));
        assert!(again.is_beside());
        for plain in ["", "unit", "t5", "t5-unit", "unit.db"] {
            assert_eq!(key(plain.to_owned()).task(), None, "{plain}");
        }
    }
}
