//! Logs of steps as answers tell them.

use super::{Bytes, is_zero};
use crate::domain::{RunId, StepKey, StepLog};
use serde::{Deserialize, Serialize};

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
