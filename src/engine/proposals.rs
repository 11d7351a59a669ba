//! What is proposed for live assets: taken in, decided by people, started at most once, and looked after until its end is known.
//! `approval` has the rules, `store/proposals` the rows; what reaches an asset is behind the port `Fleet`.
//!
//! Nothing here starts anything twice. The grant is used up in the transaction that claims; that the first byte is about to leave is
//! committed before it leaves; and whoever finds an execution that it did not begin itself only ever asks the asset what became
//! of it.

mod ask;
mod carry;
mod decide;
mod deliver;
mod halt;
mod ledger;
mod output;
mod people;
mod ports;
#[cfg(test)]
pub(in crate::engine) mod sim;
mod together;
mod watch;

pub use ask::{Asked, ProposeFault, Request, propose};
pub use decide::{Change, DecideFault, Decision};
pub(in crate::engine) use deliver::delivered;
pub use people::Roles;
pub use ports::{Fleet, Order, Piece};

use super::crash::CrashPoints;
use crate::approval::policy::Policy;
use crate::audit::{Clock, Stamp};
use crate::domain::{Moment, ProposalId};
use crate::store::Store;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Notify, watch as ticks};

/// What proposing needs to know, shared with the tools of agents.
#[derive(Clone)]
pub struct Desk {
    /// The operator's rules.
    pub policy: Arc<Policy>,
    /// The assets.
    pub fleet: Arc<dyn Fleet>,
    /// The engine's instance.
    pub engine: String,
    /// The engine's epoch.
    pub epoch: u64,
}

/// Everything about proposals of one engine.
pub struct Proposals {
    store: Store,
    desk: Desk,
    roles: Arc<dyn Roles>,
    /// The clocks of the store.
    clock: Arc<dyn Clock>,
    crash: CrashPoints,
    /// Where the output of executions goes.
    logs: PathBuf,
    /// Tells everybody who shows commits.
    committed: ticks::Sender<u64>,
    stirred: Notify,
    /// Wakes those who wait before they ask an asset again.
    nudged: Notify,
}

impl Proposals {
    /// Looks after nothing yet; [`Proposals::serve`] starts it.
    pub fn new(
        store: Store,
        desk: Desk,
        (roles, clock): (Arc<dyn Roles>, Arc<dyn Clock>),
        crash: CrashPoints,
        logs: PathBuf,
        committed: ticks::Sender<u64>,
    ) -> Arc<Self> {
        let (stirred, nudged) = (Notify::new(), Notify::new());
        Arc::new(Self { store, desk, roles, clock, crash, logs, committed, stirred, nudged })
    }

    /// What proposing needs to know.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The log of an execution.
    pub fn log(&self, id: ProposalId) -> PathBuf {
        self.logs.join("executions").join(format!("{id}.log"))
    }

    /// The moment by the engine's clocks.
    pub fn moment(&self) -> Moment {
        let Stamp { wall, boot, boot_id } = self.clock.now();
        Moment { wall, boot, boot_id: boot_id.to_string() }
    }

    fn announce(&self) {
        self.committed.send_modify(|count| *count = count.wrapping_add(1));
        self.stirred.notify_one();
    }
}
