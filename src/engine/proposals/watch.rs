//! Looks after all proposals: deadlines, runs that are over, and one task for each that may start or has started.

use super::Proposals;
use crate::approval::deadline;
use crate::approval::machine::Event;
use crate::domain::ProposalId;
use crate::engine::crash::Crashed;
use crate::engine::supervise;
use crate::store::{StoreError, View, Waits};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// How often deadlines are looked at, beside each commit.
const LOOK: Duration = Duration::from_secs(5);
/// And how rarely after another commit, since commits come in crowds.
const CALM: Duration = Duration::from_millis(200);

/// What a task looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Care {
    /// A proposal, from its grant to its end.
    Carry(ProposalId),
    /// That what runs is told to stop.
    Halt(ProposalId),
}

/// The tasks that are at work, and those that failed.
#[derive(Default)]
struct Cares {
    tasks: JoinSet<Result<(), Crashed>>,
    whose: HashMap<Id, Care>,
    /// How often a task failed in a row, and when it is begun again.
    failed: HashMap<Care, (u32, Instant)>,
}

/// What there is to look after.
struct Found {
    /// Those that were granted, and whether each is to be told to stop.
    under_way: Vec<(ProposalId, bool)>,
    waiting: Vec<Waits>,
}

fn found(view: &View<'_>) -> Result<Found, StoreError> {
    Ok(Found { under_way: view.proposals_under_way()?, waiting: view.proposals_waiting()? })
}

impl Proposals {
    /// Looks after proposals until the future is dropped. `Err` only when a crash point was hit.
    pub async fn serve(self: Arc<Self>) -> Result<(), Crashed> {
        let mut cares = Cares::default();
        let mut commits = self.committed.subscribe();
        loop {
            commits.mark_unchanged();
            match self.store.read(found).await {
                Ok(found) => self.look_at_all(&found, &mut cares).await?,
                Err(error) => tracing::error!("the store does not answer: {error}"),
            }
            tokio::select! {
                () = self.stirred.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                // Runs end without a word to this part.
                _ = commits.changed() => tokio::time::sleep(CALM).await,
                Some(done) = cares.tasks.join_next_with_id() => cares.ended(done)?,
            }
        }
    }

    async fn look_at_all(self: &Arc<Self>, found: &Found, cares: &mut Cares) -> Result<(), Crashed> {
        for (id, to_stop) in &found.under_way {
            self.care(Care::Carry(*id), cares);
            if *to_stop {
                self.care(Care::Halt(*id), cares);
            }
        }
        for one in &found.waiting {
            if one.over {
                let over = || Event::Withdraw { by: None, reason: "the run that it was for is over".to_owned() };
                self.step(one.id, "over", over).await?;
            } else if deadline::passed(&one.asked, one.wait, false, &self.moment()) {
                self.step(one.id, "look", || Event::Look).await?;
            }
        }
        Ok(())
    }

    /// One task for each.
    fn care(self: &Arc<Self>, care: Care, cares: &mut Cares) {
        if cares.whose.values().any(|other| *other == care) || cares.rests(care) {
            return;
        }
        let this = Arc::clone(self);
        let task = cares.tasks.spawn(async move {
            match care {
                Care::Carry(id) => this.carry(id).await,
                Care::Halt(id) => this.halt(id).await,
            }
        });
        cares.whose.insert(task.id(), care);
    }
}

impl Cares {
    /// Whether it failed so lately that it is not begun again yet.
    fn rests(&self, care: Care) -> bool {
        self.failed.get(&care).is_some_and(|(_, until)| Instant::now() < *until)
    }

    /// Forgets a task that ended. What one that failed looked after is begun with again by asking its asset.
    fn ended(&mut self, done: Result<(Id, Result<(), Crashed>), JoinError>) -> Result<(), Crashed> {
        match done {
            Ok((task, result)) => {
                if let Some(care) = self.whose.remove(&task) {
                    self.failed.remove(&care);
                }
                result
            }
            Err(error) => {
                let (task, words) = (error.id(), supervise::words(error));
                if let Some(care) = self.whose.remove(&task) {
                    let (times, until) = self.failed.entry(care).or_insert((0, Instant::now()));
                    *times += 1;
                    *until = Instant::now() + supervise::pause(*times);
                    tracing::error!(?care, times, "a task for an execution failed: {words}");
                }
                Ok(())
            }
        }
    }
}
