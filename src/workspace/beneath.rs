//! Opening things beneath a directory handle, never through a link and never blocking on a pipe or device.

use super::error::WorkspaceError;
use super::names::shown;
use rustix::fs::{CWD, Dir, Mode, OFlags, openat};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
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

/// Opens the directory of a tree that programs worked in. They may have taken even its owner's rights away, which is no
/// reason not to read it.
pub(super) fn open_tree(path: &Path) -> Result<OwnedFd, WorkspaceError> {
    unlock_tree(path)?;
    open_own(path)
}

/// Gives the owner of a tree's top directory all rights to it again.
pub fn unlock_tree(path: &Path) -> Result<(), WorkspaceError> {
    unlock(CWD, path.as_os_str().as_bytes()).map_err(|error| WorkspaceError::io(path_shown(path), error))
}

/// Gives the owner of a directory all rights to it. The handle is taken without opening and changed through its name under
/// `/proc/self/fd`, which cannot be swapped for a link in between.
pub(super) fn unlock(parent: impl AsFd, name: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = openat(parent, name, flags, Mode::empty())?;
    if rustix::fs::fstat(&handle)?.st_mode & 0o700 == 0o700 {
        return Ok(());
    }
    rustix::fs::chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), Mode::RWXU)
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
