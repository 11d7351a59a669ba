//! A Docker on another machine, which needs nothing but sshd and Docker there.
//!
//! One connection of the system's `ssh` carries everything: Docker's own socket to here, and the sockets of a step (its log
//! channel, its run's gateway) from there to here, each into a directory that the step's container sees. Trees go there before
//! a step and come back after it through Docker's archives, read here as what a hostile program left.
//!
//! The connection may go away at any moment, and this engine too. A container there lives on: its shim keeps what the engine has
//! not taken. Whoever connects next forwards the same sockets again under the same names.
//!
//! | file | what |
//! | --- | --- |
//! | `ssh.rs` | the connection, commands, forwards |
//! | `keep.rs` | made again whenever it is lost |
//! | `place.rs` | which directory of that machine is what |
//! | `facts.rs` | what that machine says of itself |
//! | `carry.rs` | files to there and back |
//! | `sockets.rs` | which sockets lead from there to here |

mod carry;
mod facts;
mod keep;
mod place;
mod sockets;
mod ssh;

use super::link::Failure;
use crate::config::SshPlace;
use crate::domain::Millis;
use crate::sandbox::{SandboxError, StepSpec};
pub use facts::FarFacts;
pub(super) use keep::Up;
use keep::{Inner, State};
use place::Place;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, RwLock, RwLockReadGuard};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a connection that is being made is waited for.
const PATIENCE: Duration = Duration::from_secs(8);
/// And by whoever looks at it once.
const LOOK: Duration = Duration::from_secs(25);

/// What the engine gives of a machine with another Docker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarSettings {
    /// What it is called.
    pub name: String,
    /// The user there; it must be allowed to use Docker's socket.
    pub user: String,
    /// The host, as `ssh` takes it.
    pub host: String,
    /// The port of its sshd.
    pub port: u16,
    /// The key by which it must prove to be that machine, such as `ssh-ed25519 AAAA...`.
    pub host_key: String,
    /// The private key to log in with; the agent's and the usual ones where none is named.
    pub identity: Option<PathBuf>,
    /// Docker's socket there.
    pub socket: String,
    /// A directory here for the connection's own files. Sockets lie in it, so its path is short.
    pub home: PathBuf,
}

impl FarSettings {
    /// From what the operator wrote; `home` is for the connection's own files.
    pub fn new(name: &str, place: &SshPlace, home: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            user: place.user.clone(),
            host: place.host.clone(),
            port: place.port,
            host_key: place.host_key.clone(),
            identity: place.identity.clone(),
            socket: place.socket.clone(),
            home,
        }
    }
}

/// One such machine.
#[derive(Debug)]
pub(super) struct Far {
    inner: Arc<Inner>,
    keeper: JoinHandle<()>,
    /// One at a time begins a container, by the container's id.
    starting: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    /// Held for reading while a step's directories wait for its container.
    clearing: RwLock<()>,
}

impl Drop for Far {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Far {
    /// Begins to connect, and keeps connected from then on.
    pub(super) fn begin(settings: FarSettings, instance: &str) -> Result<Arc<Self>, SandboxError> {
        let inner = Arc::new(Inner::new(settings, instance)?);
        let keeper = tokio::spawn(keep::keep(Arc::clone(&inner)));
        Ok(Arc::new(Self { inner, keeper, starting: Mutex::default(), clearing: RwLock::default() }))
    }

    /// The socket here that leads to Docker there.
    pub(super) fn socket(&self) -> PathBuf {
        self.inner.socket()
    }

    /// The connection, if there is one within a few seconds.
    pub(super) async fn up(&self) -> Result<Arc<Up>, Failure> {
        self.up_within(PATIENCE).await
    }

    async fn up_within(&self, patience: Duration) -> Result<Arc<Up>, Failure> {
        let mut state = self.inner.state.subscribe();
        // Whether it came in time is seen by what there is then.
        let _ = timeout(patience, state.wait_for(|state| matches!(state, State::Up(_)))).await;
        let known = self.inner.state.borrow().clone();
        match known {
            State::Up(up) => Ok(up),
            State::Down(_) => Err(Failure::Unreachable(self.trouble().unwrap_or_default())),
        }
    }

    /// Why there is no connection, if there is none.
    pub(super) fn trouble(&self) -> Option<String> {
        match &*self.inner.state.borrow() {
            State::Up(_) => None,
            State::Down(why) => {
                let FarSettings { name, user, host, port, .. } = &self.inner.settings;
                Some(format!("engine {name} (ssh://{user}@{host}:{port}): {why}"))
            }
        }
    }

    /// What that machine says of itself.
    pub(super) async fn facts(&self) -> Result<FarFacts, Failure> {
        let mut state = self.inner.state.subscribe();
        let known = |state: &State| !matches!(state, State::Down(why) if why == keep::FIRST);
        // Whether it came in time is seen by what there is then.
        let _ = timeout(LOOK, state.wait_for(known)).await;
        Ok(self.up_within(Duration::ZERO).await?.facts.clone())
    }

    /// A moment on that machine's clock, as this machine's clock has it.
    pub(super) fn here(&self, at: Millis) -> Millis {
        match &*self.inner.state.borrow() {
            State::Up(up) => at.plus(up.facts.behind()),
            State::Down(_) => at,
        }
    }

    /// Since when that machine, or Docker on it, has been at work: no container lives longer.
    pub(super) fn began(&self) -> Option<Millis> {
        match &*self.inner.state.borrow() {
            State::Up(up) => up.facts.began().map(|at| at.plus(up.facts.behind())),
            State::Down(_) => None,
        }
    }

    /// The place of a step there.
    fn place(up: &Up, spec: &StepSpec) -> Place {
        Place::new(&up.base, &spec.key.to_string())
    }

    /// The host, for people.
    pub(super) fn host(&self) -> &str {
        &self.inner.settings.host
    }

    /// As long as somebody holds this, directories without a container stay.
    pub(super) async fn making(&self) -> RwLockReadGuard<'_, ()> {
        self.clearing.read().await
    }

    /// Whoever holds this may begin the container.
    pub(super) async fn turn(&self, container: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut starting = self.starting.lock().await;
            // Nobody waits for those that only this table knows.
            starting.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(starting.entry(container.to_owned()).or_default())
        };
        turn.lock_owned().await
    }
}
