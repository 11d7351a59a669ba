//! The bytes of a log or its index, whichever way they lie on disk.

use super::packed::Packed;
use super::{LogError, packed_path};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
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
        let file = open_file(path, OpenOptions::new().read(true))?;
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

/// Opens a file of a log. Links are not followed; what is no file, such as a pipe that would be waited for, is refused.
pub(super) fn open_file(path: &Path, options: &mut OpenOptions) -> Result<File, LogError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file =
        options.custom_flags(i32::try_from(flags).unwrap_or(0)).open(path).map_err(LogError::io(path, "open it"))?;
    if !file.metadata().map_err(LogError::io(path, "look at it"))?.is_file() {
        return Err(LogError::Corrupt { path: path.to_owned(), reason: "what lies there is no file" });
    }
    Ok(file)
}
