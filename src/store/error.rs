//! What can go wrong with the database, told apart by what the caller can do about it.

use crate::audit::Verdict;
use crate::domain::RunId;
use std::path::PathBuf;

/// A read or a write that did not happen. After any of these the job left nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `SQLite` refused or failed inside the job.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The transaction could not be made durable, so every job in it was undone.
    #[error("nothing was stored: {reason}; free space or repair the disk and try again")]
    NotStored {
        /// The disk is full.
        full: bool,
        /// `SQLite`'s words.
        reason: String,
    },
    /// Somebody else moved the run first.
    #[error("run {run} is at version {found}, not at {expected}: read it again and decide anew")]
    Conflict {
        /// The run.
        run: RunId,
        /// The version the caller had read.
        expected: i64,
        /// The version in the database.
        found: i64,
    },
    /// No such row.
    #[error("there is no {what} {id}")]
    Missing {
        /// The kind of row.
        what: &'static str,
        /// Its id, printed.
        id: String,
    },
    /// A name that must be unique is taken.
    #[error("{what} `{name}` is there already: choose another name")]
    Taken {
        /// The kind of row.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The job changed rows without an audit event.
    #[error("a job changed {rows} rows but recorded no audit event, so it was undone")]
    Unrecorded {
        /// Rows changed.
        rows: u64,
    },
    /// A value is too big or has a wrong form.
    #[error("{what}: {rule}")]
    Invalid {
        /// The value's name.
        what: &'static str,
        /// The rule that it breaks.
        rule: String,
    },
    /// The job panicked; it was undone alone.
    #[error("the job panicked: {0}")]
    Panicked(String),
    /// The caller's own reason to undo its job.
    #[error("{0}")]
    Refused(String),
    /// The store was opened for rescue.
    #[error("the database is open for reading only, because it failed its checks at the start")]
    ReadOnly,
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
    /// A blob's file.
    #[error("blob {name}: {source}")]
    Blob {
        /// The blob's name.
        name: String,
        /// What the file system said.
        source: std::io::Error,
    },
}

/// Why the store could not be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another engine holds the lock.
    #[error("{}: {}", lock.display(), held(*pid))]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// Its holder, where known.
        pid: Option<u32>,
    },
    /// The linked `SQLite` has a known fault.
    #[error("SQLite {found} can lose data (fixed in 3.51.3): build with the bundled SQLite")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// The database failed its integrity check or is not a database.
    #[error("{}: the database is damaged ({reason}); it was not touched: read it in rescue mode or restore a backup", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// The first complaint.
        reason: String,
    },
    /// The database is empty, but the files beside it tell of one that was not.
    #[error("{}: the database is empty, but {} shows that there was one: its content, or its log (-wal), is lost; restore a copy of all files", path.display(), witness.display())]
    Lost {
        /// The database.
        path: PathBuf,
        /// The file that remembers.
        witness: PathBuf,
    },
    /// The database cannot be used just now: no space, held by another program, not readable. Nothing speaks against it.
    #[error("{}: the database cannot be used now ({reason}); it was not touched: free space, close what else uses it, see to its permissions, and start again", path.display())]
    Unavailable {
        /// The database.
        path: PathBuf,
        /// `SQLite`'s words.
        reason: String,
    },
    /// A newer dogwatch wrote the database.
    #[error("{}: schema {found} is newer than {known}, the newest this program knows: use the newer dogwatch, or read it in rescue mode", path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// The schema found.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The audit chain does not hold.
    #[error("{}: the audit log does not hold: {verdict}; look at it with `dogwatch audit verify`", path.display())]
    Chain {
        /// The database.
        path: PathBuf,
        /// What the check found.
        verdict: Verdict,
    },
    /// The epoch file holds something else than a number.
    #[error("{}: the epoch file is damaged: it must hold one whole number from 1", path.display())]
    Epoch {
        /// The file.
        path: PathBuf,
    },
    /// The epoch file is older than the audit log.
    #[error("{}: it holds epoch {found}, but the audit log has come to {last}: the file is an old one, write {last} or more into it, or remove it", path.display())]
    EpochBehind {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: u64,
        /// The epoch of the last record.
        last: u64,
    },
    /// Something that is no file lies where a file of the store goes.
    #[error("{}: {what} belongs there, but what lies there is no file (a directory, a link or the like): move it away", path.display())]
    NoFile {
        /// Where.
        path: PathBuf,
        /// What belongs there.
        what: &'static str,
    },
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// `SQLite` refused while opening or migrating, for a reason that will not go away by itself.
    #[error("{}: {reason}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// `SQLite`'s words.
        reason: String,
    },
}

impl OpenError {
    /// Whether [`super::Store::rescue`] is worth trying: the data are there but must not be written to.
    pub fn rescue_offered(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. }
                | Self::Lost { .. }
                | Self::NewerSchema { .. }
                | Self::Chain { .. }
                | Self::Epoch { .. }
                | Self::EpochBehind { .. }
                | Self::Database { .. }
        )
    }
}

fn held(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("another engine (process {pid}) uses this database: stop it first"),
        None => "another engine uses this database: stop it first".to_owned(),
    }
}
