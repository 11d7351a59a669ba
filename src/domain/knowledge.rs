//! What agents ask by their tools, what they note, and what people registered for them to read.

use super::{Actor, BugId, Millis, ProjectId, RunId};
use serde::{Deserialize, Serialize};

/// What an agent notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// A problem that it saw.
    Finding,
    /// What it tried against a bug.
    Attempt,
}

/// What an agent says that it found or tried. It is the agent's word, and nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: i64,
    /// The run whose agent it was.
    pub run: RunId,
    /// In which iteration.
    pub iteration: u32,
    /// What it is.
    pub kind: NoteKind,
    /// The bug that it is about.
    pub bug: Option<BugId>,
    /// One line, from the agent.
    pub title: String,
    /// The rest, from the agent.
    pub text: String,
    /// Where, as the agent writes it. Never opened.
    pub place: Option<String>,
    /// When.
    pub at: Millis,
}

/// How far a note is more than its agent's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing bears it out: other runs do not get to read it.
    Unverified,
    /// The engine's tests of the same iteration no longer show the bug.
    BorneOut,
    /// They still show it.
    Refuted,
}

/// What came of the use of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It answered.
    Done,
    /// The agent asked for what it may not have, or wrongly.
    Refused,
    /// The engine could not answer.
    Failed,
}

/// One use of a tool. What comes from the agent is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Its number.
    pub id: i64,
    /// The run whose agent it was.
    pub run: RunId,
    /// In which iteration.
    pub iteration: u32,
    /// The tool, as the agent wrote it.
    pub tool: String,
    /// The arguments, as the agent wrote them.
    pub asked: String,
    /// What came of it.
    pub outcome: ToolOutcome,
    /// What it said, or how much.
    pub answer: String,
    /// Bytes of the answer.
    pub bytes: u64,
    /// How long it took.
    pub milliseconds: u64,
    /// When it was over.
    pub at: Millis,
}

/// What people register for agents to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Data to work with.
    Dataset,
}

impl EntryKind {
    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
        }
    }
}

/// One thing that people registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: EntryKind,
    /// Whose it is; every project's where none is named.
    pub project: Option<ProjectId>,
    /// Its name, its own among those of its kind and project.
    pub name: String,
    /// What there is to know.
    pub text: String,
    /// Who registered it.
    pub by: Actor,
    /// When.
    pub at: Millis,
}
