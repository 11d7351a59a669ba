//! What agents keep of their conversations, between the steps of one run. It is copied out of the step's directory and into the
//! next one's, so that a turn that is repeated finds what its first try found. What an agent left there is hostile: only
//! regular files and directories are taken, no link is followed, nothing is waited for, and all of it is bounded.

use super::beneath::{names, open_dir, open_file, open_own};
use super::remove::remove_tree;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid, fchown, fstat, mkdirat, openat, statat};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// The most that is kept, in bytes.
pub const MOST_BYTES: u64 = 64 << 20;
/// The most files and directories that are looked at.
const MOST_ENTRIES: usize = 10_000;
/// The deepest that is looked.
const MOST_DEPTH: usize = 16;
/// Bytes that are copied at once.
const PIECE: usize = 128 * 1024;

/// What came of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// So many bytes of files.
    Bytes(u64),
    /// There is nothing of it.
    Nothing,
    /// It is beyond the bounds, so nothing was taken: a part of a conversation is none.
    TooMuch,
}

/// Copies what lies in `from` under these paths (such as `a/b`) to `to`, which it replaces as a whole. Files belong to `owner`, or
/// else to this process.
pub fn copy_session(from: &Path, to: &Path, only: &[&str], owner: Option<(u32, u32)>) -> io::Result<Copied> {
    let at = |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let fresh = to.with_extension("new");
    for old in [&fresh, &to.to_owned()] {
        remove_tree(old).map_err(|error| at(old, io::Error::other(error.to_string())))?;
    }
    let source = match open_dir(rustix::fs::CWD, from.as_os_str().as_encoded_bytes()) {
        Ok(source) => source,
        Err(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR | Errno::LOOP) => return Ok(Copied::Nothing),
        Err(error) => return Err(at(from, error.into())),
    };
    fs::create_dir_all(&fresh).map_err(|error| at(&fresh, error))?;
    let target = open_own(&fresh).map_err(|error| at(&fresh, io::Error::other(error.to_string())))?;
    let mut copy = Copy { owner, bytes: 0, entries: 0 };
    copy.own(&target).map_err(|error| at(&fresh, error))?;
    for path in only {
        match copy.path(source.as_fd(), target.as_fd(), path, 0) {
            Ok(()) => {}
            Err(Stop::TooMuch) => {
                remove_tree(&fresh).map_err(|error| at(&fresh, io::Error::other(error.to_string())))?;
                return Ok(Copied::TooMuch);
            }
            Err(Stop::Io(error)) => return Err(at(&fresh, error)),
        }
    }
    File::from(target).sync_all().map_err(|error| at(&fresh, error))?;
    fs::rename(&fresh, to).map_err(|error| at(to, error))?;
    if let Some(above) = to.parent() {
        File::open(above).and_then(|above| above.sync_all()).map_err(|error| at(above, error))?;
    }
    Ok(if copy.bytes == 0 { Copied::Nothing } else { Copied::Bytes(copy.bytes) })
}

/// Why a copy does not go on.
enum Stop {
    TooMuch,
    /// On our side.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Errno> for Stop {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

struct Copy {
    owner: Option<(u32, u32)>,
    bytes: u64,
    entries: usize,
}

impl Copy {
    /// Copies what lies under a path.
    fn path(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, path: &str, depth: usize) -> Result<(), Stop> {
        let Some((first, rest)) = path.split_once('/') else { return self.entry(from, to, path.as_bytes(), depth) };
        let Ok(source) = open_dir(from, first.as_bytes()) else { return Ok(()) };
        match mkdirat(to, first, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let target = open_dir(to, first.as_bytes())?;
        self.own(&target)?;
        self.path(source.as_fd(), target.as_fd(), rest, depth + 1)
    }

    /// Copies one entry. What cannot be read of the source is not there.
    fn entry(&mut self, from: impl AsFd, to: impl AsFd, name: &[u8], depth: usize) -> Result<(), Stop> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            return Err(Stop::TooMuch);
        }
        let Ok(seen) = statat(&from, name, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(()) };
        match FileType::from_raw_mode(seen.st_mode) {
            FileType::Directory if depth >= MOST_DEPTH => Err(Stop::TooMuch),
            FileType::Directory => {
                let Ok(source) = open_dir(&from, name) else { return Ok(()) };
                mkdirat(&to, name, Mode::RWXU)?;
                let target = open_dir(&to, name)?;
                self.own(&target)?;
                let Ok((found, more)) = names(&source, MOST_ENTRIES) else { return Ok(()) };
                if more {
                    return Err(Stop::TooMuch);
                }
                for name in found {
                    self.entry(&source, &target, &name, depth + 1)?;
                }
                Ok(File::from(target).sync_all()?)
            }
            FileType::RegularFile => {
                let Ok(source) = open_file(&from, name) else { return Ok(()) };
                // The name may have become something else since it was looked at.
                if FileType::from_raw_mode(fstat(&source)?.st_mode) != FileType::RegularFile {
                    return Ok(());
                }
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let target = openat(&to, name, flags, Mode::RUSR | Mode::WUSR)?;
                self.own(&target)?;
                self.file(File::from(source), File::from(target))
            }
            _ => Ok(()),
        }
    }

