//! How long a step has run, frozen time not counted, across restarts of the engine.
//!
//! When a container started is known but not how long it was paused, so that is kept in a small file in the step's
//! directory. It is written after the pause; if the engine dies in between, whoever follows the container next sees that
//! it is paused and notes it then.

use crate::domain::Millis;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

/// The file in the step's directory.
const FILE: &str = "frozen.json";

/// How long a container was frozen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frozen {
    /// Milliseconds of pauses that ended.
    total: i64,
    /// When the present pause began.
    since: Option<Millis>,
}

impl Frozen {
    /// Reads the file; a container that was never frozen has none, and one that cannot be read counts as none, which
    /// only makes the time limit come earlier.
    pub(super) fn load(dir: &Path) -> Self {
        fs::read(dir.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Takes note of what the container is seen to be. Returns whether that is news.
    pub(super) fn observe(&mut self, paused: bool, now: Millis) -> bool {
        match (paused, self.since) {
            (true, None) => self.since = Some(now),
            (false, Some(since)) => {
                self.total = self.total.saturating_add(now.since(since));
                self.since = None;
            }
            _ => return false,
        }
        true
    }

    /// Writes the file in one go.
    pub(super) fn save(self, dir: &Path) -> io::Result<()> {
        let fresh = dir.join(".frozen.json.new");
        fs::write(&fresh, serde_json::to_vec(&self)?)?;
        fs::rename(fresh, dir.join(FILE))
    }

    /// Milliseconds that a container has run since `started`, without its pauses.
    pub(super) fn active(self, started: Millis, now: Millis) -> i64 {
        let present = self.since.map_or(0, |since| now.since(since));
        now.since(started).saturating_sub(self.total).saturating_sub(present).max(0)
    }
}

/// Notes in the step's directory whether its container is frozen now.
pub(super) fn observe(dir: &Path, paused: bool) {
    let mut frozen = Frozen::load(dir);
    if frozen.observe(paused, now())
        && let Err(error) = frozen.save(dir)
    {
        // The pause then counts as running time, which is the safe side.
        tracing::warn!(dir = %dir.display(), %error, "a pause could not be noted");
    }
}

/// This moment.
pub(super) fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn frozen_time_does_not_count() {
        let mut frozen = Frozen::default();
        let at = Millis;
        assert_eq!(frozen.active(at(1000), at(4000)), 3000);
        assert!(frozen.observe(true, at(4000)));
        assert!(!frozen.observe(true, at(5000)));
        assert_eq!(frozen.active(at(1000), at(9000)), 3000);
        assert!(frozen.observe(false, at(10_000)));
        assert_eq!(frozen.active(at(1000), at(11_000)), 4000);
        // A clock that was set back never gives negative time.
        assert_eq!(frozen.active(at(1000), at(500)), 0);
    }

    #[test]
    fn it_survives_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Frozen::load(dir.path()), Frozen::default());
        let mut frozen = Frozen::default();
        frozen.observe(true, Millis(7));
        frozen.save(dir.path()).unwrap();
        assert_eq!(Frozen::load(dir.path()), frozen);
        fs::write(dir.path().join(FILE), b"{").unwrap();
        assert_eq!(Frozen::load(dir.path()), Frozen::default());
    }
}
