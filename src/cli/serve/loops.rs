//! What an engine does by itself beside serving clients and driving runs: each loop is a task of its own, so that none waits for another,
//! and is begun again where it fails.

use crate::engine::supervise::{Faults, keep};
use tokio::task::JoinSet;

/// The loops of an engine; they end when this is dropped.
#[derive(Default)]
pub(super) struct Loops {
    tasks: JoinSet<()>,
    faults: Faults,
}

impl Loops {
    /// Begins with one, whose name people read where it fails.
    pub fn add<F>(&mut self, name: &'static str, make: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(keep(name, self.faults.clone(), make));
    }

    /// Which have failed lately.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }
}
