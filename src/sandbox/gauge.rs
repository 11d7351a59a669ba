//! The caps on what a step puts on disk, as the engine watches over them: its tree, its log, its spool and the session
//! of an agent.
//!
//! A tree that is a file system of its own says itself what it takes. Any other is measured from time to time, never for more than a small part of the time, so a step can be beyond its cap for a
//! few seconds before it is stopped. What it does not see are files without a name that a program still holds open, and,
//! where the engine is not root, what lies in directories that the program has closed to it.

use super::channel::{Cause, StepChannel};
use super::{Profile, StepSpec, layout};
use crate::domain::OnDisk;
use crate::workspace::{self, volume};
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const MIB: u64 = 1 << 20;
/// Twice what the shim keeps there at most: only a program that writes there itself comes to it.
const SPOOL_MIB: u64 = 512;
/// Far beyond any conversation.
const SESSION_MIB: u64 = 256;
/// Files and directories that may be in each, however small they are. The shim makes a few in its spool, and a tree with more
/// than a part of these is not taken over.
const SPOOL_ENTRIES: u64 = 10_000;
const SESSION_ENTRIES: u64 = 20_000;
const TREE_ENTRIES: u64 = 1_000_000;
/// Between two measurements.
const PAUSE: Duration = Duration::from_secs(2);
/// And so many times as long as the last one took.
const REST: u32 = 10;

/// What one measurement found.
struct Found {
    broken: Option<Cause>,
    took: Duration,
}

/// What things of a step take, in KiB, when it is known.
pub(super) type Sizes = Pin<Box<dyn Future<Output = io::Result<Vec<(OnDisk, u64)>>> + Send>>;

/// Who measures the things of a step where they lie on another machine.
pub(super) trait Far: Send + Sync {
    /// Measures these.
    fn sizes(self: Arc<Self>, what: Vec<OnDisk>) -> Sizes;
}

/// The caps of one step.
pub(super) struct Gauge {
    log_mib: u64,
    /// What is measured, with its cap in MiB.
    places: Vec<(OnDisk, PathBuf, u64)>,
    /// Who measures, where it is not this machine.
    far: Option<Arc<dyn Far>>,
    due: Instant,
    measuring: Option<JoinHandle<io::Result<Found>>>,
}

impl Gauge {
    pub(super) fn new(spec: &StepSpec) -> Self {
        let spool = (OnDisk::Spool, layout::spool_dir(spec), SPOOL_MIB);
        // What a setup works in is a copy in its container.
        let tree = spec.tree.clone().filter(|_| spec.profile != Profile::Provision);
        let tree = tree.map(|tree| (OnDisk::Tree, tree, spec.limits.disk_mib));
        let session = spec.has_session().then(|| (OnDisk::Session, layout::session_dir(&spec.dir), SESSION_MIB));
        let places = tree.into_iter().chain([spool]).chain(session).collect();
        Self { log_mib: spec.limits.log_mib, places, far: None, due: Instant::now(), measuring: None }
    }

    /// The caps of a step whose things lie on another machine.
    pub(super) fn on(self, far: Option<Arc<dyn Far>>) -> Self {
        Self { far, ..self }
    }

    /// Which cap is broken, if one is. Does not wait for a measurement.
    pub(super) async fn broken(&mut self, channel: &StepChannel) -> Option<Cause> {
        if channel.left_out().is_some() {
            return Some(Cause::Overfull { what: OnDisk::Log, mib: self.log_mib });
        }
        match self.measuring.take() {
            Some(measuring) if !measuring.is_finished() => self.measuring = Some(measuring),
            Some(measuring) => match measuring.await.map_err(io::Error::other).flatten() {
                Ok(Found { broken: Some(cause), .. }) => return Some(cause),
                Ok(Found { took, .. }) => self.due = Instant::now() + PAUSE.max(took * REST),
                Err(error) => {
                    tracing::warn!(%error, "what a step has on disk cannot be measured");
                    self.due = Instant::now() + PAUSE;
                }
            },
            None if Instant::now() >= self.due => {
                let places = self.places.clone();
                self.measuring = Some(match self.far.clone() {
                    Some(far) => tokio::spawn(measure_there(far, places)),
                    None => tokio::task::spawn_blocking(move || measure(places)),
                });
            }
            None => {}
        }
        None
    }
}

fn measure(places: Vec<(OnDisk, PathBuf, u64)>) -> io::Result<Found> {
    let begun = std::time::Instant::now();
    for (what, dir, mib) in places {
        let most = mib.saturating_mul(MIB);
        let entries = match what {
            OnDisk::Tree => TREE_ENTRIES,
            OnDisk::Session => SESSION_ENTRIES,
            OnDisk::Spool | OnDisk::Log => SPOOL_ENTRIES,
        };
        let broken = if volume::is_own(&dir)? {
            volume::takes_more(&dir, most)?
        } else {
            workspace::takes_more(&dir, most, entries)?
        };
        if broken {
            return Ok(Found { broken: Some(Cause::Overfull { what, mib }), took: begun.elapsed() });
        }
    }
    Ok(Found { broken: None, took: begun.elapsed() })
}

async fn measure_there(far: Arc<dyn Far>, places: Vec<(OnDisk, PathBuf, u64)>) -> io::Result<Found> {
    let begun = std::time::Instant::now();
    let sizes = far.sizes(places.iter().map(|(what, ..)| *what).collect()).await?;
    let mut caps = sizes.into_iter().zip(places).map(|((what, kib), (_, _, mib))| (what, kib, mib));
    let broken = caps.find(|(_, kib, mib)| *kib > mib.saturating_mul(1024));
    Ok(Found { broken: broken.map(|(what, _, mib)| Cause::Overfull { what, mib }), took: begun.elapsed() })
}
