//! Counts the time that the program may run. Time in which the whole sandbox is frozen does not count.

use std::time::{Duration, Instant};

/// The most that one tick counts; a longer gap means that nobody was running.
const MOST: Duration = Duration::from_secs(1);

/// A count towards a limit.
pub(crate) struct Clock {
    left: Duration,
    last: Instant,
}

impl Clock {
    pub fn new(seconds: u64) -> Self {
        Self { left: Duration::from_secs(seconds), last: Instant::now() }
    }

    /// Counts the time since the last call; true once the limit is reached. Call at least twice a second.
    pub fn tick(&mut self, now: Instant) -> bool {
        self.left = self.left.saturating_sub(now.saturating_duration_since(self.last).min(MOST));
        self.last = now;
        self.left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_counts_as_one_tick() {
        let mut clock = Clock::new(3);
        let start = clock.last;
        assert!(!clock.tick(start + Duration::from_millis(500)));
        assert!(!clock.tick(start + Duration::from_hours(1)));
        assert!(!clock.tick(start + Duration::from_secs(3601)));
        assert!(clock.tick(start + Duration::from_secs(3602)));
    }
}
