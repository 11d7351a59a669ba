//! The record of each use of a tool: a row for people, and an event in the audit log.

use super::fault::ToolFault;
use super::{Who, limits};
use crate::audit::AuditEvent;
use crate::domain::{Actor, ToolCall, ToolOutcome, shortened};
use crate::store::{StoreError, Tx};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What an agent asked, as far as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    tool: String,
    arguments: String,
}

impl Asked {
    pub fn new(tool: &str, arguments: &Map<String, Value>) -> Self {
        let tool = tool.chars().take(60).collect();
        let arguments = serde_json::to_string(arguments).unwrap_or_else(|error| error.to_string());
        Self { tool, arguments: shortened(&arguments, limits::ASKED) }
    }

    /// Records the use, with what came of it.
    pub fn store(
        self,
        tx: &Tx<'_>,
        who: Who,
        given: &Result<String, ToolFault>,
        took: Duration,
    ) -> Result<(), StoreError> {
        let (outcome, answer) = match given {
            Ok(answer) => (ToolOutcome::Done, answer.clone()),
            Err(fault) => (fault.outcome(), fault.to_string()),
        };
        let call = ToolCall {
            id: 0,
            run: who.run,
            iteration: who.iteration,
            tool: self.tool,
            asked: self.arguments,
            outcome,
            bytes: answer.len() as u64,
            answer: shortened(&answer, limits::ANSWER),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            at: who.now,
        };
        tx.insert_tool_call(&call)?;
        let detail = json!({
            "tool": call.tool, "iteration": call.iteration, "asked": call.asked, "outcome": outcome, "bytes": call.bytes,
        });
        let event = AuditEvent::new(Actor::Engine, "tool.used").run(who.run).project(who.project).detail(detail);
        tx.record(event.provenance(format!("the agent of {}", who.run)))?;
        Ok(())
    }
}
