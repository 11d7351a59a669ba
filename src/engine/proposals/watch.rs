//! Looks after all proposals: deadlines, runs that are over, and one task for each that may start or has started.

use super::Proposals;
use crate::approval::deadline;
use crate::approval::machine::Event;
use crate::domain::{Proposal, ProposalId};
use crate::engine::crash::Crashed;
use crate::store::Which;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often deadlines are looked at, beside each commit.
const LOOK: Duration = Duration::from_secs(5);
/// And how rarely after another commit, since commits come in crowds.
const CALM: Duration = Duration::from_millis(200);
/// Most that are looked after at once.
const MOST: usize = 1000;

/// What a task looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Care {
    /// A proposal, from its grant to its end.
    Carry(ProposalId),
    /// That what runs is told to stop.
    Halt(ProposalId),
}

impl Proposals {
    /// Looks after proposals until the future is dropped. `Err` only when a crash point was hit.
    pub async fn serve(self: Arc<Self>) -> Result<(), Crashed> {
        let mut tasks = JoinSet::new();
        let mut commits = self.committed.subscribe();
        loop {
            commits.mark_unchanged();
            match self.store.read(|view| view.proposals(Which::Open, MOST)).await {
                Ok(open) => self.look_at_all(&open, &mut tasks).await?,
                Err(error) => tracing::error!("the store does not answer: {error}"),
            }
            tokio::select! {
                () = self.stirred.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                // Runs end without a word to this part.
                _ = commits.changed() => tokio::time::sleep(CALM).await,
                Some(done) = tasks.join_next() => match done {
                    Ok((care, result)) => {
                        self.carried().remove(&care);
                        result?;
                    }
                    Err(error) => {
                        tracing::error!("a task for an execution failed: {error}");
                        // It is not known which, so all that have no task are begun with again by asking their assets.
                        if tasks.is_empty() {
                            self.carried().clear();
                        }
                    }
                },
            }
        }
    }

    fn carried(&self) -> std::sync::MutexGuard<'_, HashSet<Care>> {
        self.carried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_at_all(
        self: &Arc<Self>,
        open: &[Proposal],
        tasks: &mut JoinSet<(Care, Result<(), Crashed>)>,
    ) -> Result<(), Crashed> {
        for one in open.iter().filter(|one| !one.state.is_final()) {
            if !one.state.is_open() {
                self.care(Care::Carry(one.id), tasks);
                if one.is_to_stop() {
                    self.care(Care::Halt(one.id), tasks);
                }
            } else if self.is_over(one).await {
                let over = || Event::Withdraw { by: None, reason: "the run that it was for is over".to_owned() };
                self.step(one.id, "over", over).await?;
            } else if self.is_late(one) {
                self.step(one.id, "look", || Event::Look).await?;
            }
        }
        Ok(())
    }

    /// One task for each.
    fn care(self: &Arc<Self>, care: Care, tasks: &mut JoinSet<(Care, Result<(), Crashed>)>) {
        if !self.carried().insert(care) {
            return;
        }
        let this = Arc::clone(self);
        tasks.spawn(async move {
            let done = match care {
                Care::Carry(id) => this.carry(id).await,
                Care::Halt(id) => this.halt(id).await,
            };
            (care, done)
        });
    }

    fn is_late(&self, one: &Proposal) -> bool {
        deadline::passed(&one.asked, one.wait, false, &self.moment())
    }

    /// Whether the run that it waits for is over.
    async fn is_over(&self, one: &Proposal) -> bool {
        let Some(run) = one.proposed.run else { return false };
        let found = self.store.read(move |view| view.run(run)).await;
        // Where the store does not answer nothing is taken back.
        found.is_ok_and(|run| run.is_none_or(|run| run.state.is_final()))
    }
}
