//! The engine's side: a child for each question, a few at a time, ended when it takes too long.

use super::{Asked, Told, WORD, walls};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Children at once, over all runs.
const AT_ONCE: usize = 2;
/// How long a child may take with everything, waiting for its turn not included.
const TIME: Duration = Duration::from_secs(8);
/// The most that a child may say. Its own cap is below.
const SAID: u64 = 8 << 20;

/// Whom to ask.
#[derive(Debug)]
pub struct Queries {
    database: PathBuf,
    program: PathBuf,
    places: Semaphore,
}

impl Queries {
    /// Questions about a database, answered by this executable.
    pub fn new(database: PathBuf) -> Self {
        // By this name also one that was replaced by an upgrade is found.
        Self::by(database, Path::new("/proc/self/exe").to_owned())
    }

    /// The same, answered by another executable.
    pub fn by(database: PathBuf, program: PathBuf) -> Self {
        Self { database, program, places: Semaphore::new(AT_ONCE) }
    }

    /// The database that is asked about.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Asks a child.
    pub async fn answer(&self, asked: &Asked) -> Told {
        if let Some(refused) = walls::unreadable(&asked.sql) {
            return Told::Refused(refused);
        }
        // Never closed.
        let Ok(_place) = self.places.acquire().await else { return Told::Failed("no place for a child".to_owned()) };
        match timeout(TIME, self.child(asked)).await {
            Ok(Ok(told)) => told,
            Ok(Err(reason)) => Told::Failed(reason),
            // Dropping it ended the child.
            Err(_) => Told::Refused(format!("the statement took longer than {} s and was stopped", TIME.as_secs())),
        }
    }

    async fn child(&self, asked: &Asked) -> Result<Told, String> {
        let failed = |error: std::io::Error| format!("a child that answers SQL failed: {error}");
        let question = serde_json::to_vec(asked).map_err(|error| error.to_string())?;
        let mut child = Command::new(&self.program)
            .arg(WORD)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(&question).await {
                // One that ended before it read is told of by its silence.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                written => written.map_err(failed)?,
            }
        }
        let mut said = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(SAID).read_to_end(&mut said).await.map_err(failed)?;
        }
        let status = child.wait().await.map_err(failed)?;
        if said.is_empty() {
            // The kernel ended it over its memory or its time, or it gave up for want of memory.
            tracing::info!(%status, "a child that answers SQL ended without an answer");
            return Ok(Told::Refused("the statement needs more memory or time than it may: ask for less".to_owned()));
        }
        serde_json::from_slice(&said).map_err(|error| format!("a child that answers SQL said nonsense: {error}"))
    }
}
