//! One request that was let through, counted while it lasts and recorded when it is over, however it ends.

use super::books::Books;
use super::budget::{Budget, Way};
use super::denied::Denied;
use crate::domain::EgressSeen;
use crate::gateway::said::Said;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Passage {
    row: EgressSeen,
    begun: Instant,
    up: AtomicU64,
    down: AtomicU64,
    failed: AtomicBool,
    budget: Arc<Budget>,
    books: Books,
    said: Arc<Said>,
}

impl Passage {
    pub fn new(row: EgressSeen, budget: Arc<Budget>, books: Books, said: Arc<Said>) -> Self {
        let (up, down, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Self { row, begun: Instant::now(), up, down, failed, budget, books, said }
    }

    /// What is known of it so far.
    pub fn seen(&self) -> &EgressSeen {
        &self.row
    }

    /// Counts bytes that are about to pass, as long as the run may have them.
    pub fn count(&self, way: Way, bytes: usize) -> Result<(), Denied> {
        let bytes = bytes as u64;
        if !self.budget.take(way, bytes) {
            return Err(Denied::Spent);
        }
        let counter = if way == Way::Up { &self.up } else { &self.down };
        counter.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// It came to nothing, and whoever is told that records why: it counts there.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// It is refused in the middle: why is recorded beside what has passed.
    pub fn refuse(&self, denied: Denied) {
        self.fail();
        let (run, host) = (self.row.run, &self.row.host);
        if self.said.may() {
            tracing::info!(%run, host, port = self.row.port, rule = denied.word(), "a request to outside is cut");
        }
        self.books.note(&EgressSeen { allowed: false, rule: denied.word().to_owned(), ..self.row.clone() });
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let milliseconds = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (up, down) = (self.up.load(Ordering::Relaxed), self.down.load(Ordering::Relaxed));
        let requests = u64::from(!self.failed.load(Ordering::Relaxed));
        let EgressSeen { run, host, port, rule, .. } = &self.row;
        if self.said.may() {
            tracing::info!(%run, host, port, rule, up, down, milliseconds, "a request to outside");
        }
        self.books.note(&EgressSeen { requests, up, down, milliseconds, last: super::now(), ..self.row.clone() });
    }
}
