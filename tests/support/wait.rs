//! Waiting on a condition instead of for a time.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks `condition` again and again until it holds. Fails the test, naming `what`, when it does not within `limit`.
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < limit, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(20));
    }
}
