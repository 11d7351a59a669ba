//! The engine: drives every run until it rests, takes what operators ask for, and starts again where it was after a crash.
//!
//! `machine` decides, `driver` performs, `ports` is what the driver needs of the outside. The real outside is in `world`,
//! the simulated one in the tests.

mod ask;
mod asked;
pub mod checkpoints;
pub mod crash;
mod datasets;
mod driver;
mod hand_over;
mod keeping;
pub mod machine;
pub mod meter;
mod notes;
mod opened;
pub mod ports;
pub mod prompt;
pub mod proposals;
pub mod queue;
pub mod room;
mod scheduler;
mod schedules;
#[cfg(test)]
mod sim;
mod submit;
pub mod supervise;
mod switch;
pub mod world;

pub use ask::AskError;
pub(crate) use driver::end_unfinished;
pub use hand_over::HandOver;
pub use submit::NewRun;

use crate::store::Store;
use crash::CrashPoints;
use notes::Notes;
use ports::{Places, World};
use room::Room;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, RwLock, watch};

use crate::domain::RunId;

/// One engine over one store and one outside.
pub struct Engine<W: World> {
    pub(crate) store: Store,
    pub(crate) world: W,
    crash: CrashPoints,
    /// Progress in words that is worth showing but not worth keeping.
    pub(crate) notes: Notes,
    /// What runs may take of the machine together.
    room: Room,
    /// One bell a run that is being driven: an operator changed it, look again.
    bells: Mutex<HashMap<RunId, watch::Sender<u64>>>,
    /// Something was committed that the scheduler should look at.
    stirred: Notify,
    /// Held by runs that prepare, so that no image is removed under them.
    preparing: RwLock<()>,
    /// Held by whoever removes what the policy lets go.
    collecting: tokio::sync::Mutex<()>,
    /// Steps have ended whose logs may not be closed yet.
    unclosed: AtomicBool,
    /// Models are let again: runs that were left alone are looked at once more.
    relet: AtomicBool,
    /// The data set whose files are being read.
    reading: Mutex<Option<datasets::Reading>>,
    /// Sources that are asked what is to be tested.
    fetches: schedules::Fetches,
    /// Counts commits, for everybody who shows them.
    committed: watch::Sender<u64>,
}

impl<W: World> Engine<W> {
    /// An engine that drives nothing yet; [`Engine::serve`] starts it.
    pub fn new(store: Store, world: W, crash: CrashPoints, room: Room) -> Arc<Self> {
        Arc::new(Self {
            store,
            world,
            crash,
            notes: Notes::default(),
            room,
            bells: Mutex::default(),
            stirred: Notify::new(),
            preparing: RwLock::default(),
            collecting: tokio::sync::Mutex::default(),
            unclosed: AtomicBool::new(true),
            relet: AtomicBool::new(false),
            reading: Mutex::default(),
            fetches: schedules::Fetches::default(),
            committed: watch::Sender::new(0),
        })
    }

    /// Ticks after each commit and each note. Receivers read the store for what changed.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    /// By which others tell that they committed something.
    pub fn announcer(&self) -> watch::Sender<u64> {
        self.committed.clone()
    }

    /// Tells everybody who waits that something was committed that is not a run's.
    pub fn tell(&self) {
        self.announce();
    }

    fn places(&self) -> &Places {
        self.world.places()
    }

    /// Tells everybody who waits that something was committed.
    fn announce(&self) {
        self.committed.send_modify(|count| *count = count.wrapping_add(1));
        self.stirred.notify_one();
    }

    /// Makes the driver of a run look again.
    fn ring(&self, id: RunId) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(&id) {
            bell.send_modify(|count| *count = count.wrapping_add(1));
        }
        drop(bells);
        self.announce();
    }
}
