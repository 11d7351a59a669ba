//! Follows one container from wherever the last follower stopped to its end.

use super::DockerSandbox;
use super::layout;
use super::state;
use super::verdict::{self, Known};
use super::watch::Watch;
use crate::domain::StepEnd;
use crate::logs::{LogError, LogWriter};
use crate::sandbox::channel::{Cause, ChannelError, StepChannel};
use crate::sandbox::{Ended, Profile, SandboxError, StepSpec};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A follower that was dropped closes its log a moment later.
const LOG_BUSY: Duration = Duration::from_secs(10);
/// Between two tries to open it.
const PAUSE: Duration = Duration::from_millis(50);
/// What a shim sent before it was killed is read so long after the container's end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What the log says where nobody else would: the program lives on after one of its children was killed.
const OUT_OF_MEMORY: &str =
    "[dogwatch: the step came to its limit of memory, and a process of it was killed for that]\n";

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
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<Ended, SandboxError> {
    let log = open_log(&spec.log).await?;
    let channel =
        StepChannel::listen(&layout::step_dir(spec), sandbox.secret(spec), log).map_err(|error| local(&error))?;
    if let Some(remark) = sandbox.remark(spec).await {
        let remarked = channel.remark(super::container::now().0, remark).await;
        remarked.map_err(|error| local(&error))?;
    }
    let lost_at = &sandbox.lost_at;
    let over = Watch { link: &sandbox.link, spec, container, lost_at, channel: &channel, tell }.over().await?;
    channel.hear_out(LAST_WORDS).await;
    let drained = channel.drain_spool(&layout::spool_dir(spec)).await.map_err(|error| local(&error))?;
    let cause = channel.cause().or_else(|| following.removed().then_some(Cause::Removed));
    let words = match (&drained.exit, &over.remains) {
        (None, Some(_)) => state::last_words(&sandbox.link, container).await,
        _ => String::new(),
    };
    let oom = over.remains.as_ref().and_then(|remains| remains.oom);
    let known = Known { exit: drained.exit, remains: over.remains, cause, words, restarted: over.restarted };
    let mut end = verdict::verdict(known);
    if oom == Some(true) && matches!(end, StepEnd::Exited { .. }) {
        let remarked = channel.remark(super::container::now().0, OUT_OF_MEMORY.to_owned()).await;
        remarked.map_err(|error| local(&error))?;
    }
    let (log_digest, intrusions) = channel.close().await.map_err(|error| local(&error))?;
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
    let begun = Instant::now();
    loop {
        match open_once(path.to_owned()).await {
            Ok(log) => return Ok(log),
            Err(LogError::Busy(_)) if begun.elapsed() < LOG_BUSY => sleep(PAUSE).await,
            Err(error) => return Err(local(&ChannelError::Log(error.to_string()))),
        }
    }
}

/// Opening reads the whole log, which may be long.
async fn open_once(path: PathBuf) -> Result<LogWriter, LogError> {
    let failed = |doing| {
        let path = path.clone();
        move |source| LogError::Io { path, doing, source }
    };
    let (made, joined) = (failed("make its directory"), failed("open it"));
    let opening = tokio::task::spawn_blocking(move || {
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(made)?;
        LogWriter::open(&path)
    });
    opening.await.map_err(|error| joined(std::io::Error::other(error)))?
}

fn local(error: &ChannelError) -> SandboxError {
    let text = error.to_string();
    if super::link::is_disk_full(&text) { SandboxError::DiskFull(text) } else { SandboxError::Local(text) }
}
