//! The engine's socket: JSON lines, one task a client, identity from the kernel.
//!
//! The socket lies in a directory of mode 0700, so that there is no moment in which somebody else could connect. Only the
//! engine's own user and root are let in; every decision is recorded under the user that the kernel names.

mod answer;
mod assets;
mod brief;
mod budget;
mod bug;
mod connection;
mod detail;
mod egress;
mod follow;
mod health;
mod identity;
mod iteration;
mod knowledge;
mod lines;
mod outbox;
mod projects;
mod questions;
mod search;
mod socket;
mod submit;
mod watch;

pub use identity::user_name;
pub use socket::{SocketFile, listen};

use crate::domain::Actor;
use crate::engine::Engine;
use crate::engine::crash::Crashed;
use crate::engine::world::RealWorld;
use crate::sandbox::Sandbox;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio::sync::{Notify, Semaphore};

/// Most clients at once.
const MOST_CLIENTS: usize = 256;

/// What every connection shares.
pub struct Server<S: Sandbox> {
    pub(crate) engine: Arc<Engine<RealWorld<S>>>,
    pub(crate) instance: String,
    pub(crate) state_dir: PathBuf,
    /// Why the store is open for reading only, if it is.
    pub(crate) rescue: Option<String>,
    pub(crate) stop: Arc<Notify>,
    health: Arc<health::Health>,
}

impl<S: Sandbox> Server<S> {
    /// A server over an engine.
    pub fn new(
        engine: Arc<Engine<RealWorld<S>>>,
        instance: String,
        state_dir: PathBuf,
        rescue: Option<String>,
        stop: Arc<Notify>,
    ) -> Arc<Self> {
        Arc::new(Self { engine, instance, state_dir, rescue, stop, health: health::Health::new() })
    }

    /// Serves clients and drives runs until the future is dropped. `Err` only when a crash point was hit.
    pub async fn serve(self: Arc<Self>, listener: UnixListener) -> Result<(), Crashed> {
        if self.rescue.is_some() {
            self.accept(listener).await;
            return Ok(());
        }
        let driving = Arc::clone(&self.engine).serve();
        tokio::select! {
            crashed = driving => crashed,
            () = self.accept(listener) => Ok(()),
        }
    }

    async fn accept(self: &Arc<Self>, listener: UnixListener) {
        let places = Arc::new(Semaphore::new(MOST_CLIENTS));
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                        connection::turn_away(&stream);
                        continue;
                    };
                    let server = Arc::clone(self);
                    tokio::spawn(async move {
                        server.client(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("cannot accept a client: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// Whether the kernel's word on a peer lets it in.
fn allowed(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

/// The operator behind a peer's uid.
fn operator(uid: u32) -> Actor {
    Actor::Operator { uid, name: user_name(uid) }
}
