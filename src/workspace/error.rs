//! What can go wrong between the engine's repositories, work trees and sources.

use std::io;

/// Why something could not be done with a repository or a work tree.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The project's source cannot be used as it is.
    #[error("source {name}: {reason}")]
    Source {
        /// The path or URL, without any password in it.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The git program is needed for a URL and is not installed.
    #[error("the git program is needed for {0} and was not found: install git, or clone the source and add its path")]
    NoGitProgram(String),
    /// The git program ended badly.
    #[error("git could not {what}: {reason}")]
    Program {
        /// The action in words.
        what: String,
        /// The end of its error output.
        reason: String,
    },
    /// A revision, commit, path or repository that is not there.
    #[error("{0} was not found")]
    NotFound(String),
    /// The tree holds something that cannot be worked with.
    #[error("{path}: {reason}")]
    Unsupported {
        /// Where, escaped for display.
        path: String,
        /// What it is and what to do.
        reason: String,
    },
    /// A bound was passed.
    #[error("{what}: more than {limit}")]
    TooLarge {
        /// What grew too large.
        what: String,
        /// The bound with its unit.
        limit: String,
    },
    /// Doing it would destroy something of the source's owner.
    #[error("branch {branch} was not delivered: {reason}")]
    Refused {
        /// The branch.
        branch: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The file system refused.
    #[error("{place}: {error}")]
    Io {
        /// The path, escaped for display.
        place: String,
        /// Its answer.
        #[source]
        error: io::Error,
    },
    /// The git library refused.
    #[error("{what}: {error}")]
    Git {
        /// What was being done.
        what: String,
        /// Its answer.
        #[source]
        error: git2::Error,
    },
}

impl WorkspaceError {
    /// A file system error at a place.
    pub(super) fn io(place: impl Into<String>, error: impl Into<io::Error>) -> Self {
        Self::Io { place: place.into(), error: error.into() }
    }

    /// Turns a git library error into ours, for `map_err`.
    pub(super) fn git(what: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        |error| Self::Git { what: what.into(), error }
    }

    /// The same for a tree that has so much room and no more: that is no matter of the disk.
    pub fn within(self, mib: u64) -> Self {
        if self.is_disk_full() {
            let limit = format!("{mib} MiB, which `disk` under [limits] allows (or the operator's config.toml)");
            return Self::TooLarge { what: "the commit's tree".to_owned(), limit };
        }
        self
    }

    /// Whether the same may go well later without anybody's doing: what is refused stays refused, but a lock is let go, a
    /// disk gets room, a network comes back.
    pub fn passes(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Git { .. } | Self::Program { .. } => true,
            Self::Source { .. }
            | Self::NoGitProgram(_)
            | Self::NotFound(_)
            | Self::Unsupported { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. } => false,
        }
    }

    /// Whether the disk is full, which is worth waiting for.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { error, .. } => {
                matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Git { error, .. } => {
                error.class() == git2::ErrorClass::Os && error.message().contains("No space left")
            }
            _ => false,
        }
    }
}
