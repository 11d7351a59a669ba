//! Keeps a connection: made again whenever it is lost, with every socket that is wanted.

use super::super::link::Failure;
use super::facts::{FarFacts, SCRIPT};
use super::sockets::Wanted;
use super::ssh::{Input, Ssh};
use super::{FarSettings, place};
use crate::sandbox::SandboxError;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::{Mutex, OnceCell, watch};
use tokio::time::sleep;

/// Waits between two tries double from the first to the second of these.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long a short command may take.
pub(super) const SHORT: Duration = Duration::from_secs(20);
/// Why there is no connection before the first was tried.
pub(super) const FIRST: &str = "it is being connected to";
/// User and group of agents and tests where the login there is root.
const NOBODY_IN_PARTICULAR: (u32, u32) = (10_001, 10_001);

/// How a connection stands.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// There is none, and why.
    Down(String),
    /// There is one.
    Up(Arc<Up>),
}

/// A connection.
#[derive(Debug)]
pub(in crate::sandbox::docker) struct Up {
    pub(super) ssh: Ssh,
    pub(super) facts: FarFacts,
    /// Where everything of this engine lies there.
    pub(super) base: String,
    /// User and group of agents and tests there.
    pub(in crate::sandbox::docker) user: (u32, u32),
    /// Tells this connection from all others.
    pub(super) mark: String,
    /// The directory of this program there, once it is known to be there.
    pub(super) program: OnceCell<String>,
}

impl Up {
    /// Runs a short script.
    pub(super) async fn run(&self, script: &str) -> Result<String, Failure> {
        self.ssh.run(script, Input::Nothing, SHORT).await
    }

    /// Whether the login there may give files away.
    pub(super) fn is_root(&self) -> bool {
        self.facts.uid == 0
    }
}

/// What the keeper and the others share.
#[derive(Debug)]
pub(super) struct Inner {
    pub settings: FarSettings,
    /// The engine instance's id.
    pub instance: String,
    pub state: watch::Sender<State>,
    /// Sockets there that lead here, by number. Held while a connection is made, so that none is missed.
    pub wanted: Mutex<BTreeMap<u64, Wanted>>,
    pub serial: std::sync::atomic::AtomicU64,
}

impl Inner {
    pub fn new(settings: FarSettings, instance: &str) -> Result<Self, SandboxError> {
        let home = &settings.home;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(home);
        let closed = made.and_then(|()| fs::set_permissions(home, fs::Permissions::from_mode(0o700)));
        closed.map_err(|error| SandboxError::Local(format!("{}: {error}", home.display())))?;
        let state = watch::Sender::new(State::Down(FIRST.to_owned()));
        Ok(Self { settings, instance: instance.to_owned(), state, wanted: Mutex::default(), serial: 0.into() })
    }

    pub fn socket(&self) -> PathBuf {
        self.settings.home.join("docker")
    }

    /// Makes a connection and everything that belongs to it. The process ends when it does.
    async fn connect(&self) -> Result<(Arc<Up>, Child), String> {
        let (ssh, master) = Ssh::begin(&self.settings).await?;
        let told = ssh.run(SCRIPT, Input::Nothing, SHORT).await.map_err(words)?;
        let facts = FarFacts::read(&told)?;
        let short: String = self.instance.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let base = place::base(&facts.home, &short);
        let user = if facts.uid == 0 { NOBODY_IN_PARTICULAR } else { (facts.uid, facts.gid) };
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| error.to_string())?;
        let mark = crate::audit::hex(&random);
        let up = Up { ssh, facts, base, user, mark, program: OnceCell::new() };
        let own = |dir: &str| place::own(&format!("{}/{dir}", up.base), "700", None);
        let dirs = format!("umask 077 && {} && {} && {}", own("s"), own("g"), own("exe"));
        up.run(&dirs).await.map_err(words)?;
        up.ssh.lead_there(&self.socket(), &self.settings.socket).await.map_err(words)?;
        Ok((Arc::new(up), master))
    }
}

/// Runs for ever.
pub(super) async fn keep(inner: Arc<Inner>) {
    let name = inner.settings.name.clone();
    let mut pause = BACK_OFF.0;
    loop {
        // Whoever wants a socket meanwhile waits, and has it made after that or with the others.
        let wanted = inner.wanted.lock().await;
        match inner.connect().await {
            Ok((up, mut master)) => {
                tracing::info!(engine = name, "connected");
                pause = BACK_OFF.0;
                for one in wanted.values() {
                    if let Err(failure) = one.make(&up).await {
                        tracing::warn!(engine = name, socket = one.there, ?failure, "a socket is not forwarded again");
                    }
                }
                inner.state.send_replace(State::Up(up));
                drop(wanted);
                // However it ended: there is none any more.
                let _ = master.wait().await;
                inner.state.send_replace(State::Down("the connection was lost and is made again".to_owned()));
                tracing::warn!(engine = name, "the connection was lost");
            }
            Err(why) => {
                drop(wanted);
                let news = !matches!(&*inner.state.borrow(), State::Down(known) if *known == why);
                if news {
                    tracing::warn!(engine = name, "cannot connect: {why}");
                }
                inner.state.send_replace(State::Down(why));
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(BACK_OFF.1);
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Absent(reason)
        | Failure::Conflict(reason)
        | Failure::Unreachable(reason)
        | Failure::DiskFull(reason)
        | Failure::Refused(reason) => reason,
    }
}
