//! The engine's socket as a file: made by one engine, and removed by that one only.
//!
//! Nobody but the engine's own user can connect before everything is as it should be: the file is made with its closed mode from the
//! first moment on (the mode of a socket's own inode is that of the file which `bind` makes), in a directory into which nobody else
//! can come, and both are opened to a group only afterwards.

use rustix::fs::{AtFlags, Gid, Mode, OFlags, chownat, fchmod, fchown, fstat, open};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen as start, socket_with, sockopt,
};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// Clients that wait until they are accepted.
const BACKLOG: i32 = 1024;

/// The file of a socket that this process listens at.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Makes the engine's socket, replacing one that a dead engine left behind. The caller holds the engine lock. Members of `group` may
/// connect to it; without one nobody but the engine's own user and root.
pub fn listen(path: &Path, group: Option<u32>) -> io::Result<(UnixListener, SocketFile)> {
    let parent = path.parent().ok_or_else(|| io::Error::other("the socket has no directory"))?;
    let directory = closed_directory(parent)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    fchmod(&socket, Mode::from_raw_mode(0o600))?;
    // Whoever is accepted inherits it: each message then says who wrote it.
    sockopt::set_socket_passcred(&socket, true)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    let made = std::fs::symlink_metadata(path)?;
    start(&socket, BACKLOG)?;
    if let Some(gid) = group.map(Gid::from_raw) {
        chownat(rustix::fs::CWD, path, None, Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
        fchown(&directory, None, Some(gid))?;
        fchmod(&directory, Mode::from_raw_mode(0o750))?;
    }
    let listener = UnixListener::from_std(StdListener::from(socket))?;
    Ok((listener, SocketFile { path: path.to_owned(), device: made.dev(), inode: made.ino() }))
}

/// The directory, of this user and closed to everybody else. Nothing that somebody else put there is followed or taken over.
fn closed_directory(path: &Path) -> io::Result<std::os::fd::OwnedFd> {
    match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let directory = open(path, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY, Mode::empty())?;
    let own = rustix::process::geteuid().as_raw();
    let owner = fstat(&directory)?.st_uid;
    if owner != own {
        return Err(io::Error::other(format!(
            "{} belongs to user {owner}, and this is user {own}: remove it, or change its owner",
            path.display()
        )));
    }
    fchmod(&directory, Mode::from_raw_mode(0o700))?;
    Ok(directory)
}

impl SocketFile {
    /// Removes the file, unless another one has taken its place. One that stays behind is replaced by the next engine.
    pub fn remove(self) {
        let own = |found: std::fs::Metadata| (found.dev(), found.ino()) == (self.device, self.inode);
        if !std::fs::symlink_metadata(&self.path).is_ok_and(own) {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!("the engine's socket stays behind: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::listen;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn only_the_own_socket_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sock").join("s");
        let (_first, first) = listen(&path, None).unwrap();
        let (_second, second) = listen(&path, None).unwrap();
        first.remove();
        assert!(path.exists(), "the first one removed the socket of the second");
        second.remove();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_group_may_come_in_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let (place, path) = (dir.path().join("sock"), dir.path().join("sock").join("s"));
        let (_listener, _file) = listen(&path, None).unwrap();
        assert_eq!((mode(&place), mode(&path)), (0o700, 0o600));
        let (_listener, _file) = listen(&path, Some(rustix::process::getegid().as_raw())).unwrap();
        assert_eq!((mode(&place), mode(&path)), (0o750, 0o660));
    }

    #[tokio::test]
    async fn nothing_that_is_in_the_way_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (elsewhere, place) = (dir.path().join("elsewhere"), dir.path().join("sock"));
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::set_permissions(&elsewhere, std::fs::Permissions::from_mode(0o755)).unwrap();
        symlink(&elsewhere, &place).unwrap();
        assert!(listen(&place.join("s"), None).is_err());
        assert_eq!(mode(&elsewhere), 0o755);
    }
}