    fn file(&mut self, mut source: File, mut target: File) -> Result<(), Stop> {
        let mut piece = vec![0; PIECE];
        loop {
            let count = source.read(&mut piece)?;
            if count == 0 {
                return Ok(target.sync_all()?);
            }
            self.bytes = self.bytes.saturating_add(count as u64);
            if self.bytes > MOST_BYTES {
                return Err(Stop::TooMuch);
            }
            target.write_all(piece.get(..count).unwrap_or_default())?;
        }
    }

    fn own(&self, handle: &OwnedFd) -> io::Result<()> {
        let Some((uid, gid)) = self.owner else { return Ok(()) };
        Ok(fchown(handle, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_plain_files_of_the_conversation_are_taken() {
        let top = tempfile::tempdir().unwrap();
        let (from, to) = (top.path().join("from"), top.path().join("kept/r1-i1"));
        fs::create_dir_all(from.join("projects/-work")).unwrap();
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(from.join("projects/-work/a.jsonl"), "said").unwrap();
        fs::create_dir_all(from.join("data/chats")).unwrap();
        fs::write(from.join("data/chats/b"), "more").unwrap();
        fs::write(from.join("data/settings.json"), "{}").unwrap();
        fs::write(top.path().join("outside"), "secret").unwrap();
        symlink(top.path().join("outside"), from.join("projects/link")).unwrap();
        symlink(top.path(), from.join("projects/dir")).unwrap();
        let _socket = UnixListener::bind(from.join("projects/socket")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, from.join("projects/pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
        let only = ["projects", "data/chats", "data/none", "none/at/all"];
        assert_eq!(copy_session(&from, &to, &only, None).unwrap(), Copied::Bytes(8));
        assert_eq!(fs::read_to_string(to.join("data/chats/b")).unwrap(), "more");
        assert_eq!(fs::read_to_string(to.join("projects/-work/a.jsonl")).unwrap(), "said");
        let names: Vec<_> =
            fs::read_dir(to.join("projects")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["-work"]);
        assert!(!to.join("data/settings.json").exists());
        // Again, with less: what was there before is gone.
        fs::remove_dir_all(from.join("projects/-work")).unwrap();
        assert_eq!(copy_session(&from, &to, &["projects"], None).unwrap(), Copied::Nothing);
        assert!(!to.join("projects/-work").exists());
        assert_eq!(copy_session(&top.path().join("none"), &to, &["projects"], None).unwrap(), Copied::Nothing);
    }

    #[test]
    fn what_is_beyond_the_bounds_is_not_taken_at_all() {
        let top = tempfile::tempdir().unwrap();
        let (from, to) = (top.path().join("from"), top.path().join("to"));
        fs::create_dir_all(from.join("projects")).unwrap();
        let large = File::create(from.join("projects/large")).unwrap();
        large.set_len(MOST_BYTES + 1).unwrap();
        assert_eq!(copy_session(&from, &to, &["projects"], None).unwrap(), Copied::TooMuch);
        assert!(!to.exists() && !to.with_extension("new").exists());
        fs::remove_file(from.join("projects/large")).unwrap();
        fs::create_dir_all(from.join("projects").join(["d"; 20].join("/"))).unwrap();
        assert_eq!(copy_session(&from, &to, &["projects"], None).unwrap(), Copied::TooMuch);
    }
}
