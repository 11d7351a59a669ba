//! Writing a commit into a fresh directory, file contents exactly as stored: no filters, no attributes, no line ends
//! changed.

use super::beneath::{MAX_DEPTH, open_dir, open_own, path_shown};
use super::error::WorkspaceError;
use super::names::{is_safe, join, shown};
use super::read::{EntryKind, MAX_ENTRIES, SUBMODULE, UNSAFE, blob};
use super::remove::remove_beneath;
use super::repo::{Repo, tree_of};
use git2::{Repository, Tree};
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, chownat, fchmod, fchown, mkdirat, openat, symlinkat};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Largest file that is written. Larger ones belong into other storage than git.
const MAX_FILE: usize = 1 << 30;

impl Repo {
    /// Writes a commit's tree to `dir`, replacing whatever is there. Its parent directory must exist and be the engine's.
    ///
    /// Files get mode 644 or 755, directories 755, and the owner given (uid, gid), for the user inside the container; no
    /// owner leaves everything to the caller's user. Links are made as stored. Submodules are refused.
    pub fn checkout(&self, commit: &str, dir: &Path, owner: Option<(u32, u32)>) -> Result<(), WorkspaceError> {
        let bare = self.open_git()?;
        let tree = tree_of(&bare, commit)?;
        let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
            return Err(WorkspaceError::NotFound(format!("a directory to write at {}", path_shown(dir))));
        };
        let parent = open_own(parent)?;
        remove_beneath(parent.as_fd(), name.as_bytes()).map_err(|error| WorkspaceError::io(path_shown(dir), error))?;
        let mut writer = Writer::new(&bare, owner);
        let top = writer.make(parent.as_fd(), name.as_bytes(), b"")?;
        writer.fill(top.as_fd(), &tree, &[], 0)
    }

    /// The same into an empty directory, which stays and is given the owner and the mode.
    pub fn checkout_into(&self, commit: &str, dir: &Path, owner: Option<(u32, u32)>) -> Result<(), WorkspaceError> {
        let bare = self.open_git()?;
        let tree = tree_of(&bare, commit)?;
        let top = open_own(dir)?;
        let mut writer = Writer::new(&bare, owner);
        writer.open_up(top.as_fd()).map_err(|error| WorkspaceError::io(path_shown(dir), error))?;
        writer.fill(top.as_fd(), &tree, &[], 0)
    }
}

struct Writer<'a> {
    bare: &'a Repository,
    owner: Option<(Uid, Gid)>,
    count: usize,
}

impl<'a> Writer<'a> {
    fn new(bare: &'a Repository, owner: Option<(u32, u32)>) -> Self {
        let owner = owner.map(|(uid, gid)| (Uid::from_raw(uid), Gid::from_raw(gid)));
        Self { bare, owner, count: 0 }
    }

    fn fill(
        &mut self,
        directory: BorrowedFd<'_>,
        tree: &Tree<'_>,
        place: &[u8],
        depth: usize,
    ) -> Result<(), WorkspaceError> {
        if depth > MAX_DEPTH {
            return Err(WorkspaceError::TooLarge { what: shown(place), limit: format!("{MAX_DEPTH} levels") });
        }
        for entry in tree {
            self.count += 1;
            if self.count > MAX_ENTRIES {
                let limit = format!("{MAX_ENTRIES} entries");
                return Err(WorkspaceError::TooLarge { what: "the tree".into(), limit });
            }
            let name = entry.name_bytes();
            let path = join(place, name);
            let refuse = |reason: &str| WorkspaceError::Unsupported { path: shown(&path), reason: reason.into() };
            if !is_safe(name) {
                return Err(refuse(UNSAFE));
            }
            match entry.filemode_raw() & 0o170_000 {
                0o040_000 => {
                    let tree = self
                        .bare
                        .find_tree(entry.id())
                        .map_err(WorkspaceError::git(format!("reading {}", shown(&path))))?;
                    let inner = self.make(directory, name, &path)?;
                    self.fill(inner.as_fd(), &tree, &path, depth + 1)?;
                }
                0o100_000 => {
                    let content = blob(self.bare, entry.id(), MAX_FILE, &path)?;
                    let executable = EntryKind::of(entry.filemode_raw()) == EntryKind::Executable;
                    self.file(directory, name, &content, executable)
                        .map_err(|error| WorkspaceError::io(shown(&path), error))?;
                }
                0o120_000 => {
                    let target = blob(self.bare, entry.id(), 4096, &path)?;
                    self.link(directory, name, &target).map_err(|error| WorkspaceError::io(shown(&path), error))?;
                }
                0o160_000 => return Err(refuse(SUBMODULE)),
                _ => return Err(refuse("an entry of unknown kind")),
            }
        }
        Ok(())
    }

    fn make(&self, parent: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<OwnedFd, WorkspaceError> {
        let made = || -> rustix::io::Result<OwnedFd> {
            mkdirat(parent, name, Mode::RWXU)?;
            let directory = open_dir(parent, name)?;
            self.open_up(directory.as_fd())?;
            Ok(directory)
        };
        made().map_err(|error| WorkspaceError::io(shown(path), error))
    }

    /// Gives a directory its owner and its mode.
    fn open_up(&self, directory: BorrowedFd<'_>) -> rustix::io::Result<()> {
        self.give(directory)?;
        fchmod(directory, Mode::from_raw_mode(0o755))
    }

    fn file(
        &self,
        parent: BorrowedFd<'_>,
        name: &[u8],
        content: &[u8],
        executable: bool,
    ) -> Result<(), std::io::Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(content)?;
        self.give(file.as_fd())?;
        fchmod(&file, Mode::from_raw_mode(if executable { 0o755 } else { 0o644 }))?;
        Ok(())
    }

    fn link(&self, parent: BorrowedFd<'_>, name: &[u8], target: &[u8]) -> Result<(), std::io::Error> {
        symlinkat(target, parent, name)?;
        if let Some((uid, gid)) = self.owner {
            chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    fn give(&self, handle: BorrowedFd<'_>) -> rustix::io::Result<()> {
        match self.owner {
            Some((uid, gid)) => fchown(handle, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}
