//! Makes the socket so that it is never there with the wrong rights, and replaces one that an earlier engine left.

use super::{ChannelError, SOCKET};
use std::fs::{File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// How many connections wait to be accepted. Few: what the program puts there is in the shim's way.
const QUEUE: i32 = 32;

/// Listens in a directory. Anyone who sees the directory may connect; only the step's container does.
pub(super) fn bind(dir: &Path) -> Result<UnixListener, ChannelError> {
    bind_in(dir, SOCKET)
        .map_err(|error| ChannelError::Listen { dir: dir.display().to_string(), reason: error.to_string() })
}

/// The same under another name.
pub(crate) fn bind_in(dir: &Path, name: &str) -> std::io::Result<UnixListener> {
    // Socket addresses end at 108 bytes, paths do not; a descriptor of the directory makes a short path of any.
    let directory = File::open(dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    let fresh = format!("{name}.new");
    match std::fs::remove_file(dir.join(&fresh)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(short.join(&fresh))?;
    // The standard library makes the queue as long as the system allows.
    rustix::net::listen(&listener, QUEUE)?;
    std::fs::set_permissions(dir.join(&fresh), Permissions::from_mode(0o666))?;
    std::fs::rename(dir.join(&fresh), dir.join(name))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
