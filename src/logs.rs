//! The log of one step: every byte that its program wrote, as it came, in `<name>.log`, and beside it `<name>.idx`, an index
//! of fixed-size records by which any range can be read without reading what comes before.
//!
//! Writing is append-only and ordered: bytes reach the disk before the index speaks of them, so whatever the index lists is
//! there after a crash, and whatever it does not list is cut off on the next opening. Records carry the sequence numbers
//! of the log channel; repeating one changes nothing, leaving one out is refused. Nothing is escaped or altered here: logs
//! hold hostile bytes, and whoever draws them makes them safe.
//!
//! A log whose step is over is closed: checked against the digest that was recorded, and compressed (`<name>.log.zst` and
//! `<name>.idx.zst`). A reader does not care which of the two it reads.

mod close;
mod entry;
mod lines;
mod matcher;
mod packed;
mod reader;
mod remove;
mod search;
mod source;
mod writer;

pub use crate::shim::wire::Stream;
pub use close::{Closed, close};
pub use entry::Entry;
pub use lines::{Line, MAX_LINE};
pub use matcher::{Matcher, SoughtError, gravity};
pub use reader::{LogReader, MAX_READ};
pub use remove::remove;
pub use search::{Scan, Searched};
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
    /// A closed log that cannot be what was written.
    #[error("log {path}: {reason}; what it held can be had only from a copy made before")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// The bytes are not those that were recorded at the step's end.
    #[error(
        "log {path}: it has the digest {found}, and {recorded} was recorded at the step's end; something other than the \
         engine has changed it, so that it proves nothing"
    )]
    Differs {
        /// The file.
        path: PathBuf,
        /// The digest of what is there.
        found: String,
        /// The recorded one.
        recorded: String,
    },
    /// It was closed, and nothing is added to it any more.
    #[error("log {0}: it is closed; nothing can be added to it")]
    Closed(PathBuf),
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

/// The compressed form of a log or an index.
pub fn packed_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".zst");
    name.into()
}

/// Refuses a log whose digest is not the recorded one. Nothing may have been recorded.
pub fn compare(path: &Path, recorded: &str, found: &str) -> Result<(), LogError> {
    if recorded.is_empty() || recorded == found {
        return Ok(());
    }
    Err(LogError::Differs { path: path.to_owned(), found: found.to_owned(), recorded: recorded.to_owned() })
}

#[cfg(test)]
mod tests;
