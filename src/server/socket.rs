//! The engine's socket as a file: made by one engine, and removed by that one only.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The file of a socket that this process listens at.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Makes the engine's socket, replacing one that a dead engine left behind. The caller holds the engine lock.
pub fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
        std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o700))?;
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The directory keeps others out even before the mode is set.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    let made = std::fs::symlink_metadata(path)?;
    Ok((listener, SocketFile { path: path.to_owned(), device: made.dev(), inode: made.ino() }))
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
    use super::listen;

    #[tokio::test]
    async fn only_the_own_socket_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sock").join("s");
        let (_first, first) = listen(&path).unwrap();
        let (_second, second) = listen(&path).unwrap();
        first.remove();
        assert!(path.exists(), "the first one removed the socket of the second");
        second.remove();
        assert!(!path.exists());
    }
}
