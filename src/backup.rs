//! Backups of the database and the way back.
//!
//! A backup is a directory named by its instant in UTC and the number of the last event in it: the database as it was at one moment, and
//! a manifest that says what that is. It is made aside, read from end to end, and only then has its name; whatever has a name was whole
//! when it was made. Blobs that databases name lie beside all of them, once, in `blobs`. Logs of steps and git repositories are no part
//! of it.
//!
//! To restore is to put one in the place of the present database, which is put aside, and to begin a new epoch outside both of them
//! first: whatever people had agreed to in either is void from then on. No number is given twice, and runs that were under way in the
//! backup end, since what they did after it nobody knows any more.

mod blobs;
mod keep;
mod look;
mod make;
mod manifest;
mod name;
mod restore;
mod rotate;

#[cfg(test)]
mod tests;

pub use keep::{Keeper, Newest};
pub use look::{Found, check, find, list};
pub use make::{Made, make};
pub use manifest::Manifest;
pub use name::Name;
pub use restore::{Lost, Plan, Restored, carry_out, plan};
pub use rotate::rotate;

use crate::store::{OpenError, StoreError};
use std::io;
use std::path::{Path, PathBuf};

/// The database in a backup.
const DATABASE: &str = "dogwatch.db";
/// What says what it is.
const MANIFEST: &str = "manifest.json";
/// Where blobs lie, beside all backups.
const BLOBS: &str = "blobs";

/// Why there is no backup, or no way back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no room for one beside the reserve.
    #[error(
        "no backup is made: it takes {need} MiB, and {free} MiB are free in {}, of which {reserve} MiB are kept back: free some space, or \
         name another directory as `to` of [backup] in config.toml", place.display()
    )]
    NoRoom {
        /// Where.
        place: PathBuf,
        /// MiB that it takes.
        need: u64,
        /// MiB that are free.
        free: u64,
        /// MiB that stay free.
        reserve: u64,
    },
    /// It is not what it says.
    #[error("{} is no backup to rely on: {reason}", place.display())]
    Bad {
        /// Which.
        place: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is none of this name.
    #[error("there is no backup {name} in {}: `dogwatch backup ls` lists those that there are", place.display())]
    Missing {
        /// The name.
        name: String,
        /// Where.
        place: PathBuf,
    },
    /// The database cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A database cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Its words.
        source: io::Error,
    },
    /// A step was not taken, as a test will have it.
    #[cfg(test)]
    #[error("cut short")]
    Cut,
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::Io { path: path.to_owned(), source }
}
