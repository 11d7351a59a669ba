//! The log of one step: every byte that its program wrote, as it came, in `<name>.log`, and beside it `<name>.idx`, an index
//! of fixed-size records by which any range can be read without reading what comes before.
//!
//! Writing is append-only and ordered: bytes reach the disk before the index speaks of them, so whatever the index lists is
//! there after a crash, and whatever it does not list is cut off on the next opening. Records carry the sequence numbers
//! of the log channel; repeating one changes nothing, leaving one out is refused. Nothing is escaped or altered here: logs
//! hold hostile bytes, and whoever draws them makes them safe.

mod entry;
mod reader;
mod writer;

pub use crate::shim::wire::Stream;
pub use entry::Entry;
pub use reader::{Line, LogReader, MAX_READ};
pub use writer::{Appended, LogMark, LogWriter, Record};

use std::path::{Path, PathBuf};

/// The most bytes of one record.
pub const MAX_RECORD: usize = crate::shim::wire::MAX_OUTPUT;

/// Why a log cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system refused.
    #[error("log {path}: cannot {doing}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The reason.
        source: std::io::Error,
    },
    /// A record came before the one that should precede it.
    #[error("log {path}: record {got} came where {expected} was due; ask the sender to go back to {expected}")]
    Gap {
        /// The file.
        path: PathBuf,
        /// The number that was due.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// A record beyond the cap.
    #[error("log {path}: a record of {size} bytes is beyond {MAX_RECORD}; split it")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: usize,
    },
    /// The files contradict each other in a way that no crash explains.
    #[error("log {path}: {reason}; move the log and its index away to start a new one")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// Another writer has it open.
    #[error("log {0}: another writer has it open; only one may append")]
    Busy(PathBuf),
}

impl LogError {
    /// Whether there simply is no such log: its step never started.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }

    fn io(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, doing, source }
    }
}

/// The index that belongs to a log.
pub fn index_path(log: &Path) -> PathBuf {
    log.with_extension("idx")
}

#[cfg(test)]
mod tests;
