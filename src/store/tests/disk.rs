//! A disk that fails when it is told to and remembers what was written to it and what was synced, so that a test can take
//! the power away at any moment. It stands between `SQLite` and the real files of one store; see `layer` for how.

mod layer;
mod platter;

pub use platter::{Keep, Platter};

use crate::store::Paths;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The files that matter. Shared memory is no file of the disk's: it is made anew after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    Database,
    Log,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No space: half of the bytes are written and then the call fails. Syncs work.
    Full,
    /// The user's quota: as with `Full`, but the system has another number for it.
    Quota,
    /// Writes fail as with `Full`, but the disk calls it an error.
    Torn,
    /// Syncs fail; writes work.
    Sync,
}

/// What reached the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Write {
        file: File,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: File,
        to: usize,
    },
    Sync {
        file: File,
    },
    /// A sync that failed: what was written before it never reaches the disk, whatever a later sync says, although whoever
    /// reads the file still sees it. So do Linux's file systems.
    FailedSync {
        file: File,
    },
    /// The log was removed.
    Removed,
}

/// One call, and what stood beside it when it was made.
#[derive(Debug, Clone)]
pub struct Moment {
    pub op: Op,
    /// How many transactions were acknowledged before it.
    pub acknowledged: usize,
    /// The head of the chain as it was in its file.
    pub head: Option<Vec<u8>>,
    pub epoch: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct State {
    /// Calls so far that can fail.
    calls: u64,
    /// Calls from this one on fail, so many of them.
    failing: Option<(u64, u64, Fault)>,
    /// How many did.
    failed: u64,
    acknowledged: usize,
    trace: Option<Vec<Moment>>,
    /// The call with which power goes away.
    dark_at: Option<u64>,
}

/// One store's disk. Dropping it gives the files back to the system alone.
#[derive(Debug)]
pub struct Disk {
    paths: Paths,
    /// The database as `SQLite` names it.
    database: PathBuf,
    state: Mutex<State>,
    /// Power is gone.
    dark: watch::Sender<bool>,
}

/// Keeps a disk in place.
pub struct Placed(Arc<Disk>);

impl std::ops::Deref for Placed {
    type Target = Disk;

    fn deref(&self) -> &Disk {
        &self.0
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        layer::forget(&self.0.database);
    }
}

impl Disk {
    /// Puts a disk under the store at `paths`, whose files are opened from now on.
    pub fn under(paths: &Paths) -> Placed {
        let dir = paths.database.parent().unwrap();
        std::fs::create_dir_all(dir).unwrap();
        let database = dir.canonicalize().unwrap().join(paths.database.file_name().unwrap());
        let disk =
            Arc::new(Self { paths: paths.clone(), database, state: Mutex::default(), dark: watch::Sender::new(false) });
        layer::place(&disk.database, Arc::clone(&disk));
        Placed(disk)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers everything from now on.
    pub fn remember(&self) {
        self.state().trace.get_or_insert_default();
    }

    /// What was remembered.
    pub fn remembered(&self) -> Vec<Moment> {
        self.state().trace.clone().unwrap_or_default()
    }

    /// How many calls failed.
    pub fn failed(&self) -> u64 {
        self.state().failed
    }

    /// Says that so many transactions were acknowledged.
    pub fn acknowledge(&self, count: usize) {
        self.state().acknowledged = count;
    }

    /// Makes the first `times` calls fail that fit the fault and come after `after` others of any kind.
    pub fn fail(&self, after: u64, times: u64, fault: Fault) {
        let mut state = self.state();
        state.failing = Some((state.calls + after, times, fault));
    }

    /// Works again.
    pub fn mend(&self) {
        self.state().failing = None;
    }

    /// Takes power away with the call that comes after `after` others: it and all later ones fail and are not remembered.
    pub fn go_dark(&self, after: u64) {
        let mut state = self.state();
        state.dark_at = Some(state.calls + after);
    }

    /// Whether power is gone.
    pub fn is_dark(&self) -> bool {
        *self.dark.borrow()
    }

    /// Tells when power goes away.
    pub fn darkness(&self) -> watch::Receiver<bool> {
        self.dark.subscribe()
    }

    /// Power is back, and what was remembered until it went is given away.
    pub fn light(&self) -> Vec<Moment> {
        self.stay();
        self.dark.send_replace(false);
        self.state().trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Power stays.
    pub fn stay(&self) {
        self.state().dark_at = None;
    }

    /// How many calls were made that can fail.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Counts a call that can fail, and says how it does.
    fn verdict(&self, is_sync: bool) -> Option<Fault> {
        let mut state = self.state();
        let now = state.calls;
        state.calls += 1;
        if state.dark_at.is_some_and(|at| now >= at) {
            self.dark.send_replace(true);
            return Some(if is_sync { Fault::Sync } else { Fault::Torn });
        }
        let (from, left, fault) = state.failing.as_mut()?;
        if now < *from || *left == 0 || (*fault == Fault::Sync) != is_sync {
            return None;
        }
        *left -= 1;
        let fault = *fault;
        state.failed += 1;
        Some(fault)
    }

    /// Remembers a call where that is wished. What stands beside it is read now: only the caller's thread changes it.
    fn note(&self, op: impl FnOnce() -> Op) {
        let mut state = self.state();
        if self.is_dark() {
            return;
        }
        let acknowledged = state.acknowledged;
        let Some(trace) = &mut state.trace else { return };
        let read = |path| std::fs::read(path).ok();
        let (head, epoch) = (read(&self.paths.chain_head), read(&self.paths.epoch));
        trace.push(Moment { op: op(), acknowledged, head, epoch });
    }
}
