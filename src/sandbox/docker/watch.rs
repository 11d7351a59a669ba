//! Waits for a container's end and keeps its time limits.

use super::clock::Frozen;
use super::container;
use super::link::{Failure, Link};
use super::service;
use super::state::{self, Seen};
use super::verdict::{Cause, Remains};
use crate::domain::Millis;
use crate::sandbox::{Presence, SandboxError, StepSpec};
use bollard::errors::Error;
use bollard::query_parameters::WaitContainerOptionsBuilder;
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::time::{Instant, interval, sleep};

/// Between two looks at the limits.
const TICK: Duration = Duration::from_secs(1);
/// Docker's own "it has ended" is not relied on: a stream may hang when the service is restarted.
const LOOK_EVERY: u32 = 5;
/// An engine that does not answer for so long is reported; whoever follows tries again later.
const OUTAGE: Duration = Duration::from_secs(8);
/// Between two tries to reach it.
const RETRY: Duration = Duration::from_millis(300);
/// A shim that is stopped ends its program and hands its last words over; after this time it is killed.
const GRACE_SECONDS: i32 = 15;
/// The shim keeps the time limit itself, and to the point; this much later it is taken to have failed.
const SHIM_LATE_MS: i64 = 10_000;
/// An end so long after a lost connection still belongs to it.
const AFTERMATH_MS: i64 = 30_000;

/// What there is when a container has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Over {
    /// What Docker says; `None` when it has no such container.
    pub(super) remains: Option<Remains>,
    /// What this engine did.
    pub(super) cause: Option<Cause>,
    /// The Docker service went away around the end.
    pub(super) restarted: bool,
}

/// A container under watch.
pub(super) struct Watch<'a> {
    pub(super) link: &'a Link,
    pub(super) spec: &'a StepSpec,
    pub(super) container: &'a str,
    /// When the connection to the service was last lost, also before this watch began.
    pub(super) lost_at: &'a std::sync::Mutex<Option<Millis>>,
}

impl Watch<'_> {
    /// Waits for the end. `bytes` tells how much output there has been so far.
    pub(super) async fn over(&self, bytes: impl Fn() -> u64 + Send) -> Result<Over, SandboxError> {
        let Some(mut seen) = self.look().await? else { return Ok(Over::default()) };
        let mut limits = Limiter::new(self.spec, bytes());
        let mut ended = std::pin::pin!(self.hint());
        let mut ticks = interval(TICK);
        let mut count = 0_u32;
        let mut cause = None;
        while seen.presence == Presence::Running {
            let hinted = tokio::select! {
                () = &mut ended => true,
                _ = ticks.tick() => false,
            };
            count = count.wrapping_add(1);
            if hinted || count.is_multiple_of(LOOK_EVERY) {
                match self.look().await? {
                    Some(now) => seen = now,
                    None => return Ok(Over { remains: None, cause, restarted: false }),
                }
                if seen.presence != Presence::Running {
                    break;
                }
                container::observe(&self.spec.dir, seen.paused);
                if hinted {
                    ended.set(self.hint());
                }
            }
            let active = Frozen::load(&self.spec.dir).active(seen.started.unwrap_or_default(), container::now());
            if let Some(found) = limits.broken(active, bytes()) {
                cause = Some(found);
                container::stop(self.link, self.container, GRACE_SECONDS).await?;
            }
        }
        let restarted = self.restarted(&seen).await;
        Ok(Over { remains: Some(seen.remains), cause, restarted })
    }

    /// Looks at the container, through a short outage of the service.
    async fn look(&self) -> Result<Option<Seen>, SandboxError> {
        let begun = Instant::now();
        loop {
            match state::look(self.link, self.container).await {
                Ok(seen) => return Ok(seen),
                Err(failure @ Failure::Unreachable(_)) => {
                    self.note_loss();
                    if begun.elapsed() > OUTAGE {
                        return Err(failure.into_error("to look at a container"));
                    }
                    sleep(RETRY).await;
                }
                Err(failure) => return Err(failure.into_error("to look at a container")),
            }
        }
    }

    /// Ends when Docker says that the container has ended, or that it cannot say so any more. Only a hint to look.
    async fn hint(&self) {
        let Ok(docker) = self.link.client() else { return sleep(RETRY).await };
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let mut stream = std::pin::pin!(docker.wait_container(self.container, Some(options)));
        match stream.next().await {
            Some(Ok(_) | Err(Error::DockerContainerWaitError { .. })) => {}
            Some(Err(error)) => {
                if matches!(self.link.failure(&error), Failure::Unreachable(_)) {
                    self.note_loss();
                }
                sleep(RETRY).await;
            }
            None => {
                self.note_loss();
                sleep(RETRY).await;
            }
        }
    }

    fn note_loss(&self) {
        if let Ok(mut lost_at) = self.lost_at.lock() {
            *lost_at = Some(container::now());
        }
    }

    /// Whether the service went away around the container's end.
    async fn restarted(&self, seen: &Seen) -> bool {
        let (Some(began), Some(ended)) = (seen.started, seen.finished) else { return false };
        let lost_at = self.lost_at.lock().ok().and_then(|lost_at| *lost_at);
        let observed =
            lost_at.is_some_and(|at| at > began && ended.since(at) <= AFTERMATH_MS && at.since(ended) <= AFTERMATH_MS);
        if observed {
            return true;
        }
        let service = service::started(self.link.path()).await;
        service.is_some_and(|service| service::explains(service, began, ended))
    }
}

/// The time limits of one step.
struct Limiter {
    seconds: u64,
    silent: Option<u64>,
    bytes: u64,
    /// Running time at the last output; unknown until the first look.
    heard: Option<i64>,
}

impl Limiter {
    fn new(spec: &StepSpec, bytes: u64) -> Self {
        Self { seconds: spec.times.seconds, silent: spec.times.silent_seconds, bytes, heard: None }
    }

    /// Which limit is broken after `active` milliseconds of running time, if one is.
    fn broken(&mut self, active: i64, bytes: u64) -> Option<Cause> {
        if bytes != self.bytes || self.heard.is_none() {
            self.bytes = bytes;
            self.heard = Some(active);
        }
        let over = |since: i64, seconds: u64| {
            i64::try_from(seconds.saturating_mul(1000)).is_ok_and(|limit| active.saturating_sub(since) >= limit)
        };
        if over(SHIM_LATE_MS, self.seconds) {
            return Some(Cause::TimedOut(self.seconds));
        }
        let silent = self.silent?;
        over(self.heard.unwrap_or(active), silent).then_some(Cause::Silent(silent))
    }
}
