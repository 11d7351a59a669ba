//! Delivery by an operator's hand, at any time and of any checkpoint; the delivery that ends a run is the driver's.

use super::Engine;
use super::ask::{AskError, LONGEST};
use super::ports::{Delivered, Trees, World};
use crate::audit::AuditEvent;
use crate::domain::{Actor, Project, Run};
use serde_json::{Value, json};

/// What an operator wants in the source repository.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// The run.
    pub run: Run,
    /// Its project.
    pub project: Project,
    /// The commit.
    pub commit: String,
    /// The branch's name there.
    pub branch: String,
    /// Also where the branch there has other commits.
    pub force: bool,
    /// Who wants it.
    pub by: Actor,
}

impl<W: World> Engine<W> {
    /// Puts a commit into the source as a branch. The intent is on record before, the outcome after it: with `force` the
    /// record is all that tells where a branch pointed.
    pub async fn hand_over(&self, wish: HandOver) -> Result<Delivered, AskError> {
        if wish.branch.len() > LONGEST {
            return Err(AskError::TooLong { found: wish.branch.len(), most: LONGEST });
        }
        self.note_delivery(&wish, "intended", json!({})).await?;
        self.crash.at("hand_over.intended")?;
        let done = self.world.trees().deliver(&wish.project, &wish.commit, &wish.branch, wish.force).await;
        self.crash.at("hand_over.delivered")?;
        match done {
            Ok(done) => {
                self.note_delivery(&wish, "done", json!({ "before": done.before })).await?;
                Ok(done)
            }
            Err(fault) => {
                let reason: String = fault.reason.chars().take(2_000).collect();
                self.note_delivery(&wish, "failed", json!({ "reason": reason })).await?;
                Err(AskError::Unfit(fault.reason))
            }
        }
    }

    async fn note_delivery(&self, wish: &HandOver, what: &str, more: Value) -> Result<(), AskError> {
        let mut detail = more;
        if let Some(object) = detail.as_object_mut() {
            object.insert("branch".to_owned(), json!(wish.branch));
            object.insert("commit".to_owned(), json!(wish.commit));
            object.insert("force".to_owned(), json!(wish.force));
        }
        let event = AuditEvent::new(wish.by.clone(), format!("delivery.{what}")).run(wish.run.id);
        let event = event.project(wish.project.id).detail(detail);
        self.store.write(move |tx| tx.record(event)).await?;
        self.announce();
        Ok(())
    }
}
