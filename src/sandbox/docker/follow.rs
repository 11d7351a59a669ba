//! Follows one container from wherever the last follower stopped to its end.

use super::DockerSandbox;
use super::layout;
use super::verdict::{self, Cause, Known};
use super::watch::Watch;
use crate::domain::StepEnd;
use crate::logs::{LogError, LogWriter};
use crate::sandbox::channel::{ChannelError, StepChannel};
use crate::sandbox::{Ended, Profile, SandboxError, StepSpec};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A follower that was dropped closes its log a moment later.
const LOG_BUSY: Duration = Duration::from_secs(10);
/// Between two tries to open it.
const PAUSE: Duration = Duration::from_millis(50);

/// Marks a container as followed for as long as it lives.
pub(super) struct Following<'a> {
    all: &'a Mutex<HashMap<String, bool>>,
    container: String,
}

impl<'a> Following<'a> {
    pub(super) fn begin(all: &'a Mutex<HashMap<String, bool>>, container: &str) -> Self {
        if let Ok(mut all) = all.lock() {
            all.insert(container.to_owned(), false);
        }
        Self { all, container: container.to_owned() }
    }

    /// Whether this engine has begun to remove the container.
    fn removed(&self) -> bool {
        self.all.lock().is_ok_and(|all| all.get(&self.container) == Some(&true))
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.lock() {
            all.remove(&self.container);
        }
    }
}

/// Takes note that this engine removes a container, so that its follower does not call it lost.
pub(super) fn note_removal(all: &Mutex<HashMap<String, bool>>, container: &str) {
    if let Ok(mut all) = all.lock()
        && let Some(removed) = all.get_mut(container)
    {
        *removed = true;
    }
}

/// Follows to the end.
pub(super) async fn follow(
    sandbox: &DockerSandbox,
    spec: &StepSpec,
    container: &str,
    following: &Following<'_>,
) -> Result<Ended, SandboxError> {
    let log = open_log(&spec.log).await?;
    let channel =
        StepChannel::listen(&layout::step_dir(spec), sandbox.secret(spec), log).map_err(|error| local(&error))?;
    let marks = channel.watch_log();
    let watch = Watch { link: &sandbox.link, spec, container, lost_at: &sandbox.lost_at };
    let over = watch.over(|| marks.borrow().bytes).await?;
    let drained = channel.drain_spool(&layout::spool_dir(spec)).await.map_err(|error| local(&error))?;
    let (log_digest, intrusions) = channel.close().await.map_err(|error| local(&error))?;
    let cause = over.cause.or_else(|| following.removed().then_some(Cause::Removed));
    let known = Known { exit: drained.exit, remains: over.remains, cause, restarted: over.restarted };
    let mut end = verdict::verdict(known);
    // A result counts only with its whole log. A setup is judged by its exit code alone; its spool belongs to the
    // container's root, which an engine that is not root cannot read.
    if drained.damaged && spec.profile != Profile::Provision && matches!(end, StepEnd::Exited { .. }) {
        end = StepEnd::Lost {
            reason: "part of the program's output was destroyed before it reached the log".to_owned(),
            explained: false,
        };
    }
    Ok(Ended { end, log_digest, intrusions })
}

async fn open_log(path: &Path) -> Result<LogWriter, SandboxError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| SandboxError::Local(format!("cannot make {}: {error}", parent.display())))?;
    }
    let begun = Instant::now();
    loop {
        match LogWriter::open(path) {
            Ok(log) => return Ok(log),
            Err(LogError::Busy(_)) if begun.elapsed() < LOG_BUSY => sleep(PAUSE).await,
            Err(error) => return Err(local(&ChannelError::Log(error.to_string()))),
        }
    }
}

fn local(error: &ChannelError) -> SandboxError {
    let text = error.to_string();
    if super::link::is_disk_full(&text) { SandboxError::DiskFull(text) } else { SandboxError::Local(text) }
}
