//! Where the store lives and what it is given from outside.

use super::Faults;
use crate::audit::{Clock, SystemClock};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The database; `SQLite` keeps `-wal` and `-shm` beside it.
    pub database: PathBuf,
    /// The lock that keeps a second engine out. It holds the process id of its owner.
    pub lock: PathBuf,
    /// The head of the audit chain, outside the database so that a cut or rewritten log shows.
    pub chain_head: PathBuf,
    /// The epoch, outside the database so that a restored copy does not bring an old one back.
    pub epoch: PathBuf,
    /// Content-addressed files.
    pub blobs: PathBuf,
    /// Space that is kept back for what must be written on a full disk.
    pub reserve: PathBuf,
}

impl Paths {
    /// The usual names in one state directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            database: dir.join("dogwatch.db"),
            lock: dir.join("dogwatch.lock"),
            chain_head: dir.join("chain_head"),
            epoch: dir.join("epoch"),
            blobs: dir.join("blobs"),
            reserve: dir.join("reserve"),
        }
    }
}

/// What the store is given from outside.
#[derive(Clone)]
pub struct Options {
    /// Stamps audit events.
    pub clock: Arc<dyn Clock>,
    /// Failures on demand.
    pub faults: Arc<Faults>,
    /// The engine instance to create in a new database; random when absent.
    pub instance: Option<String>,
    /// Jobs that may wait for the writer; more callers wait their turn.
    pub queue: usize,
    /// Read-only connections; beside them there is one for what takes long.
    pub readers: usize,
    /// Bytes of the reserve; 0 for none.
    pub reserve: u64,
}

impl Default for Options {
    fn default() -> Self {
        let clock = Arc::new(SystemClock::new());
        Self { clock, faults: Arc::default(), instance: None, queue: 1024, readers: 3, reserve: 0 }
    }
}
