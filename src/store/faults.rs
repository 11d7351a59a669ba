//! Failures on demand, for the simulator and tests. Inert unless armed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No space left.
    DiskFull,
    /// The disk reports an error.
    Io,
}

#[derive(Debug, Default)]
struct Plan {
    commits: u64,
    armed: BTreeMap<u64, FaultKind>,
    short: bool,
}

/// What shall fail. Shared between a test and the store under test.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

impl Faults {
    /// Makes the `n`-th commit from now fail; 1 is the next one.
    pub fn fail_commit(&self, n: u64, kind: FaultKind) {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = plan.commits.saturating_add(n.max(1));
        plan.armed.insert(at, kind);
    }

    /// Says from now on that there is no space for new steps, or that there is.
    pub fn run_short(&self, short: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).short = short;
    }

    /// Whether it was said that space runs short.
    pub(super) fn is_short(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).short
    }

    /// How many commits were tried so far.
    pub fn commits(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).commits
    }

    /// Counts one commit and says whether it shall fail.
    pub(super) fn next(&self) -> Option<FaultKind> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.commits += 1;
        let now = plan.commits;
        plan.armed.remove(&now)
    }
}
