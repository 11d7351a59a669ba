//! Answers to what an agent asked by its tools. The run does not wait for them, so they are no event of its machine: the answer
//! is kept, and the next prompt quotes it.

use super::Engine;
use super::ask::{AskError, LONGEST};
use super::machine::Refused;
use super::ports::World;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Question, Run};
use crate::store::StoreError;
use serde_json::json;

impl<W: World> Engine<W> {
    /// Keeps a person's answer to an agent's question.
    pub(super) async fn answer_agent(
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
        let (id, run) = (question.id, question.run);
        let answered = self.store.write(move |tx| {
            tx.answer_question(id, approve, &reason, &by)?;
            let detail = json!({ "kind": "agent", "approve": approve, "answer": reason });
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
