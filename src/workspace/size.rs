//! What a directory takes on disk. What is in it may be hostile: no link is followed, no long path is made, and however deep
//! or wide it is, few handles are open at a time.

use super::beneath::{MAX_DEPTH, open_dir};
use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::Errno;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes of one block as the system counts them.
const BLOCK: u64 = 512;
/// Directories that lie too deep are looked at later; so many of them wait at a time.
const MAX_WAITING: usize = 64;

/// What the directory with all that is in it takes on disk; nothing where there is none. What cannot be looked at is not
/// counted, so a tree that its programs meant to be immeasurable takes at least so much. An error only when the directory
/// itself cannot be looked at.
pub fn size(dir: &Path) -> io::Result<u64> {
    let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", dir.display()));
    let seen = match fs::symlink_metadata(dir) {
        Ok(seen) => seen,
        Err(error) if [ErrorKind::NotFound, ErrorKind::PermissionDenied].contains(&error.kind()) => return Ok(0),
        Err(error) => return Err(at(error)),
    };
    let mut sum = Sum { bytes: seen.blocks() * BLOCK, waiting: Vec::new() };
    if seen.is_dir() {
        match open_dir(rustix::fs::CWD, dir.as_os_str().as_bytes()) {
            Ok(top) => sum.waiting.push(top),
            // Removed meanwhile, or closed to the engine.
            Err(Errno::NOENT | Errno::ACCESS) => {}
            Err(error) => return Err(at(error.into())),
        }
    }
    while let Some(directory) = sum.waiting.pop() {
        sum.add(directory, 0);
    }
    Ok(sum.bytes)
}

struct Sum {
    bytes: u64,
    waiting: Vec<OwnedFd>,
}

impl Sum {
    /// Adds what is in a directory. What fails here takes nothing: it was removed meanwhile, is closed to the engine, or was
    /// made so that nobody can look at it.
    fn add(&mut self, directory: OwnedFd, depth: usize) {
        if depth > MAX_DEPTH {
            if self.waiting.len() < MAX_WAITING {
                self.waiting.push(directory);
            }
            return;
        }
        let Ok(mut entries) = Dir::new(directory) else { return };
        while let Some(Ok(entry)) = entries.read() {
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let Ok(handle) = entries.fd() else { return };
            let Ok(stat) = statat(handle, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            self.bytes = self.bytes.saturating_add(on_disk(&stat));
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                continue;
            }
            if let Ok(inner) = open_dir(handle, name) {
                self.add(inner, depth + 1);
            }
        }
    }
}

fn on_disk(stat: &Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(BLOCK)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::fs::{Mode, OFlags, openat};

    #[test]
    fn links_lead_nowhere() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("large"), vec![7; 1 << 20]).unwrap();
        let inside = tempfile::tempdir().unwrap();
        fs::create_dir(inside.path().join("a")).unwrap();
        fs::write(inside.path().join("a/b"), vec![7; 100_000]).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("a/c")).unwrap();
        let size = size(inside.path()).unwrap();
        assert!((100_000..900_000).contains(&size), "{size}");
        assert_eq!(super::size(&inside.path().join("none")).unwrap(), 0);
    }

    #[test]
    fn depth_neither_fails_nor_hides_anything() {
        let top = tempfile::tempdir().unwrap();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let mut at = rustix::fs::open(top.path(), flags, Mode::empty()).unwrap();
        // No path can name the bottom.
        for _ in 0..3_000 {
            rustix::fs::mkdirat(&at, "dddddddd", Mode::RWXU).unwrap();
            at = openat(&at, "dddddddd", flags, Mode::empty()).unwrap();
        }
        let file = openat(&at, "large", OFlags::WRONLY | OFlags::CREATE, Mode::RWXU).unwrap();
        std::io::Write::write_all(&mut fs::File::from(file), &vec![7; 32 << 20]).unwrap();
        let size = size(top.path()).unwrap();
        crate::workspace::remove_tree(&top.path().join("dddddddd")).unwrap();
        assert!(size >= 32 << 20, "{size}");
    }
}
