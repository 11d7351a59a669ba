//! Keeps a second engine out. The kernel drops the lock when its holder ends, however it ends.
//!
//! What is locked is the directory itself, since a file in it could be removed and made anew under a living engine. The lock
//! file is locked as well: it tells people who holds the place.

use super::OpenError;
use super::files;
use std::fs::{File, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;

/// The held lock; dropped with the store.
#[derive(Debug)]
pub(super) struct EngineLock {
    directory: File,
    file: File,
}

impl EngineLock {
    /// Takes the lock at `path` and writes this process's id into it, or says who holds it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let lock = |file: &File| match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { lock: path.to_owned(), pid: holder(path) }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        };
        let directory = File::open(files::directory_of(path)).map_err(io)?;
        lock(&directory)?;
        let mut file = files::private_file(path).map_err(io)?;
        lock(&file)?;
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { directory, file })
    }
}

impl Drop for EngineLock {
    fn drop(&mut self) {
        // Said aloud, since a program that another thread starts just now holds copies of the descriptors until it has come
        // to its own code. Where it fails the locks go with the last copy.
        drop(self.file.unlock());
        drop(self.directory.unlock());
    }
}

/// The process id in the lock file; for people only, since it may be outdated.
pub(crate) fn holder(path: &Path) -> Option<u32> {
    let bytes = files::read_small(path).ok().flatten()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_of_the_descriptors_keeps_no_next_engine_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        let lock = EngineLock::take(&path).unwrap();
        let copies = (lock.directory.try_clone().unwrap(), lock.file.try_clone().unwrap());
        assert!(matches!(EngineLock::take(&path), Err(OpenError::Locked { pid: Some(_), .. })));
        drop(lock);
        EngineLock::take(&path).unwrap();
        drop(copies);
    }
}
