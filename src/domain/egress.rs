//! What a run has asked of hosts outside, and what came of it.

use super::{Actor, HostName, Millis, QuestionId, RunId};
use serde::{Deserialize, Serialize};

/// Requests of one run that went to the same place and were judged alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressSeen {
    /// The run.
    pub run: RunId,
    /// The host as it was asked for; may be no name at all where it was refused. Empty for all further ones, where a run has
    /// asked for more different ones than are kept.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it was let through.
    pub allowed: bool,
    /// What decided: the word of the list that the host is on, or why it was refused.
    pub rule: String,
    /// How many requests.
    pub requests: u64,
    /// Bytes that went out.
    pub up: u64,
    /// Bytes that came in.
    pub down: u64,
    /// How long the requests took together, in milliseconds.
    pub milliseconds: u64,
    /// When the first was asked.
    pub first: Millis,
    /// When the last was.
    pub last: Millis,
}

/// Bytes that a run has sent out and let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressBytes {
    /// Out.
    pub up: u64,
    /// In.
    pub down: u64,
}

/// A host that people opened to every run of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHost {
    /// It.
    pub host: HostName,
    /// The question by which it was opened.
    pub question: QuestionId,
    /// Who said so.
    pub by: Actor,
    /// When.
    pub since: Millis,
    /// What they said to it.
    pub reason: String,
}
