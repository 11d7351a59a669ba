//! Drivers that fail, which only a fault of the engine itself makes them do. The run is begun with again, ever later, while all others go
//! on; the third time in a row people are asked.

use super::Watchlist;
use crate::domain::RunId;
use crate::engine::Engine;
use crate::engine::crash::Crashed;
use crate::engine::driver::CommitFault;
use crate::engine::machine::Event;
use crate::engine::ports::World;
use crate::engine::supervise;
use std::collections::HashMap;
use tokio::task::{Id, JoinError};
use tokio::time::Instant;

/// So many failures in a row are a question.
const MOST: u32 = 3;

/// How often the driver of a run has failed in a row, and when it is begun with again.
#[derive(Default)]
pub(super) struct Broken(HashMap<RunId, (u32, Instant)>);

impl Broken {
    /// Whether a run is left alone still.
    pub fn rests(&self, run: RunId) -> bool {
        self.0.get(&run).is_some_and(|(_, until)| Instant::now() < *until)
    }

    /// One more failure; how many there are now.
    fn count(&mut self, run: RunId) -> u32 {
        let (times, until) = self.0.entry(run).or_insert((0, Instant::now()));
        *times += 1;
        *until = Instant::now() + supervise::pause(*times);
        *times
    }

    fn forget(&mut self, run: RunId) {
        self.0.remove(&run);
    }
}

impl<W: World> Engine<W> {
    /// Forgets a driver that ended. The run of one that failed is found again.
    pub(super) async fn ended(
        &self,
        done: Result<(Id, Result<(), Crashed>), JoinError>,
        list: &mut Watchlist,
    ) -> Result<(), Crashed> {
        let error = match done {
            Ok((task, result)) => {
                if let Some(run) = list.driven.remove(&task) {
                    list.broken.forget(run);
                }
                return result;
            }
            Err(error) => error,
        };
        let Some(run) = list.driven.remove(&error.id()) else { return Ok(()) };
        list.rested.retain(|(other, _)| *other != run);
        let (times, words) = (list.broken.count(run), supervise::words(error));
        tracing::error!(%run, times, "its driver failed: {words}");
        self.note(run, &format!("the engine itself failed over it ({times} in a row): {words}"));
        if !times.is_multiple_of(MOST) {
            return Ok(());
        }
        let reason = format!("the engine itself failed over it {times} times in a row; its log has more: {words}");
        match self.commit(run, None, Event::Trouble { reason, lasting: true }, |_| Ok(())).await {
            Ok(_) => Ok(()),
            Err(CommitFault::Crashed) => Err(Crashed),
            Err(fault) => {
                tracing::error!(%run, "nobody can be asked about it yet: {fault:?}");
                Ok(())
            }
        }
    }
}
