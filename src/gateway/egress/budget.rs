//! Bytes that a run may send and fetch. They are taken before they pass, so a run never has more than it may.

use crate::domain::EgressBytes;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is left of a run's bytes.
#[derive(Debug)]
pub(super) struct Budget {
    up: AtomicU64,
    down: AtomicU64,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Budget {
    /// What is left of `most` after `spent`.
    pub fn new(most: EgressBytes, spent: EgressBytes) -> Self {
        let left = |most: u64, spent: u64| AtomicU64::new(most.saturating_sub(spent));
        Self { up: left(most.up, spent.up), down: left(most.down, spent.down) }
    }

    /// Whether nothing is left one way or the other.
    pub fn is_spent(&self) -> bool {
        self.up.load(Ordering::Relaxed) == 0 || self.down.load(Ordering::Relaxed) == 0
    }

    /// Takes bytes that are about to pass. Where fewer are left, none pass, and nothing is left from then on.
    pub fn take(&self, way: Way, bytes: u64) -> bool {
        let left = if way == Way::Up { &self.up } else { &self.down };
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        if taken.is_err() {
            left.store(0, Ordering::Relaxed);
        }
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_passes_beyond_what_is_allowed() {
        let budget = Budget::new(EgressBytes { up: 100, down: 1000 }, EgressBytes { up: 40, down: 0 });
        assert!(budget.take(Way::Up, 60) && !budget.take(Way::Up, 1) && budget.is_spent());
        assert!(budget.take(Way::Down, 999));
        let budget = Budget::new(EgressBytes { up: 100, down: 1000 }, EgressBytes::default());
        assert!(!budget.take(Way::Up, 101), "more than is left at once");
        assert!(!budget.take(Way::Up, 1) && budget.is_spent(), "and then nothing is");
        let budget = Budget::new(EgressBytes { up: 1, down: 1 }, EgressBytes { up: 7, down: 7 });
        assert!(budget.is_spent());
    }
}
