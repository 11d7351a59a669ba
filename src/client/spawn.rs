//! Starting an engine where none answers.

use super::{Client, ClientError};
use crate::config::{CONFIG_VARIABLE, Paths, PathsError, STATE_VARIABLE};
use crate::store::lock_holder;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// How long a new engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of its last words that are quoted.
const WORDS: u64 = 600;
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(20);
/// How long one that hangs up on its clients is taken for one that dies.
const DYING: Duration = Duration::from_secs(2);
/// How long after one was started in vain another is started.
const AGAIN: Duration = Duration::from_secs(2);

/// The exit code of an engine that found another one in its place.
pub const TAKEN: i32 = 5;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// One answers, but not to us.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is no place for it.
    #[error(transparent)]
    Places(#[from] PathsError),
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
    if paths.is_system() {
        // Its administrator starts it; nobody starts one of their own beside it.
        return Ok(Client::connect(&paths.socket()).await?);
    }
    let begun = Instant::now();
    loop {
        match Client::connect(&paths.socket()).await {
            Err(ClientError::NoEngine { .. }) => break,
            // It may have died just now, and then nobody answers in a moment. Nothing was asked of it yet.
            Err(ClientError::Broken(_)) if begun.elapsed() < DYING => tokio::time::sleep(LOOK).await,
            other => return Ok(other?),
        }
    }
    // Only the one who starts an engine makes its places: somebody else's engine is asked without touching them.
    paths.prepare()?;
    let log = paths.state().join("engine.stderr");
    let mut child = Some(Start::begin(&log, paths)?);
    let mut lost = Instant::now();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match Client::connect(&paths.socket()).await {
            Err(ClientError::NoEngine { .. } | ClientError::Broken(_)) => {}
            other => return Ok(other?),
        }
        match &mut child {
            Some(start) => match start.child.try_wait().map_err(SpawnError::Start)? {
                // Somebody else was faster; theirs will answer once it has looked through its database.
                Some(status) if status.code() == Some(TAKEN) => {
                    child = None;
                    lost = Instant::now();
                }
                Some(status) => {
                    let words = start.last_words(&log);
                    return Client::connect(&paths.socket()).await.map_err(|_| SpawnError::Ended {
                        status,
                        words,
                        log,
                    });
                }
                None => {}
            },
            // Or it was one that was about to end, and nobody starts another.
            None if !holder_lives(paths) || lost.elapsed() >= AGAIN => child = Some(Start::begin(&log, paths)?),
            None => {}
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(SpawnError::Mute { socket: paths.socket(), log })
}

/// Whether the process that took the engine's place is still there, as far as is known. Its lock is not tried: that would be
/// in the way of one that starts.
fn holder_lives(paths: &Paths) -> bool {
    let holder = lock_holder(&paths.lock()).and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    holder.is_none_or(|id| test_kill_process(id) != Err(Errno::SRCH))
}

/// An engine that was started, and how long the file of its words was before.
struct Start {
    child: Child,
    from: u64,
}

impl Start {
    fn begin(log: &Path, paths: &Paths) -> Result<Self, SpawnError> {
        let words = OpenOptions::new().create(true).append(true).mode(0o600).open(log).map_err(SpawnError::Start)?;
        let from = words.metadata().map_err(SpawnError::Start)?.len();
        Ok(Self { child: background(words, paths).map_err(SpawnError::Start)?, from })
    }

    /// The last line that it wrote, at most a few hundred bytes of it.
    fn last_words(&self, log: &Path) -> String {
        let tail = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(WORDS).max(self.from)))?;
            let mut tail = Vec::new();
            file.take(WORDS).read_to_end(&mut tail)?;
            Ok(tail)
        };
        // Words that cannot be read are no words; the status is told in any case.
        let text = String::from_utf8_lossy(&tail().unwrap_or_default()).into_owned();
        text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
    }
}

/// The engine as a child that leads a session of its own and holds nothing of this terminal. It is told where its things are:
/// who asks for it need not have found them by the variables of this process.
fn background(words: File, paths: &Paths) -> std::io::Result<Child> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command.env(STATE_VARIABLE, paths.state()).env(CONFIG_VARIABLE, paths.config());
    command.arg("serve").arg("--detach").stdin(Stdio::null()).stdout(Stdio::null()).stderr(words);
    // No process group of its own: the leader of one could not begin a session, which `--detach` does first of all.
    command.current_dir("/").spawn()
}
