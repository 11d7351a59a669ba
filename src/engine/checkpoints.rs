//! Makes signed checkpoints of the audit log: once a minute where there is news, and at once for whoever asks. Each is kept beside
//! the log and given to the anchor that the operator has elsewhere, so that who changes the log must change that as well.

use crate::audit::{self, Checkpoint, Clock, Sealer, SystemClock};
use crate::config::AuditConfig;
use crate::store::{Store, StoreError};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_mins(1);
/// How long a file, or the command of an anchor, may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The file beside the log is cut to its newer half when it is longer.
const LONGEST: u64 = 4 << 20;

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The log cannot be read.
    #[error("the audit log cannot be read for a checkpoint: {0}")]
    Store(#[from] StoreError),
    /// It has no record.
    #[error("the audit log has no event yet, so there is nothing to say of it")]
    Empty,
    /// It cannot be kept.
    #[error("{}: the checkpoint cannot be written: {source}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Where checkpoints are made.
pub struct Checkpoints {
    store: Store,
    sealer: Sealer,
    file: Lines,
    anchor: Option<Lines>,
    command: Vec<String>,
    /// The last record of which one was made.
    last: Mutex<u64>,
    fault: Mutex<Option<String>>,
}

/// A file that lines are added to. One whose disk hangs, or a pipe that nobody reads, keeps one thread, and no more of them.
struct Lines {
    path: PathBuf,
    /// Held by the thread that writes, for as long as that takes.
    turn: Arc<AsyncMutex<()>>,
    /// How long it may take.
    patience: Duration,
}

impl Checkpoints {
    /// Kept in `file`, and given to the operator's anchor.
    pub fn new(store: Store, sealer: Sealer, file: PathBuf, anchor: AuditConfig) -> Self {
        let AuditConfig { file: elsewhere, command } = anchor;
        let (file, anchor) = (Lines::of(file), elsewhere.map(Lines::of));
        Self { store, sealer, file, anchor, command, last: Mutex::new(0), fault: Mutex::new(None) }
    }

    /// What the engine says of its log at this moment; nothing is written.
    pub async fn say(&self) -> Result<Checkpoint, CheckpointError> {
        let found =
            self.store.read(|view| Ok((audit::chain_head(view.connection())?, audit::last(view.connection())?)));
        let (Some(head), Some((_, by))) = found.await? else { return Err(CheckpointError::Empty) };
        Ok(self.sealer.seal(&by.engine, by.epoch, head, SystemClock::new().now().wall.0))
    }

    /// Makes one at once, unless there is none but news that one was made of.
    pub async fn make(&self) -> Result<Checkpoint, CheckpointError> {
        let made = self.say().await?;
        if made.seq == *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(made);
        }
        let kept = self.file.add(&made).await;
        kept.map_err(|source| CheckpointError::File { path: self.file.path.clone(), source })?;
        let (file, command) = tokio::join!(self.to_file(&made), self.to_command(&made));
        let faults = [file.err(), command.err()];
        let fault = faults.into_iter().flatten().reduce(|one, other| format!("{one}; {other}"));
        if let Some(fault) = &fault {
            tracing::warn!("the anchor did not get checkpoint {}: {fault}", made.seq);
        }
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = made.seq;
        Ok(made)
    }

    /// Why the anchor did not get the last one, if so.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes one a minute for ever, where there is news, and one whenever a live execution is over. `commits` tells of news.
    pub async fn keep(self: Arc<Self>, mut commits: watch::Receiver<u64>) {
        let mut over = self.executions().await;
        loop {
            match self.make().await {
                Ok(_) | Err(CheckpointError::Empty) => {}
                Err(error) => {
                    *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    tracing::warn!("{error}");
                }
            }
            let next = tokio::time::sleep(EVERY);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = &mut next => break,
                    Ok(()) = commits.changed() => {
                        let now = self.executions().await;
                        if now > std::mem::replace(&mut over, now) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// How many live executions are over, as far as the store tells.
    async fn executions(&self) -> Option<u64> {
        #[allow(clippy::redundant_closure_for_method_calls, reason = "the method is of one lifetime only")]
        let counted = self.store.read(|view| view.executions_over()).await;
        counted.inspect_err(|error| tracing::warn!("live executions cannot be counted for a checkpoint: {error}")).ok()
    }

    async fn to_file(&self, made: &Checkpoint) -> Result<(), String> {
        let Some(anchor) = &self.anchor else { return Ok(()) };
        anchor.add(made).await.map_err(|error| format!("{}: {error}", anchor.path.display()))
    }

    async fn to_command(&self, made: &Checkpoint) -> Result<(), String> {
        let Some((program, arguments)) = self.command.split_first() else { return Ok(()) };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir("/")
            .kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let given = async {
            let mut child = command.spawn()?;
            if let Some(mut input) = child.stdin.take() {
                input.write_all(format!("{made}\n").as_bytes()).await?;
            }
            child.wait().await
        };
        match timeout(PATIENCE, given).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{program} ended with {status}")),
            Ok(Err(error)) => Err(format!("{program}: {error}")),
            Err(_) => Err(format!("{program} took more than {} s", PATIENCE.as_secs())),
        }
    }
}

impl Lines {
    fn of(path: PathBuf) -> Self {
        Self { path, turn: Arc::default(), patience: PATIENCE }
    }

    /// Adds one and waits until it is on disk, but not for ever.
    async fn add(&self, made: &Checkpoint) -> io::Result<()> {
        let (path, made, turn) = (self.path.clone(), made.clone(), Arc::clone(&self.turn));
        let added = async {
            let turn = turn.lock_owned().await;
            let written = spawn_blocking(move || {
                let done = append(&path, &made);
                drop(turn);
                done
            });
            written.await.map_err(io::Error::other)?
        };
        timeout(self.patience, added).await.unwrap_or_else(|_| {
            let words = format!(
                "nothing could be written for {} s: does its disk hang, or is it a pipe?",
                self.patience.as_secs()
            );
            Err(io::Error::new(io::ErrorKind::TimedOut, words))
        })
    }
}

/// Adds a line and waits until it is on disk.
fn append(path: &Path, made: &Checkpoint) -> io::Result<()> {
    shorten(path)?;
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(format!("{made}\n").as_bytes())?;
    file.sync_data()
}

/// Lets the older half go where the file is too long.
fn shorten(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(seen) if seen.is_file() && seen.len() > LONGEST => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let text = std::fs::read_to_string(path)?;
    let kept = text.get(text.len() / 2..).and_then(|half| half.split_once('\n')).map_or("", |(_, rest)| rest);
    crate::store::files::replace(path, kept.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::AuditEvent;
    use crate::domain::Actor;
    use crate::store::Options;

    #[tokio::test(flavor = "multi_thread")]
    async fn an_anchor_that_hangs_is_told_and_takes_one_thread_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, own) = (dir.path().join("anchor"), dir.path().join("checkpoints"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let store = Store::in_memory(&Options::default()).unwrap();
        let anchor = AuditConfig { file: Some(pipe.clone()), command: Vec::new() };
        let mut checkpoints = Checkpoints::new(store.clone(), Sealer::of(&[7; 32]).unwrap(), own.clone(), anchor);
        checkpoints.anchor.as_mut().unwrap().patience = Duration::from_millis(200);
        for _ in 0..3 {
            store.write(|tx| tx.record(AuditEvent::new(Actor::Engine, "test")).map(drop)).await.unwrap();
            timeout(Duration::from_secs(30), checkpoints.make()).await.unwrap().unwrap();
            assert!(checkpoints.fault().unwrap().contains("nothing could be written"));
        }
        assert_eq!(std::fs::read_to_string(&own).unwrap().lines().count(), 3, "they are kept beside the log");
        let read = spawn_blocking(move || std::fs::read_to_string(pipe)).await.unwrap().unwrap();
        assert_eq!(read.lines().count(), 1, "{read}");
    }
}
