//! Hosts that every run of a project may reach: opened by a yes to the question of one of its runs, closed by anybody's word.

use super::Engine;
use super::ask::{AskError, LONGEST};
use super::machine::Refused;
use super::ports::World;
use crate::audit::AuditEvent;
use crate::domain::{Actor, HostName, Project, QuestionId, QuestionKind, Run};
use crate::store::StoreError;
use serde_json::json;

impl<W: World> Engine<W> {
    /// Says yes to a question about a host, for every run of the project. Other open questions there about the same host are
    /// taken back, since nobody needs their answers.
    pub async fn open_host(&self, id: QuestionId, reason: String, by: Actor) -> Result<Run, AskError> {
        if reason.len() > LONGEST {
            return Err(AskError::TooLong { found: reason.len(), most: LONGEST });
        }
        let question = self.open_question(id).await?;
        if question.kind != QuestionKind::Egress {
            let words = "only what is asked about a host can be answered for a whole project: answer it for its run";
            return Err(Refused::Incomplete(words).into());
        }
        let opened = self.store.write(move |tx| {
            let missing = |what, id| StoreError::Missing { what, id };
            let (run, host) = tx.host_asked_for(id)?.ok_or_else(|| missing("question", id.to_string()))?;
            let run = tx.run(run)?.ok_or_else(|| missing("run", run.to_string()))?;
            tx.answer_question(id, true, &reason, &by)?;
            let kind = QuestionKind::Egress.name();
            let detail = json!({ "kind": kind, "approve": true, "answer": reason, "host": host, "all_runs": true });
            tx.record(AuditEvent::new(by.clone(), "question.answered").run(run.id).question(id).detail(detail))?;
            tx.open_host(run.project, &host, id)?;
            let event = AuditEvent::new(by, "host.opened").project(run.project).run(run.id).question(id);
            tx.record(event.detail(json!({ "host": host, "reason": reason })))?;
            for other in tx.open_about_host(run.project, &host)? {
                tx.withdraw_question(other)?;
                let asking = tx.host_asked_for(other)?.map(|(run, _)| run);
                let event = AuditEvent::new(Actor::Engine, "question.withdrawn").question(other);
                let event = event.detail(json!({ "why": format!("{id} opened {host} to the whole project") }));
                tx.record(match asking {
                    Some(run) => event.run(run),
                    None => event,
                })?;
            }
            Ok(run)
        });
        match opened.await {
            Ok(run) => {
                self.announce();
                Ok(run)
            }
            // Somebody else was faster.
            Err(StoreError::Refused(_)) => Err(Refused::NotOpen { question: id }.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Closes a host to a project's runs again: to what they ask for from now on.
    pub async fn close_host(
        &self,
        project: Project,
        host: HostName,
        reason: String,
        by: Actor,
    ) -> Result<(), AskError> {
        if reason.len() > LONGEST {
            return Err(AskError::TooLong { found: reason.len(), most: LONGEST });
        }
        let (id, wanted) = (project.id, host.clone());
        let closed = self.store.write(move |tx| {
            if !tx.close_host(id, &wanted)? {
                return Ok(false);
            }
            let event = AuditEvent::new(by, "host.closed").project(id);
            tx.record(event.detail(json!({ "host": wanted, "reason": reason })))?;
            Ok(true)
        });
        if !closed.await? {
            let words = format!(
                "nobody opened {host} to the runs of {name}: `dogwatch project hosts {name}` lists what is open",
                name = project.name
            );
            return Err(AskError::Unfit(words));
        }
        self.announce();
        Ok(())
    }
}
