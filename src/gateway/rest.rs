//! How long a provider that failed is left out, while there are others of its API.

use crate::domain::Millis;
use hyper::StatusCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After the first failure; doubled with each further one in a row.
const FIRST: Duration = Duration::from_secs(5);
/// The longest after failures.
const LONGEST: Duration = Duration::from_mins(5);
/// The longest after a limit whose end is stated: a provider may have more room again sooner than it said.
const LONGEST_LIMIT: Duration = Duration::from_hours(1);
/// A limit that ends so soon is waited for by the agent, in milliseconds.
pub(super) const NEAR: i64 = 5_000;

/// Why and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// What failed, in words.
    pub why: String,
    /// How often in a row.
    pub failures: u32,
    /// How much longer it is left out; zero where it is asked again.
    pub left: Duration,
}

/// The failures of one provider.
#[derive(Debug, Default)]
pub(super) struct Rest(Mutex<Option<Failed>>);

#[derive(Debug, Clone)]
struct Failed {
    why: String,
    failures: u32,
    until: Instant,
}

impl Rest {
    /// It answered as it should.
    pub fn over(&self) {
        self.now().take();
    }

    /// It failed. A limit with a stated end is as long as that.
    pub fn failed(&self, why: String, limit: Option<Duration>) {
        let mut kept = self.now();
        let failures = kept.as_ref().map_or(0, |failed| failed.failures).saturating_add(1);
        let doubled = FIRST.saturating_mul(1 << (failures - 1).min(10)).min(LONGEST);
        let rest = limit.map_or(doubled, |limit| limit.clamp(FIRST, LONGEST_LIMIT));
        *kept = Some(Failed { why, failures, until: Instant::now() + rest });
    }

    /// How long it is still left out.
    pub fn left(&self) -> Duration {
        let now = Instant::now();
        self.now().as_ref().map_or(Duration::ZERO, |failed| failed.until.saturating_duration_since(now))
    }

    /// What failed last, where nothing has succeeded since.
    pub fn seen(&self) -> Option<Resting> {
        let left = self.left();
        self.now().as_ref().map(|failed| Resting { why: failed.why.clone(), failures: failed.failures, left })
    }

    fn now(&self) -> MutexGuard<'_, Option<Failed>> {
        // Every change under this lock is a single one, so a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer is a reason to ask the next provider, before anything of it has gone to the agent: what its server does
/// wrong, and a limit that does not end within seconds.
pub(super) fn passes_on(status: StatusCode, until: Option<Millis>, now: Millis) -> bool {
    status.is_server_error()
        || (status == StatusCode::TOO_MANY_REQUESTS && until.is_some_and(|until| until.since(now) > NEAR))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_failure_in_a_row_is_left_out_for_longer_and_a_success_ends_it() {
        let rest = Rest::default();
        assert_eq!((rest.left(), rest.seen()), (Duration::ZERO, None));
        for (failures, seconds) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 300), (8, 300)] {
            rest.failed("it answered with 503".to_owned(), None);
            let seen = rest.seen().unwrap();
            let about = Duration::from_secs(seconds).saturating_sub(seen.left);
            assert!(seen.failures == failures && about < Duration::from_secs(1), "{seen:?}");
        }
        rest.over();
        rest.failed("it is at its limit".to_owned(), Some(Duration::from_mins(10)));
        assert!(rest.left() > Duration::from_mins(9));
        rest.failed("it is at its limit".to_owned(), Some(Duration::from_hours(200)));
        assert!(rest.left() <= LONGEST_LIMIT);
    }

    #[test]
    fn faults_of_servers_and_long_limits_pass_on_and_nothing_else() {
        let now = Millis(1_000_000);
        let passes = |status: u16, after: Option<i64>| {
            passes_on(StatusCode::from_u16(status).unwrap(), after.map(|after| now.plus(after)), now)
        };
        for status in [500, 502, 503, 504, 529] {
            assert!(passes(status, None), "{status}");
        }
        assert!(passes(429, Some(6_000)));
        for (status, after) in [(200, None), (400, None), (401, None), (404, None), (429, None), (429, Some(5_000))] {
            assert!(!passes(status, after), "{status} {after:?}");
        }
    }
}
