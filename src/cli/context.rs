//! What every subcommand shares: places, the connection, the printer, exit codes.

use crate::client::{Client, ClientError, SpawnError, Witness, ensure_engine};
use crate::config::{Paths, PathsError};
use crate::protocol::{FaultCode, Reply, Request};
use crate::safe;
use crate::text::{Flow, Out, OutError, SafeText, StandardOut};
use serde::Serialize;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

/// How long those who follow a run wait for an engine that went away, such as one that is upgraded.
const ABSENCE: Duration = Duration::from_secs(30);
/// How often they look for it.
const LOOK: Duration = Duration::from_millis(100);

/// The columns of prose.
const PROSE: usize = 80;

/// The exit code of what was done while the audit log is not the one that this user saw.
const TAMPERED: i32 = 9;

/// Why a subcommand did not do what it should, with its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub code: i32,
    /// Place, rule and remedy. May quote outside text.
    pub message: String,
}

impl Failure {
    /// A failure with exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    fn of(code: i32, error: &dyn Error) -> Self {
        Self { code, message: error.to_string() }
    }
}

/// A subcommand failed, and the audit log is not the one that this user saw.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct Alarmed {
    /// Why, with the exit code.
    pub failure: Failure,
    /// What is wrong with the log.
    pub alarm: String,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::NoEngine { .. } | ClientError::Mute { .. } => 3,
            ClientError::Closed { .. } => 5,
            ClientError::Fault(fault) => match fault.code {
                FaultCode::NotFound => 4,
                FaultCode::Refused | FaultCode::Forbidden => 5,
                FaultCode::Protocol | FaultCode::Version | FaultCode::Engine => 1,
            },
            ClientError::Broken(_) | ClientError::Unfit => 1,
        };
        Self::of(code, &error)
    }
}

impl From<SpawnError> for Failure {
    fn from(error: SpawnError) -> Self {
        match error {
            SpawnError::Client(error) => error.into(),
            SpawnError::Places(error) => error.into(),
            error => Self::of(3, &error),
        }
    }
}

impl From<PathsError> for Failure {
    fn from(error: PathsError) -> Self {
        Self::of(1, &error)
    }
}

impl From<OutError> for Failure {
    fn from(error: OutError) -> Self {
        Self::of(1, &error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::of(1, &error)
    }
}

/// What a subcommand works with.
pub struct Context {
    /// Where everything is.
    pub paths: Paths,
    /// Standard output.
    pub out: StandardOut,
    client: Option<Client>,
    /// What is wrong with the audit log, as far as this user saw it before.
    alarm: Arc<OnceLock<String>>,
}

impl Context {
    /// For subcommands that need no engine.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self { paths: Paths::from_environment()?, out: Out::stdout(), client: None, alarm: Arc::default() })
    }

    /// The same for another engine.
    pub fn at(self, paths: Paths) -> Self {
        Self { paths, client: None, ..self }
    }

