//! What a transition says about itself. The log adds order, clocks, engine and epoch.

use crate::domain::{Actor, ProjectId, QuestionId, RunId};
use serde_json::Value;

/// One event to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    pub(super) actor: Actor,
    pub(super) kind: String,
    pub(super) project: Option<ProjectId>,
    pub(super) run: Option<RunId>,
    pub(super) question: Option<QuestionId>,
    pub(super) detail: Option<Value>,
    pub(super) provenance: Option<String>,
}

impl AuditEvent {
    /// An event of this kind: a dotted word such as `run.queued`, at most 64 bytes.
    pub fn new(actor: Actor, kind: impl Into<String>) -> Self {
        Self { actor, kind: kind.into(), project: None, run: None, question: None, detail: None, provenance: None }
    }

    /// It is about this project.
    pub fn project(mut self, id: ProjectId) -> Self {
        self.project = Some(id);
        self
    }

    /// It is about this run.
    pub fn run(mut self, id: RunId) -> Self {
        self.run = Some(id);
        self
    }

    /// It is about this question.
    pub fn question(mut self, id: QuestionId) -> Self {
        self.question = Some(id);
        self
    }

    /// What a person needs to know beside the kind; at most 64 KiB with the rest of the record.
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Where outside text in the detail came from.
    pub fn provenance(mut self, from: impl Into<String>) -> Self {
        self.provenance = Some(from.into());
        self
    }
}
