//! Follows one container from wherever the last follower stopped to its end.

use super::link::Failure;
use super::watch::Watch;
use super::{DockerSandbox, state};
use crate::domain::StepEnd;
use crate::sandbox::follow::{self, Following};
use crate::sandbox::{Ended, SandboxError, StepSpec};

/// Follows to the end.
pub(super) async fn follow(
    sandbox: &DockerSandbox,
    spec: &StepSpec,
    container: &str,
    following: &Following<'_>,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<Ended, SandboxError> {
    let channel = follow::open_channel(spec, sandbox.secret(spec)).await?;
    following.speak_by(&channel);
    let fail = |failure: Failure| failure.into_error("to reach a container");
    let _ways = match sandbox.link.far() {
        Some(far) => Some(far.open_ways(spec).await.map_err(fail)?),
        None => None,
    };
    if let Some(remark) = sandbox.remark(spec).await {
        follow::remark(&channel, remark).await?;
    }
    let lost_at = &sandbox.lost_at;
    let watch = Watch { link: &sandbox.link, spec, container, lost_at, channel: &channel, tell };
    let (mut over, seen) = watch.over().await?;
    if let (Some(far), Some(_)) = (sandbox.link.far(), &over.remains) {
        far.take_spool(&sandbox.link, spec, container).await?;
    }
    let drained = follow::drain(spec, &channel).await?;
    let stopped = drained.exit.as_ref().is_some_and(|exit| exit.stopped) && channel.cause().is_none();
    if let Some(seen) = seen.filter(|_| stopped && over.outage.is_none()) {
        over.outage = watch.outage_at_last(&seen).await;
    }
    let words = match (&drained.exit, &over.remains) {
        (None, Some(_)) => state::last_words(&sandbox.link, container).await,
        _ => String::new(),
    };
    let mut ended = follow::conclude(spec, following, channel, drained, over, words).await?;
    if let Some(far) = sandbox.link.far()
        && !matches!(ended.end, StepEnd::Lost { .. } | StepEnd::Stopped)
        && let Some(what) = far.take_work(&sandbox.link, spec, container).await?
    {
        ended.end = StepEnd::Overfull { what, mib: spec.limits.disk_mib };
    }
    Ok(ended)
}
