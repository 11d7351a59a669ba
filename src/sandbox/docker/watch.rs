//! Waits for a container's end and keeps its time limits.

use super::container;
use super::link::{Failure, Link};
use super::service;
use super::state::{self, Seen};
use crate::domain::Millis;
use crate::sandbox::channel::{Cause, Sign, StepChannel};
use crate::sandbox::follow::Over;
use crate::sandbox::frozen::{self, Frozen};
use crate::sandbox::gauge::Gauge;
use crate::sandbox::limiter::Limiter;
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
/// What an outage of the service is called where it explains a loss.
const OUTAGE_WORDS: &str = "the Docker service was stopped and took the container down";
/// An end so long after a lost connection still belongs to it.
const AFTERMATH_MS: i64 = 30_000;

/// A service that is being stopped takes its containers down first and answers meanwhile. So long its going is waited for
/// where a container was told to stop by somebody else.
const GOING: Duration = Duration::from_secs(5);

/// A container under watch.
pub(super) struct Watch<'a> {
    pub(super) link: &'a Link,
    pub(super) spec: &'a StepSpec,
    pub(super) container: &'a str,
    /// When the connection to the service was last lost, also before this watch began.
    pub(super) lost_at: &'a std::sync::Mutex<Option<Millis>>,
    /// The step's channel.
    pub(super) channel: &'a StepChannel,
    /// Tells people what is in the way.
    pub(super) tell: &'a (dyn Fn(String) + Send + Sync),
}

impl Watch<'_> {
    /// Waits for the end.
    pub(super) async fn over(&self) -> Result<(Over, Option<Seen>), SandboxError> {
        let Some(mut seen) = self.look().await? else { return Ok((Over::default(), None)) };
        self.channel.expect_process(seen.process());
        let mut limits = Limiter::new(self.spec);
        let mut disk = Gauge::new(self.spec).on(self.link.far().map(|far| far.scale(self.spec)));
        let mut ended = std::pin::pin!(self.hint());
        let mut ticks = interval(TICK);
        let mut count = 0_u32;
        let mut trouble = None;
        while seen.presence == Presence::Running {
            let hinted = tokio::select! {
                () = &mut ended => true,
                _ = ticks.tick() => false,
            };
            count = count.wrapping_add(1);
            if hinted || count.is_multiple_of(LOOK_EVERY) {
                match self.look().await? {
                    Some(now) => seen = now,
                    None => return Ok((Over::default(), None)),
                }
                if seen.presence != Presence::Running {
                    break;
                }
                frozen::observe(&self.spec.dir, seen.paused);
                if hinted {
                    ended.set(self.hint());
                }
            }
            let active = Frozen::load(&self.spec.dir).active(seen.started.unwrap_or_default(), frozen::now());
            let sign = self.channel.sign();
            self.tell_trouble(&mut trouble, &sign);
            let full = disk.broken(self.channel).await;
            // An engine before this one may have died while it stopped the container.
            if let Some(cause) = self.channel.cause().or(full).or_else(|| limits.broken(active, &sign)) {
                self.stop(cause).await?;
            }
        }
        let outage = self.restarted(&seen).await.then_some(OUTAGE_WORDS);
        Ok((Over { remains: Some(seen.remains.clone()), outage }, Some(seen)))
    }

    /// What explains the end of a container that was told to stop, once more: the service that did it may be about to go.
    pub(super) async fn outage_at_last(&self, seen: &Seen) -> Option<&'static str> {
        let end = Instant::now() + GOING;
        while Instant::now() < end {
            if self.restarted(seen).await {
                return Some(OUTAGE_WORDS);
            }
            sleep(RETRY).await;
            if matches!(state::look(self.link, self.container).await, Err(Failure::Unreachable(_))) {
                self.note_loss();
            }
        }
        None
    }

    /// Stops the container, having noted why: whoever sees its end must not blame somebody else.
    async fn stop(&self, cause: Cause) -> Result<(), SandboxError> {
        if let Err(error) = self.channel.save_cause(cause).await {
            // A full disk is no reason to let it run on; only a crash within the next seconds would forget why.
            tracing::warn!(container = self.container, %error, "why a container is stopped could not be noted");
        }
        container::stop(self.link, self.container, GRACE_SECONDS).await
    }

    /// Says what keeps output from the disk, and when that is over.
    fn tell_trouble(&self, known: &mut Option<String>, sign: &Sign) {
        if *known != sign.trouble {
            (self.tell)(sign.trouble.clone().unwrap_or_else(|| "the step's log can be written again".to_owned()));
            known.clone_from(&sign.trouble);
        }
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
            *lost_at = Some(frozen::now());
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
        if let Some(far) = self.link.far() {
            // Nothing that ran there before can be running still.
            return far.began().is_some_and(|service| service > began);
        }
        let service = service::started(self.link.path()).await;
        service.is_some_and(|service| service::explains(service, began, ended))
    }
}
