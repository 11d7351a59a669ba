//! The bytes of a log or its index, whichever way they lie on disk.

use super::packed::Packed;
use super::{LogError, packed_path};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// One file, as it is written or compressed.
#[derive(Debug)]
pub(super) enum Source {
    /// As it is written.
    Open {
        /// Where.
        path: PathBuf,
        /// It.
        file: File,
    },
    /// Compressed.
    Closed(Packed),
}

impl Source {
    /// Opens the file at `path` as it is written.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let file = File::open(path).map_err(LogError::io(path, "open it"))?;
        Ok(Self::Open { path: path.to_owned(), file })
    }

    /// Opens the compressed form of the file at `path`.
    pub fn closed(path: &Path) -> Result<Self, LogError> {
        Packed::open(&packed_path(path)).map(Self::Closed)
    }

    /// Bytes by now.
    pub fn size(&self) -> Result<u64, LogError> {
        match self {
            Self::Open { path, file } => Ok(file.metadata().map_err(LogError::io(path, "look at it"))?.len()),
            Self::Closed(packed) => Ok(packed.size()),
        }
    }

    /// Fills `bytes` from a place on, or fails.
    pub fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), LogError> {
        match self {
            Self::Open { path, file } => file.read_exact_at(bytes, offset).map_err(LogError::io(path, "read it")),
            Self::Closed(packed) => packed.read_exact_at(bytes, offset),
        }
    }
}
