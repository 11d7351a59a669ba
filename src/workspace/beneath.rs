//! Opening things beneath a directory handle, never through a link and never blocking on a pipe or device.

use super::error::WorkspaceError;
use super::names::shown;
use rustix::fs::{Dir, Mode, OFlags, openat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Directories nested deeper than this are not read or written. Each level holds a handle open, and no real project comes
/// near it.
pub(super) const MAX_DEPTH: usize = 128;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens a directory of the engine's own by path.
pub(super) fn open_own(path: &Path) -> Result<OwnedFd, WorkspaceError> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| WorkspaceError::io(path_shown(path), error))
}

/// Opens a directory by name beneath another.
pub(super) fn open_dir(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    openat(parent, name, DIRECTORY, Mode::empty())
}

/// Opens a file for reading. The caller checks that the handle is a regular file: between looking and opening the name
/// may have become a pipe or a device.
pub(super) fn open_file(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

/// The names in a directory, at most `limit` of them, in the order of the file system. The flag says that there are more.
pub(super) fn names(directory: impl AsFd, limit: usize) -> Result<(Vec<Vec<u8>>, bool), Errno> {
    let mut found = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        if found.len() >= limit {
            return Ok((found, true));
        }
        found.push(name.to_vec());
    }
    Ok((found, false))
}

/// A path of the host as text that is safe to show.
pub(super) fn path_shown(path: &Path) -> String {
    shown(path.as_os_str().as_bytes())
}
