//! The engine's socket: JSON lines, one task a client, identity from the kernel.
//!
//! The socket lies in a directory that is closed to others, so that there is no moment in which somebody else could connect. Who has
//! no role is not let in, each request needs its role at the moment it is asked (`people`), and every decision is recorded under the
//! user that the kernel names.

mod answer;
mod assets;
mod audit;
mod brief;
mod budget;
mod bug;
mod connection;
mod datasets;
mod detail;
mod egress;
mod features;
mod follow;
mod health;
mod http;
mod intake;
mod iteration;
mod knowledge;
mod lessons;
mod lines;
mod metrics;
mod models;
mod outbox;
mod places;
mod projects;
mod proposals;
mod questions;
mod schedules;
mod search;
mod settings;
mod socket;
mod submit;
mod told;
mod watch;

pub(crate) use audit::remembered;
pub use settings::Settings;
pub use socket::{SocketFile, listen};

use crate::backup::Keeper;
use crate::domain::Actor;
use crate::engine::Engine;
use crate::engine::checkpoints::Checkpoints;
use crate::engine::crash::Crashed;
use crate::engine::proposals::Proposals;
use crate::engine::supervise::Faults;
use crate::engine::world::RealWorld;
use crate::fleet::Gate;
use crate::people::{Peer, People};
use crate::sandbox::Sandbox;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio::sync::Notify;

/// What every connection shares.
pub struct Server<S: Sandbox> {
    pub(crate) engine: Arc<Engine<RealWorld<S>>>,
    pub(crate) instance: String,
    pub(crate) state_dir: PathBuf,
    settings: Settings,
    /// Why the store is open for reading only, if it is.
    pub(crate) rescue: Option<String>,
    pub(crate) stop: Arc<Notify>,
    gate: Arc<Gate>,
    pub(crate) proposals: Arc<Proposals>,
    /// Who may do what.
    pub(crate) people: Arc<People>,
    /// Signed words on the audit log.
    pub(crate) checkpoints: Arc<Checkpoints>,
    /// The engine's own backups.
    backups: Arc<Keeper>,
    /// Which of the engine's own loops have failed lately.
    loops: Faults,
    health: Arc<health::Health>,
}

impl<S: Sandbox> Server<S> {
    /// A server over an engine.
    pub fn new(
        (engine, proposals): (Arc<Engine<RealWorld<S>>>, Arc<Proposals>),
        instance: String,
        (state_dir, settings): (PathBuf, Settings),
        rescue: Option<String>,
        (stop, gate): (Arc<Notify>, Arc<Gate>),
        people: Arc<People>,
        (checkpoints, backups, loops): (Arc<Checkpoints>, Arc<Keeper>, Faults),
    ) -> Arc<Self> {
        let health = health::Health::new();
        Arc::new(Self {
            engine,
            instance,
            state_dir,
            settings,
            rescue,
            stop,
            gate,
            proposals,
            people,
            checkpoints,
            backups,
            loops,
            health,
        })
    }

    /// What is wrong with the engine itself, in words: its store, its checkpoints, or one of its loops.
    pub(crate) fn store_fault(&self) -> Option<String> {
        self.engine.store.fault().or_else(|| self.checkpoints.fault()).or_else(|| self.loops.words())
    }

    /// Serves clients and drives runs until the future is dropped. `Err` only when a crash point was hit.
    pub async fn serve(self: Arc<Self>, listener: UnixListener) -> Result<(), Crashed> {
        if self.rescue.is_some() {
            self.accept(listener).await;
            return Ok(());
        }
        let driving = Arc::clone(&self.engine).serve();
        let carrying = Arc::clone(&self.proposals).serve();
        tokio::select! {
            crashed = driving => crashed,
            crashed = carrying => crashed,
            () = self.accept(listener) => Ok(()),
        }
    }

    async fn accept(self: &Arc<Self>, listener: UnixListener) {
        let places = places::Places::default();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let uid = stream.peer_cred().map(|peer| peer.uid());
                    let place = uid.map_err(|error| error.to_string());
                    let place = match place.and_then(|uid| places.take(uid, self.people.is_own(uid))) {
                        Ok(place) => place,
                        Err(why) => {
                            connection::turn_away(&stream, why);
                            continue;
                        }
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

/// Who asks on a connection.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// The author of what is decided there.
    pub actor: Actor,
    /// The kernel's word on the peer. What it may do is looked up anew for each decision ([`People`]).
    pub peer: Peer,
}
