//! Removing a tree that an agent wrote: any depth, read-only directories, no link followed.

use super::beneath::{names, open_dir, open_own, path_shown, unlock};
use super::error::WorkspaceError;
use rustix::fs::{AtFlags, RenameFlags, renameat_with, unlinkat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Names taken from one directory at a time, so that a directory with millions of entries costs no memory.
const BATCH: usize = 4096;

/// Removes a directory with everything in it, or a single file or link; absent is success.
///
/// Sub-directories are moved up into the top directory before they are emptied, so that two handles are enough for any
/// depth and no long path is ever made.
pub fn remove_tree(path: &Path) -> Result<(), WorkspaceError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(WorkspaceError::NotFound(format!("a directory to remove at {}", path_shown(path))));
    };
    let parent = match open_own(parent) {
        Err(WorkspaceError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    remove_beneath(parent.as_fd(), name.as_bytes()).map_err(|error| WorkspaceError::io(path_shown(path), error))
}

/// Removes whatever stands under a name beneath a directory.
pub(super) fn remove_beneath(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error),
    }
    unlock(parent, name)?;
    let top = open_dir(parent, name)?;
    let mut serial = 0u64;
    loop {
        let (found, _) = names(&top, BATCH)?;
        if found.is_empty() {
            break;
        }
        for entry in found {
            empty(top.as_fd(), &entry, &mut serial)?;
        }
    }
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Removes one entry of the top directory; sub-directories of it become entries of the top directory.
fn empty(top: BorrowedFd<'_>, name: &[u8], serial: &mut u64) -> Result<(), Errno> {
    match unlinkat(top, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error),
    }
    unlock(top, name)?;
    let directory = open_dir(top, name)?;
    loop {
        let (found, _) = names(&directory, BATCH)?;
        if found.is_empty() {
            break;
        }
        for entry in found {
            match unlinkat(&directory, entry.as_slice(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::ISDIR) => lift(directory.as_fd(), &entry, top, serial)?,
                Err(error) => return Err(error),
            }
        }
    }
    unlinkat(top, name, AtFlags::REMOVEDIR)
}

fn lift(from: BorrowedFd<'_>, name: &[u8], top: BorrowedFd<'_>, serial: &mut u64) -> Result<(), Errno> {
    unlock(from, name)?;
    loop {
        *serial += 1;
        let free = format!(".dogwatch-removing-{serial}");
        match renameat_with(from, name, top, free.as_bytes(), RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            other => return other,
        }
    }
}