    /// Runs a subcommand on a small runtime of its own.
    pub fn block_on<F, R>(job: F) -> color_eyre::Result<i32>
    where
        F: FnOnce(Self) -> R,
        R: Future<Output = Result<i32, Failure>>,
    {
        let context = Self::new()?;
        let alarm = Arc::clone(&context.alarm);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::from)?;
        let done = runtime.block_on(job(context));
        let Some(alarm) = alarm.get().cloned() else { return Ok(done?) };
        match done {
            // What was asked for did not work, and may well be missing for the same cause: both are told.
            Err(failure) if !failure.message.is_empty() => Err(Alarmed { failure, alarm }.into()),
            // What was asked for is done, or nobody reads the rest; nobody shall take it for granted all the same.
            Ok(_) | Err(_) => Err(Failure { code: TAMPERED, message: alarm }.into()),
        }
    }

    /// The engine, started where none answers.
    pub async fn client(&mut self) -> Result<&mut Client, Failure> {
        if self.client.is_none() {
            let mut client = ensure_engine(&self.paths).await?;
            if let Some(witness) = Witness::of(&self.paths.socket())
                && let Some(alarm) = witness.attend(&mut client).await?
            {
                // One alarm is enough; what is wrong stays wrong.
                let _told_already = self.alarm.set(alarm);
            }
            self.client = Some(client);
        }
        self.client.as_mut().ok_or_else(|| Failure::new("no connection"))
    }

    /// The engine that answers now, if any; none is started.
    pub async fn running(&mut self) -> Result<Option<&mut Client>, Failure> {
        match Client::connect(&self.paths.socket()).await {
            Ok(client) => Ok(Some(self.client.insert(client))),
            Err(ClientError::NoEngine { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What is wrong with the audit log, as far as is known; for the console, which tells it itself.
    pub fn alarm(&self) -> Option<String> {
        self.alarm.get().cloned()
    }

    /// Asks the engine.
    pub async fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        Ok(self.client().await?.ask(request).await?)
    }

    /// Opens a stream anew after its connection broke, on the engine that answers next. None is started: somebody may have
    /// stopped it.
    pub async fn reopen(&mut self, request: Request) -> Result<(), Failure> {
        let deadline = Instant::now() + ABSENCE;
        loop {
            let asked = match Client::connect(&self.paths.socket()).await {
                Ok(client) => self.client.insert(client).ask(request.clone()).await.map(drop),
                Err(error) => Err(error),
            };
            match asked {
                Err(ClientError::NoEngine { .. } | ClientError::Broken(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(LOOK).await;
                }
                other => return Ok(other?),
            }
        }
    }

    /// Prints one line for people.
    pub fn say(&mut self, line: &SafeText) -> Result<(), Failure> {
        open(self.out.line(line)?)
    }

    /// Prints lines for people.
    pub fn say_all(&mut self, lines: &[SafeText]) -> Result<(), Failure> {
        open(self.out.lines(lines)?)
    }

    /// The columns of the terminal behind standard output; `None` where there is none.
    pub fn columns(&self) -> Option<usize> {
        if !self.out.is_terminal() {
            return None;
        }
        let terminal = std::fs::File::open("/dev/tty").ok()?;
        let columns = usize::from(rustix::termios::tcgetwinsize(&terminal).ok()?.ws_col);
        (columns > 0).then_some(columns)
    }

    /// Prints one line for people, broken where the terminal is too narrow; nothing of it is dropped.
    pub fn say_wrapped(&mut self, line: &SafeText) -> Result<(), Failure> {
        match self.columns() {
            Some(columns) => self.say_all(&line.wrap(columns)),
            None => self.say(line),
        }
    }

    /// Prints prose behind a head, broken between words and set in below it, also where there is no terminal.
    pub fn say_prose(&mut self, head: &SafeText, prose: &SafeText) -> Result<(), Failure> {
        let room = self.columns().unwrap_or(PROSE).min(PROSE).saturating_sub(head.width());
        let mut head = head.clone();
        for line in prose.flow(room) {
            self.say(&safe!("{}{}", head, line))?;
            head = SafeText::empty().pad_right(head.width());
        }
        Ok(())
    }

    /// Refuses bytes as they are where a terminal would get them.
    pub fn raw_allowed(&self, raw: bool) -> Result<(), Failure> {
        if raw && self.out.is_terminal() {
            let message = "raw bytes could harm a terminal: send them to a file or a program, or leave out --raw";
            return Err(Failure { code: 2, message: message.to_owned() });
        }
        Ok(())
    }

    /// Prints one line of JSON for scripts.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        open(self.out.json(value)?)
    }
}

/// A closed output ends the command quietly, as in `dogwatch ps | head -1`.
pub fn open(flow: Flow) -> Result<(), Failure> {
    match flow {
        Flow::Written => Ok(()),
        Flow::Closed => Err(Failure { code: 0, message: String::new() }),
    }
}

/// An answer that does not fit the request.
pub fn unfit<T>() -> Result<T, Failure> {
    Err(ClientError::Unfit.into())
}

/// Sets how reports and panics are worded: plain, and printed by the text room alone.
pub fn install_hooks() {
    let (_, words) = color_eyre::config::HookBuilder::blank().display_env_section(false).into_hooks();
    // It fails only where one is installed already, whose words are as good.
    let _installed_already = words.install();
    crate::text::install_panic_hook();
}
