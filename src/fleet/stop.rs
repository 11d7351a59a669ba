//! Ending a command that runs on an asset: all that it started in its group is told to end, and is killed after a grace. It is done there,
//! by the receipt's text, so that no process is touched but the one that the receipt names, in the life in which it was started.

use super::FleetFault;
use super::call::Call;
use super::carry::{Asked, Fleet, LOOK, Order, base, became};
use super::line::Line;
use super::says::Said;
use crate::domain::ExecutionOutcome;
use std::time::Duration;
use tokio::time::timeout;

/// So many seconds it may take to end by itself.
pub const GRACE: u64 = 10;

impl Fleet {
    /// Ends a command, and tells what is known of it then. One that has not begun never will: its place is held, as by a fence. `Err` where
    /// the asset does not answer.
    pub async fn stop(&self, order: &Order, boot: &str) -> Result<ExecutionOutcome, FleetFault> {
        let silent = |_| FleetFault("the asset does not answer".to_owned());
        timeout(LOOK + Duration::from_secs(GRACE), self.ended(order, boot)).await.map_err(silent)?
    }

    async fn ended(&self, order: &Order, boot: &str) -> Result<ExecutionOutcome, FleetFault> {
        let call = Call::about(order, "stop", base(&order.asset), &[&GRACE.to_string()]);
        let line = Line::open(self, &order.asset, &call).await?;
        let mut talk = line.call(&call, Vec::new()).await?;
        self.at("line.stop.called")?;
        let mut same = false;
        loop {
            match talk.next().await? {
                Some(Said::Boot(kernel)) => same = line.boot(&kernel) == boot,
                Some(Said::Made(_)) => {}
                Some(said) => {
                    self.at("line.stop.told")?;
                    return Ok(became(Asked::Fence { same }, said, order));
                }
                None => return Err(FleetFault("the line broke while it was told to stop".to_owned())),
            }
        }
    }
}
