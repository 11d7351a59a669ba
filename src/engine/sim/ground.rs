//! Files under the store of a simulation, on a disk whose power can be taken away at any call: what was not synced is lost as
//! the dice say, and the store is opened again over what is left.

use crate::audit::{self, Verdict};
use crate::store::tests::disk::{Disk, Keep, Placed, Platter};
use crate::store::tests::history::beside;
use crate::store::{OpenError, Options, Paths, Store};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;

/// Where a store lies.
pub(super) struct Ground {
    _dir: TempDir,
    paths: Paths,
    disk: Placed,
    platter: Platter,
    rng: StdRng,
    options: Options,
}

impl Ground {
    /// New files, and a store in them.
    pub fn new(seed: u64, options: Options) -> (Self, Store) {
        let dir = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let paths = Paths::in_dir(&dir.path().join("state"));
        let disk = Disk::under(&paths);
        disk.remember();
        let store = Store::open_inline(&paths, &options).unwrap();
        let rng = StdRng::seed_from_u64(seed);
        (Self { _dir: dir, paths, disk, platter: Platter::default(), rng, options }, store)
    }

    /// Tells when power goes away.
    pub fn darkness(&self) -> watch::Receiver<bool> {
        self.disk.darkness()
    }

    /// Power stays.
    pub fn stay(&self) {
        self.disk.stay();
    }

    /// Takes power away with the call that comes after so many others.
    pub fn go_dark(&self, after: u64) {
        self.disk.go_dark(after);
    }

    /// How many calls reached the disk.
    pub fn calls(&self) -> u64 {
        self.disk.calls()
    }

    /// Opens the store over what is left. Nobody may hold the one before any more. `again` takes power away once more while
    /// the store is being opened, with the call that comes after so many others; then there is no store yet.
    pub fn reopen(&mut self, keep: Keep, again: Option<u64>) -> Option<Store> {
        for moment in self.disk.light() {
            self.platter.perform(&moment.op);
        }
        let (database, log) = self.platter.after_power_loss(keep, &mut self.rng);
        for ending in ["-wal", "-shm"] {
            drop(std::fs::remove_file(beside(&self.paths.database, ending)));
        }
        std::fs::write(&self.paths.database, &database).unwrap();
        if !log.is_empty() {
            std::fs::write(beside(&self.paths.database, "-wal"), &log).unwrap();
        }
        self.platter = Platter::holding(database, log);
        if let Some(after) = again {
            self.disk.go_dark(after);
        }
        let begun = Instant::now();
        let opened = loop {
            match Store::open_inline(&self.paths, &self.options) {
                // A program that another test starts just then holds a copy of this process's locks until it is loaded.
                Err(OpenError::Locked { .. }) if begun.elapsed() < Duration::from_mins(1) => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                opened => break opened,
            }
        };
        match opened {
            Ok(store) if !self.disk.is_dark() => {
                self.disk.stay();
                Some(store)
            }
            Ok(_) => None,
            Err(error) => {
                assert!(self.disk.is_dark(), "power is back, and the store does not open: {error}");
                None
            }
        }
    }

    /// The audit log is whole, and the head beside the database agrees with it.
    pub fn audited(&self, store: &Store) {
        let verdict = store.read_sync(|view| Ok(audit::verify(view.connection(), &self.paths.chain_head))).unwrap();
        assert!(matches!(verdict, Ok(Verdict::Anchored { .. })), "{verdict:?}");
    }
}
