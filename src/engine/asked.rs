//! Answers to what is asked beside the work: by an agent with its tools, or over a host that is on no list. The run does not wait
//! for them, so they are no event of its machine: the answer is kept, and whoever asked looks for it there.

use super::Engine;
use super::ask::{AskError, LONGEST};
use super::machine::Refused;
use super::ports::World;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Question, Run, RunId};
use crate::store::StoreError;
use serde_json::json;

impl<W: World> Engine<W> {
    /// Keeps a person's answer to a question that its run does not wait for.
    pub(super) async fn answer_beside(
        &self,
        question: &Question,
        approve: bool,
        reason: String,
        by: Actor,
    ) -> Result<Run, AskError> {
        if reason.len() > LONGEST {
            return Err(AskError::TooLong { found: reason.len(), most: LONGEST });
        }
        if !approve && reason.trim().is_empty() {
            return Err(Refused::Incomplete("a denial needs a reason: it is kept, and the agent reads it").into());
        }
        let (id, kind) = (question.id, question.kind.name());
        let run = asking(question)?;
        let answered = self.store.write(move |tx| {
            tx.answer_question(id, approve, &reason, &by)?;
            let detail = json!({ "kind": kind, "approve": approve, "answer": reason });
            tx.record(AuditEvent::new(by, "question.answered").run(run).question(id).detail(detail))?;
            tx.run(run)?.ok_or_else(|| StoreError::Missing { what: "run", id: run.to_string() })
        });
        match answered.await {
            Ok(run) => {
                self.announce();
                Ok(run)
            }
            // Somebody else was faster.
            Err(StoreError::Refused(_)) => Err(Refused::NotOpen { question: id }.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The run that a question is about. What is asked of no run is about a live asset, and decided elsewhere.
pub(super) fn asking(question: &Question) -> Result<RunId, AskError> {
    let elsewhere =
        || Refused::Incomplete("this is about a live asset: `dogwatch approvals ls` names the proposal, decide that");
    question.run.ok_or_else(|| elsewhere().into())
}
