//! The starts of test runs that are under way: a task for each, so that a source that does not answer holds up its own project alone.

use crate::domain::{Due, Schedule, ScheduleId};
use crate::engine::ask::AskError;
use crate::engine::supervise;
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// How long after a start that failed the same is tried again.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// One that is due, with what is due of it.
type Begun = (Schedule, Due);

/// One over which the engine itself failed.
pub(super) struct Broke {
    pub schedule: Schedule,
    pub due: Due,
    /// Over what.
    pub why: String,
}

/// All of them.
#[derive(Default)]
pub(super) struct Starts {
    tasks: JoinSet<Result<(), AskError>>,
    whose: HashMap<Id, Begun>,
    /// Those that failed lately, and when they are tried again.
    rests: HashMap<ScheduleId, Instant>,
}

impl Starts {
    /// Whether nothing is to be done for it now: its start is under way, or failed lately.
    pub fn holds(&self, id: ScheduleId) -> bool {
        self.whose.values().any(|(schedule, _)| schedule.id == id)
            || self.rests.get(&id).is_some_and(|until| Instant::now() < *until)
    }

    /// Begins with one.
    pub fn begin(
        &mut self,
        schedule: Schedule,
        due: Due,
        start: impl Future<Output = Result<(), AskError>> + Send + 'static,
    ) {
        self.rests.remove(&schedule.id);
        let task = self.tasks.spawn(start);
        self.whose.insert(task.id(), (schedule, due));
    }

    /// The next end of one. `None` where none is under way.
    pub async fn next(&mut self) -> Option<Result<(), Box<Broke>>> {
        let done = self.tasks.join_next_with_id().await?;
        Some(self.ended(done))
    }

    fn ended(&mut self, done: Result<(Id, Result<(), AskError>), JoinError>) -> Result<(), Box<Broke>> {
        match done {
            Ok((task, result)) => {
                let begun = self.whose.remove(&task);
                if let (Some((schedule, _)), Err(error)) = (begun, result) {
                    tracing::warn!("{} is due and cannot be started: {error}", schedule.id);
                    self.rests.insert(schedule.id, Instant::now() + AGAIN);
                }
                Ok(())
            }
            Err(error) => {
                let Some((schedule, due)) = self.whose.remove(&error.id()) else { return Ok(()) };
                Err(Box::new(Broke { schedule, due, why: supervise::words(error) }))
            }
        }
    }

    /// Whether something failed that is tried again soon.
    pub fn any_rests(&self) -> bool {
        !self.rests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::domain::{Actor, Millis, ProjectId, Timing};

    fn schedule(id: i64) -> Schedule {
        Schedule {
            id: ScheduleId(id),
            project: ProjectId(1),
            suites: Vec::new(),
            revision: None,
            timing: Timing::Once { at: Millis(0) },
            by: Actor::Engine,
            added: Millis(0),
            paused: false,
            next: Some(Millis(0)),
        }
    }

    const DUE: Due = Due { since: Millis(0), missed: 0, next: None };

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_does_not_keep_the_others_waiting() {
        let mut starts = Starts::default();
        starts.begin(schedule(1), DUE, std::future::pending());
        starts.begin(schedule(2), DUE, async { Ok(()) });
        starts.begin(schedule(3), DUE, async { Err(AskError::Down) });
        starts.begin(schedule(4), DUE, async { panic!("no luck") });
        let mut broke = Vec::new();
        for _ in 0..3 {
            broke.extend(starts.next().await.unwrap().err());
        }
        assert_eq!((broke.len(), broke[0].schedule.id, broke[0].why.as_str()), (1, ScheduleId(4), "no luck"));
        let held = |starts: &Starts| (1..5).filter(|id| starts.holds(ScheduleId(*id))).collect::<Vec<_>>();
        assert_eq!(held(&starts), [1, 3]);
        tokio::time::sleep(AGAIN).await;
        assert_eq!(held(&starts), [1], "what failed is tried again, what hangs is not begun twice");
    }
}
