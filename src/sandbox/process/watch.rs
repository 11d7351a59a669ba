//! Waits for a container's end and keeps its time limits.

use super::life::{self, Seen};
use super::record::Record;
use crate::sandbox::channel::{Cause, Sign, StepChannel};
use crate::sandbox::follow::Over;
use crate::sandbox::frozen::{self, Frozen};
use crate::sandbox::gauge::Gauge;
use crate::sandbox::limiter::Limiter;
use crate::sandbox::{Presence, StepSpec};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Between two looks at the limits.
const TICK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Between two looks while the container is being started, or its exit code written.
const PAUSE: Duration = Duration::from_millis(10);
/// A shim that is stopped ends its program and hands its last words over; after this time it is killed.
const GRACE: Duration = Duration::from_secs(15);
/// What a new start of the machine is called where it explains a loss.
const REBOOT: &str = "the machine was started anew";

/// A container under watch.
pub(super) struct Watch<'a> {
    pub(super) spec: &'a StepSpec,
    pub(super) record: &'a Record,
    /// The step's channel.
    pub(super) channel: &'a StepChannel,
    /// Tells people what is in the way.
    pub(super) tell: &'a (dyn Fn(String) + Send + Sync),
}

impl Watch<'_> {
    /// Waits for the end.
    pub(super) async fn over(&self) -> io::Result<Over> {
        let mut limits = Limiter::new(self.spec);
        let mut disk = Gauge::new(self.spec);
        let mut trouble = None;
        let mut process = None;
        loop {
            let Some(seen) = life::look(self.record)? else { return Ok(Over::default()) };
            if !matches!(seen.presence, Presence::Running | Presence::Frozen) {
                return Ok(Over { outage: seen.rebooted.then_some(REBOOT), remains: Some(seen.remains) });
            }
            if process.is_none() {
                process = open(&seen)?;
                let first = process.as_ref().and(seen.started.as_ref()).map(|started| started.first.pid());
                self.channel.expect_process(first);
            }
            frozen::observe(&self.spec.dir, seen.presence == Presence::Frozen);
            let active = Frozen::load(&self.spec.dir).active(life::started_at(&seen), frozen::now());
            let sign = self.channel.sign();
            self.tell_trouble(&mut trouble, &sign);
            let full = disk.broken(self.channel).await;
            // An engine before this one may have died while it stopped the container.
            if let Some(cause) = self.channel.cause().or(full).or_else(|| limits.broken(active, &sign)) {
                self.stop(cause).await?;
            }
            match &process {
                // Where it has ended, bubblewrap writes the exit code in a moment.
                Some(process) if !ends(process).await? => {}
                _ => sleep(PAUSE).await,
            }
        }
    }

    /// Stops the container, having noted why: whoever sees its end must not blame somebody else.
    async fn stop(&self, cause: Cause) -> io::Result<()> {
        if let Err(error) = self.channel.save_cause(cause).await {
            // A full disk is no reason to let it run on; only a crash within the next seconds would forget why.
            tracing::warn!(step = %self.spec.key, %error, "why a container is stopped could not be noted");
        }
        life::stop(self.record, GRACE).await
    }

    /// Says what keeps output from the disk, and when that is over.
    fn tell_trouble(&self, known: &mut Option<String>, sign: &Sign) {
        if *known != sign.trouble {
            (self.tell)(sign.trouble.clone().unwrap_or_else(|| "the step's log can be written again".to_owned()));
            known.clone_from(&sign.trouble);
        }
    }
}

/// A descriptor that becomes readable at the end of the first process; `None` where that is not known, or over.
fn open(seen: &Seen) -> io::Result<Option<Arc<OwnedFd>>> {
    let Some(started) = &seen.started else { return Ok(None) };
    Ok(started.first.open()?.map(Arc::new))
}

/// Waits for the end of a process, at most a tick; returns whether it has ended.
async fn ends(process: &Arc<OwnedFd>) -> io::Result<bool> {
    let process = Arc::clone(process);
    let waiting =
        tokio::task::spawn_blocking(move || match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&TICK)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        });
    waiting.await.map_err(io::Error::other)?
}
