//! What following a container comes to in every sandbox: its log and its channel opened, and, after its end, the rest of its
//! output taken over and the verdict made.

use super::channel::{Cause, ChannelError, Drained, Fate, Heard, Secret, StepChannel, Unsaid, Voice};
use super::verdict::{self, Known, Remains};
use super::words::is_disk_full;
use super::{Ended, Profile, Said, SandboxError, StepSpec, frozen, layout};
use crate::config::units::format_size;
use crate::domain::{Millis, StepEnd};
use crate::logs::{LogError, LogWriter};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MIB: u64 = 1 << 20;
/// A follower that was dropped closes its log a moment later.
const LOG_BUSY: Duration = Duration::from_secs(10);
/// Between two tries to open it.
const PAUSE: Duration = Duration::from_millis(50);
/// What a shim sent before it was killed is read so long after the container's end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What the log says where nobody else would: the program lives on after one of its children was killed.
const OUT_OF_MEMORY: &str =
    "[dogwatch: the step came to its limit of memory, and a process of it was killed for that]\n";

/// What there is when a container has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Over {
    /// What the sandbox says; `None` when it has no such container.
    pub(super) remains: Option<Remains>,
    /// What took it down without anybody's fault, in words.
    pub(super) outage: Option<&'static str>,
}

/// Containers that are followed now.
#[derive(Debug, Default)]
pub(super) struct Followed(Mutex<HashMap<String, Mark>>);

/// What is known of one.
#[derive(Debug, Default)]
struct Mark {
    /// This engine removes it.
    removed: bool,
    /// The way to its program's standard input.
    voice: Option<Voice>,
}

impl Followed {
    /// Marks a container as followed for as long as the mark lives.
    pub(super) fn begin(&self, container: &str) -> Following<'_> {
        if let Ok(mut all) = self.0.lock() {
            all.insert(container.to_owned(), Mark::default());
        }
        Following { all: self, container: container.to_owned() }
    }

    /// Takes note that this engine removes a container, so that its follower does not call it lost.
    pub(super) fn note_removal(&self, container: &str) {
        if let Ok(mut all) = self.0.lock()
            && let Some(mark) = all.get_mut(container)
        {
            mark.removed = true;
        }
    }

    fn voice(&self, container: &str) -> Result<Voice, SandboxError> {
        self.0.lock().ok().and_then(|all| all.get(container)?.voice.clone()).ok_or_else(silent)
    }

    /// Asks the program of a container that is followed to end.
    pub(super) async fn stop(&self, container: &str, grace: Duration) -> Result<(), SandboxError> {
        match self.voice(container)?.stop(grace).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(silent()),
            Err(error) => Err(local(&error)),
        }
    }

    /// Says something to the program of a container that is followed, and waits until it is known what became of it.
    pub(super) async fn say(&self, container: &str, number: u64, bytes: &[u8]) -> Result<Said, SandboxError> {
        match self.voice(container)?.say(number, bytes).await {
            Ok(Heard { fate: Fate::Written, time_ms, .. }) => Ok(Said::Written(Millis(time_ms))),
            Ok(Heard { fate: Fate::Refused, .. }) => Ok(Said::Refused),
            Ok(Heard { fate: Fate::Cut, .. }) => Ok(Said::Cut),
            Err(Unsaid::Unable) => Ok(Said::Unable),
            Err(Unsaid::Closed) => Err(silent()),
        }
    }
}

fn silent() -> SandboxError {
    SandboxError::Unreachable("nobody listens to this container now".to_owned())
}

/// The mark of a container that is followed.
pub(super) struct Following<'a> {
    all: &'a Followed,
    container: String,
}

impl Following<'_> {
    /// Lets others speak to the program by its channel.
    pub(super) fn speak_by(&self, channel: &StepChannel) {
        if let Ok(mut all) = self.all.0.lock()
            && let Some(mark) = all.get_mut(&self.container)
        {
            mark.voice = Some(channel.voice());
        }
    }

    /// Whether this engine has begun to remove the container.
    fn removed(&self) -> bool {
        self.all.0.lock().is_ok_and(|all| all.get(&self.container).is_some_and(|mark| mark.removed))
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.0.lock() {
            all.remove(&self.container);
        }
    }
}

/// Opens the step's log where the last follower closed it, and listens for the shim.
pub(super) async fn open_channel(spec: &StepSpec, secret: Secret) -> Result<StepChannel, SandboxError> {
    let log = open_log(&spec.log).await?.capped(spec.limits.log_mib.saturating_mul(MIB));
    StepChannel::listen(&layout::step_dir(spec), secret, log).map_err(|error| local(&error))
}

/// Puts a remark into the step's log.
pub(super) async fn remark(channel: &StepChannel, text: String) -> Result<(), SandboxError> {
    channel.remark(frozen::now().0, text).await.map_err(|error| local(&error))
}

/// After the container's end: takes over all that its shim still had to say.
pub(super) async fn drain(spec: &StepSpec, channel: &StepChannel) -> Result<Drained, SandboxError> {
    channel.hear_out(LAST_WORDS).await;
    channel.drain_spool(&layout::spool_dir(spec)).await.map_err(|error| local(&error))
}

/// The end of it all: the verdict, and the log closed. `words` is what the shim wrote where it could not speak.
pub(super) async fn conclude(
    spec: &StepSpec,
    following: &Following<'_>,
    channel: StepChannel,
    drained: Drained,
    over: Over,
    words: String,
) -> Result<Ended, SandboxError> {
    let cause = channel.cause().or_else(|| following.removed().then_some(Cause::Removed));
    let oom = over.remains.as_ref().and_then(|remains| remains.oom);
    let known = Known { exit: drained.exit, remains: over.remains, cause, words, outage: over.outage };
    let mut end = verdict::verdict(known);
    if oom == Some(true) && matches!(end, StepEnd::Exited { .. }) {
        remark(&channel, OUT_OF_MEMORY.to_owned()).await?;
    }
    if let Some(bytes) = channel.left_out() {
        let cap = format_size(spec.limits.log_mib);
        remark(&channel, format!("[dogwatch: the log came to its cap of {cap} here; {bytes} bytes were left out]\n"))
            .await?;
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
    if is_disk_full(&text) { SandboxError::DiskFull(text) } else { SandboxError::Local(text) }
}
