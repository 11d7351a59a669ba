//! How much of what an agent asks stands in the engine's own log: so many lines a minute, and then how many there would have been.
//! An agent decides how often it asks, but not how much is written down for the operator.

use crate::domain::RunId;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines about one run in a minute.
const MOST: u32 = 60;
const MINUTE: Duration = Duration::from_mins(1);

/// What was said of a run.
#[derive(Debug)]
pub(super) struct Said {
    run: RunId,
    minute: Mutex<Minute>,
}

#[derive(Debug)]
struct Minute {
    begun: Instant,
    lines: u32,
    /// Those that were left out.
    more: u64,
}

impl Said {
    /// Nothing yet.
    pub fn new(run: RunId) -> Self {
        Self { run, minute: Mutex::new(Minute { begun: Instant::now(), lines: 0, more: 0 }) }
    }

    /// Whether a line may be written now. What was left out is told with the first one of the next minute.
    pub fn may(&self) -> bool {
        let (may, more) = self.minute().at(Instant::now());
        self.tell(more);
        may
    }

    fn tell(&self, more: u64) {
        if more > 0 {
            tracing::info!(run = %self.run, more, "requests of an agent that this log does not tell one by one");
        }
    }

    fn minute(&self) -> MutexGuard<'_, Minute> {
        // Every change under this lock is a few assignments, so a panic cannot leave it half done.
        self.minute.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        let more = self.minute().more;
        self.tell(more);
    }
}

impl Minute {
    /// Whether one more line may be written, and how many were left out in the minute that is over.
    fn at(&mut self, now: Instant) -> (bool, u64) {
        let mut more = 0;
        if now.duration_since(self.begun) >= MINUTE {
            more = self.more;
            *self = Self { begun: now, lines: 0, more: 0 };
        }
        let may = self.lines < MOST;
        if may {
            self.lines = self.lines.saturating_add(1);
        } else {
            self.more = self.more.saturating_add(1);
        }
        (may, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_lines_and_the_rest_is_a_number() {
        let begun = Instant::now();
        let mut minute = Minute { begun, lines: 0, more: 0 };
        let lines = (0..10_000).filter(|_| minute.at(begun).0).count();
        assert_eq!((lines, minute.more), (60, 9_940));
        assert_eq!(minute.at(begun + MINUTE), (true, 9_940));
        assert_eq!(minute.at(begun + MINUTE), (true, 0));
    }
}
