//! The words between the engine and its clients: one JSON object a line over the engine's Unix socket.
//!
//! The client speaks first with [`Hello`]; the engine answers with [`Welcome`] or a [`Fault`] and closes. Then every
//! [`Request`] gets exactly one reply or fault with its id, in any order. A request that opens a stream (`watch`,
//! `follow_log`, `tail_log`) gets its reply first and [`Event`]s with the same id after it, until the client closes its side of the
//! connection, or a fault with that id ends the stream.
//!
//! What is shown is committed: events carry a cursor, the number of the last audit record they include. A client that comes
//! back with its cursor gets what changed since then, otherwise a snapshot. Log bytes cross exactly ([`Bytes`]).

mod assets;
mod budget;
mod bytes;
mod closer;
mod dataset;
mod feature;
mod lesson;
mod logs;
mod models;
mod needs;
pub mod openmetrics;
mod proposal;
mod reply;
mod request;
mod runs;
mod schedule;
mod status;
mod tools;

pub use assets::{AssetView, Became};
pub use budget::{BudgetReport, ProjectBudget, RunBudget};
pub use bytes::Bytes;
pub use closer::{BugAttempt, BugDetail, BugRepair, BugRun, IterationDetail, Round, Seen};
pub use dataset::{DatasetAsk, DatasetView};
pub use feature::{FeatureAsk, FeatureDetail, FeatureRun, FeatureView, SaidOf};
pub use lesson::{LessonAsk, LessonView};
pub use logs::{LogChunk, LogHits, LogInfo, LogLine, LogLines};
pub use models::{ModelsReport, ProviderFault, ProviderView, StoppedModels};
pub use proposal::{Before, NewProposal, ProposalBrief, ProposalDetail, Verdict, requester};
pub use reply::{EgressReport, Reply, Snapshot};
pub use request::{DeliverAs, Request};
pub use runs::{GuidanceView, RunDetail, RunView, SuiteView};
pub use schedule::{FiringView, ScheduleAsk, ScheduleDetail, ScheduleView};
pub use status::{BackupStatus, DiskSpace, EngineStatus};
pub use tools::{NoteView, ToolsUsed};

use crate::domain::Actor;
use serde::{Deserialize, Serialize};

/// The protocol spoken here. An engine answers clients of this version and refuses others by name.
pub const VERSION: u32 = 5;
/// Longest line in bytes that either side accepts.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// For fields that are left out where they say nothing.
fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

/// The first line of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version it speaks.
    pub protocol: u32,
    /// Name and version of the program, for the log.
    pub program: String,
}

/// The engine's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that both speak from here on.
    pub protocol: u32,
    /// Name and version of the engine.
    pub engine: String,
    /// The engine's instance; cursors of another one mean nothing.
    pub instance: String,
    /// Who the kernel says the client is.
    pub you: Actor,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientLine {
    /// Speaks first.
    Hello(Hello),
    /// Asks for something.
    Request {
        /// Chosen by the client, distinct among its open requests.
        id: u64,
        /// What.
        request: Request,
    },
}

/// What the engine sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineLine {
    /// The handshake is over.
    Welcome(Welcome),
    /// The one answer to a request.
    Reply {
        /// The request's id.
        id: u64,
        /// What.
        reply: Box<Reply>,
    },
    /// The one answer to a request that failed; id 0 for the connection as a whole.
    Fault {
        /// The request's id.
        id: u64,
        /// Why.
        fault: Fault,
    },
    /// News on a stream.
    Event {
        /// The id of the request that opened the stream.
        id: u64,
        /// What.
        event: Box<Event>,
    },
}

impl EngineLine {
    /// The request that the line is about; 0 for the connection as a whole.
    pub fn id(&self) -> u64 {
        match self {
            Self::Welcome(_) => 0,
            Self::Reply { id, .. } | Self::Fault { id, .. } | Self::Event { id, .. } => *id,
        }
    }
}

/// News.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Everything, as of a cursor, or the first part of it; changes bring the others.
    Snapshot(Snapshot),
    /// What changed up to a cursor: the present values of whatever changed.
    Changed(Snapshot),
    /// The next bytes of a log.
    Log(LogChunk),
    /// The next lines of a log, or its last ones. One that had no end before comes again.
    Lines(LogLines),
    /// The stream is over: the run rests for good and all its log bytes were sent.
    End,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// A stable word for scripts.
    pub code: FaultCode,
    /// Place, rule and remedy in words. May quote outside text.
    pub message: String,
}

/// Stable words for what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The line is not of this protocol.
    Protocol,
    /// Versions do not fit.
    Version,
    /// Not allowed.
    Forbidden,
    /// No such thing.
    NotFound,
    /// Not in this state, or not as it is.
    Refused,
    /// The engine itself failed.
    Engine,
}
