//! How well the loops do without people, for those who ask.

use super::Server;
use crate::domain::Day;
use crate::engine::ports::World;
use crate::protocol::{Fault, Reply};
use crate::sandbox::Sandbox;

/// Most days that are counted.
const MOST: u32 = 3_650;

impl<S: Sandbox> Server<S> {
    pub(super) async fn metrics(&self, days: u32) -> Result<Reply, Fault> {
        let today = Day::of(self.engine.world.now());
        let from = Day(today.0 - i64::from(days.clamp(1, MOST) - 1));
        let metrics = self.engine.store.read_long(move |view| view.metrics(from, today)).await?;
        Ok(Reply::Metrics { metrics: Box::new(metrics) })
    }
}
