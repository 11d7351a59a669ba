//! Starting an engine where none answers.

use super::{Client, ClientError};
use crate::config::Paths;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// How long a new engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of its last words that are quoted.
const WORDS: u64 = 600;
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// One answers, but not to us.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It cannot be started.
    #[error("cannot start the engine: {0}; run `dogwatch serve` in another terminal, or see `dogwatch doctor`")]
    Start(std::io::Error),
    /// It ended at once.
    #[error(
        "the engine ended at once ({status}): {words} (from {}); put that right, `dogwatch doctor` may help, and try again",
        log.display()
    )]
    Ended {
        /// How.
        status: std::process::ExitStatus,
        /// The last line that it wrote. Untrusted text.
        words: String,
        /// Where it wrote why.
        log: PathBuf,
    },
    /// It does not answer.
    #[error("the engine was started but does not answer at {}; see {} and `dogwatch doctor`", socket.display(), log.display())]
    Mute {
        /// The socket that was tried.
        socket: PathBuf,
        /// Where it may have written why.
        log: PathBuf,
    },
}

/// Connects to the engine, starting one in the background where none answers. It gets a session of its own, so that it
/// outlives the terminal.
pub async fn ensure_engine(paths: &Paths) -> Result<Client, SpawnError> {
    match Client::connect(&paths.socket()).await {
        Err(ClientError::NoEngine { .. }) => {}
        other => return Ok(other?),
    }
    let log = paths.state().join("engine.stderr");
    let words = OpenOptions::new().create(true).append(true).mode(0o600).open(&log).map_err(SpawnError::Start)?;
    let mut child = background(words).map_err(SpawnError::Start)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match Client::connect(&paths.socket()).await {
            Err(ClientError::NoEngine { .. } | ClientError::Broken(_)) => {}
            other => return Ok(other?),
        }
        if let Some(status) = child.try_wait().map_err(SpawnError::Start)? {
            let words = last_words(&log);
            if words.contains("another engine") {
                // Somebody else was faster; theirs will answer once it has looked through its database.
                tokio::time::sleep(LOOK).await;
                continue;
            }
            return Client::connect(&paths.socket()).await.map_err(|_| SpawnError::Ended { status, words, log });
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(SpawnError::Mute { socket: paths.socket(), log })
}

/// The last line of a file, at most a few hundred bytes of it.
fn last_words(log: &Path) -> String {
    let tail = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(WORDS)))?;
        let mut tail = Vec::new();
        file.take(WORDS).read_to_end(&mut tail)?;
        Ok(tail)
    };
    // Words that cannot be read are no words; the status is told in any case.
    let text = String::from_utf8_lossy(&tail().unwrap_or_default()).into_owned();
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
}

/// The engine as a child that leads a session of its own and holds nothing of this terminal.
fn background(words: File) -> std::io::Result<std::process::Child> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--detach").stdin(Stdio::null()).stdout(Stdio::null()).stderr(words);
    // No process group of its own: the leader of one could not begin a session, which `--detach` does first of all.
    command.current_dir("/").spawn()
}
