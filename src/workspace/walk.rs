//! Reading a tree that an agent wrote into the engine's object store.
//!
//! Everything is reached by name beneath a directory handle, no link is followed, and only regular files and link texts
//! are taken. The tree may change while it is read: then the result is some mixture, never a crash or a way out.

use super::beneath::{MAX_DEPTH, names, open_dir, open_file};
use super::error::WorkspaceError;
use super::ignored::Ignores;
use super::names::{is_dot_git, join, shown};
use super::nested;
use super::read::MAX_ENTRIES;
use crate::domain::{Bounded, shortened};
use git2::{ObjectType, Odb, Oid, Repository};
use rustix::fs::{AtFlags, FileType, fstat, readlinkat, statat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};

/// Largest file that is taken.
const MAX_FILE: u64 = 100 << 20;
/// Bytes of all files together.
const MAX_TOTAL: u64 = 4 << 30;
/// Longest path that is taken, in bytes. Git could not check out a longer one.
const MAX_PATH: usize = 4096;
/// Bytes of all paths together: what is held in memory of each is several times as much.
const MAX_PATHS: usize = 32 << 20;
/// Bytes of a path that are shown where something is said of it.
const SHOWN: usize = 1200;

const FILE: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;
const LINK: u32 = 0o120_000;
const DIRECTORY: u32 = 0o040_000;

/// What the parent commit has under a name.
#[derive(Clone, Copy)]
struct Tracked {
    id: Oid,
    directory: bool,
}

/// A walk over one work tree.
pub(super) struct Walk<'a> {
    bare: &'a Repository,
    odb: Odb<'a>,
    ignores: &'a Ignores,
    exclude: Vec<Vec<u8>>,
    device: Option<u64>,
    entries: usize,
    bytes: u64,
    paths: usize,
    planted: Bounded,
    skipped: Bounded,
    remarks: Bounded,
}

/// What a walk has to say, escaped for display and bounded.
pub(super) struct Found {
    /// Paths by which git could be made to run programs.
    pub planted: Vec<String>,
    /// Paths that were not taken.
    pub skipped: Vec<String>,
    /// Repositories that are left out and harmless.
    pub remarks: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Prepares a walk. `exclude` are paths from the top that are treated as ignored and not looked into.
    pub(super) fn new(bare: &'a Repository, ignores: &'a Ignores, exclude: &[String]) -> Result<Self, WorkspaceError> {
        let odb = bare.odb().map_err(WorkspaceError::git("opening the object store"))?;
        let exclude = exclude.iter().map(|path| path.trim_matches('/').as_bytes().to_vec()).collect();
        Ok(Self {
            bare,
            odb,
            ignores,
            exclude,
            device: None,
            entries: 0,
            bytes: 0,
            paths: 0,
            planted: Bounded::default(),
            skipped: Bounded::default(),
            remarks: Bounded::default(),
        })
    }

    /// Reads the tree whose top is open at `top`, given the parent commit's tree. Gives the new tree's id.
    pub(super) fn run(&mut self, top: BorrowedFd<'_>, parent: Oid) -> Result<Oid, WorkspaceError> {
        let stat = fstat(top).map_err(|error| WorkspaceError::io("the work tree", error))?;
        self.device = Some(stat.st_dev);
        match self.directory(top, &[], Some(parent), false, 0)? {
            Some(tree) => Ok(tree),
            None => self.store(ObjectType::Tree, &[]),
        }
    }

    /// What was met.
    pub(super) fn finish(self) -> Found {
        Found { planted: self.planted.finish(), skipped: self.skipped.finish(), remarks: self.remarks.finish() }
    }

    fn directory(
        &mut self,
        handle: BorrowedFd<'_>,
        path: &[u8],
        tracked: Option<Oid>,
        ignored: bool,
        depth: usize,
    ) -> Result<Option<Oid>, WorkspaceError> {
        let tracked_names = self.known(tracked)?;
        let mut found = if ignored {
            // Of an ignored directory only what is tracked counts.
            tracked_names.iter().map(|(name, _)| name.clone()).collect()
        } else {
            let room = MAX_ENTRIES.saturating_sub(self.entries);
            match names(handle, room) {
                Ok((found, false)) => found,
                Ok((_, true)) => return Err(too_many()),
                Err(error) => {
                    return Ok(self.skip(path, &format!("cannot be listed: {error}")));
                }
            }
        };
        self.entries += found.len();
        if self.entries > MAX_ENTRIES {
            return Err(too_many());
        }
        self.count_path(found.iter().map(|name| path.len() + 1 + name.len()).sum())?;
        found.sort_unstable();
        let repository = is_repository(&mut found.iter());
        if repository && !is_repository(&mut tracked_names.iter().map(|(name, _)| name)) {
            self.planted.push(&format!("{} is what git takes for a repository", named(path)));
            // Beside a `.git` it is none, and leaving out the top would leave out everything.
            if !path.is_empty() {
                return Ok(None);
            }
        }
        let mut items = Vec::with_capacity(found.len());
        for name in found {
            let at = tracked_names.binary_search_by(|(other, _)| other.as_slice().cmp(&name)).ok();
            let known = at.and_then(|at| tracked_names.get(at)).map(|(_, tracked)| *tracked);
            if let Some((mode, id)) = self.entry(handle, path, &name, known, ignored, depth)? {
                if repository && nested::steers(&name) && known.is_none_or(|known| known.id != id) {
                    self.planted.push(&named(&join(path, &name)));
                }
                items.push((name, mode, id));
            }
        }
        if items.is_empty() {
            return Ok(None);
        }
        self.store(ObjectType::Tree, &tree_bytes(items)).map(Some)
    }

    /// Reads one entry. Nothing when it does not count, has vanished, or cannot be taken.
    fn entry(
        &mut self,
        parent: BorrowedFd<'_>,
        directory: &[u8],
        name: &[u8],
        tracked: Option<Tracked>,
        ignored: bool,
        depth: usize,
    ) -> Result<Option<(u32, Oid)>, WorkspaceError> {
        let path = join(directory, name);
        if path.len() >= MAX_PATH {
            return Ok(self.skip(&path, &format!("longer than {MAX_PATH} bytes")));
        }
        let excluded = self.exclude.contains(&path);
        if is_dot_git(name) {
            if !excluded {
                let list = if nested::is_fresh(parent, name) { &mut self.remarks } else { &mut self.planted };
                list.push(&named(&path));
            }
            return Ok(None);
        }
        let stat = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => {
                return Ok(self.skip(&path, &format!("cannot be looked at: {error}")));
            }
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Directory {
            let ignored = ignored || excluded || self.ignores.ignored(&path, true);
            let inner = tracked.filter(|t| t.directory).map(|t| t.id);
            if ignored && inner.is_none() {
                return Ok(None);
            }
            return self.enter(parent, name, &path, inner, ignored, depth + 1);
        }
        if tracked.is_none() && (ignored || excluded || self.ignores.ignored(&path, false)) {
            return Ok(None);
        }
        match kind {
            FileType::RegularFile => self.file(parent, name, &path),
            FileType::Symlink => match readlinkat(parent, name, Vec::new()) {
                Ok(target) => {
                    self.count_path(target.as_bytes().len())?;
                    Ok(Some((LINK, self.store(ObjectType::Blob, target.as_bytes())?)))
                }
                Err(error) => Ok(self.skip(&path, &format!("link cannot be read: {error}"))),
            },
            FileType::Fifo => Ok(self.skip(&path, "a named pipe")),
            FileType::Socket => Ok(self.skip(&path, "a socket")),
            _ => Ok(self.skip(&path, "a device")),
        }
    }

    fn enter(
        &mut self,
        parent: BorrowedFd<'_>,
        name: &[u8],
        path: &[u8],
        tracked: Option<Oid>,
        ignored: bool,
        depth: usize,
    ) -> Result<Option<(u32, Oid)>, WorkspaceError> {
        if depth > MAX_DEPTH {
            return Ok(self.skip(path, &format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let handle = match open_dir(parent, name) {
            Ok(handle) => handle,
            Err(error) => return Ok(self.skip(path, &format!("cannot be opened: {error}"))),
        };
        if fstat(&handle).map(|stat| Some(stat.st_dev)) != Ok(self.device) {
            return Ok(self.skip(path, "on another file system"));
        }
        let tree = self.directory(handle.as_fd(), path, tracked, ignored, depth)?;
        Ok(tree.map(|id| (DIRECTORY, id)))
    }

    fn file(&mut self, parent: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<Option<(u32, Oid)>, WorkspaceError> {
        let handle = match open_file(parent, name) {
            Ok(handle) => handle,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Ok(self.skip(path, &format!("cannot be opened: {error}"))),
        };
        let stat = match fstat(&handle) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => stat,
            _ => return Ok(self.skip(path, "not a regular file any more")),
        };
        if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > MAX_FILE {
            return Ok(self.skip(path, &format!("larger than {} MiB", MAX_FILE >> 20)));
        }
        let mut content = Vec::new();
        if let Err(error) = File::from(handle).take(MAX_FILE + 1).read_to_end(&mut content) {
            return Ok(self.skip(path, &format!("cannot be read: {error}")));
        }
        let size = content.len() as u64;
        if size > MAX_FILE {
            return Ok(self.skip(path, &format!("larger than {} MiB", MAX_FILE >> 20)));
        }
        self.bytes += size;
        if self.bytes > MAX_TOTAL {
            let limit = format!("{} GiB in all files", MAX_TOTAL >> 30);
            return Err(WorkspaceError::TooLarge { what: "the work tree".into(), limit });
        }
        let id = self.store(ObjectType::Blob, &content)?;
        if name.eq_ignore_ascii_case(b".gitattributes")
            && !self.ignores.knows_attributes(path, id)
            && names_a_driver(&content)
        {
            self.planted.push(&named(path));
        }
        Ok(Some((if stat.st_mode & 0o100 == 0 { FILE } else { EXECUTABLE }, id)))
    }

    /// What the parent commit has in a directory, ordered by name.
    fn known(&self, tracked: Option<Oid>) -> Result<Vec<(Vec<u8>, Tracked)>, WorkspaceError> {
        let Some(id) = tracked else { return Ok(Vec::new()) };
        let tree = self.bare.find_tree(id).map_err(WorkspaceError::git("reading the parent's tree"))?;
        let mut found: Vec<_> = tree
            .iter()
            .map(|entry| {
                let directory = entry.filemode_raw() & 0o170_000 == 0o040_000;
                (entry.name_bytes().to_vec(), Tracked { id: entry.id(), directory })
            })
            .collect();
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    fn store(&self, kind: ObjectType, content: &[u8]) -> Result<Oid, WorkspaceError> {
        self.odb.write(kind, content).map_err(WorkspaceError::git("writing to the object store"))
    }

    /// Counts bytes of paths, those that links lead to among them.
    fn count_path(&mut self, bytes: usize) -> Result<(), WorkspaceError> {
        self.paths = self.paths.saturating_add(bytes);
        if self.paths > MAX_PATHS {
            let limit = format!("{} MiB in all paths together", MAX_PATHS >> 20);
            return Err(WorkspaceError::TooLarge { what: "the work tree".into(), limit });
        }
        Ok(())
    }

    /// Notes a path that is not taken.
    fn skip<T>(&mut self, path: &[u8], why: &str) -> Option<T> {
        self.skipped.push(&format!("{} ({why})", named(path)));
        None
    }
}

/// A path as text, without its middle where it is long.
fn named(path: &[u8]) -> String {
    shortened(&shown(path), SHOWN)
}

/// Whether a directory with these names is what git takes for a repository.
fn is_repository(names: &mut dyn Iterator<Item = &Vec<u8>>) -> bool {
    nested::is_repository(&names.map(Vec::as_slice).collect::<Vec<_>>())
}

fn too_many() -> WorkspaceError {
    WorkspaceError::TooLarge { what: "the work tree".into(), limit: format!("{MAX_ENTRIES} entries") }
}

/// The bytes of a tree object: entries ordered as if directories ended in a slash.
fn tree_bytes(mut items: Vec<(Vec<u8>, u32, Oid)>) -> Vec<u8> {
    let key = |name: &[u8], mode: u32| [name, if mode == DIRECTORY { b"/" } else { b"" }].concat();
    items.sort_by_cached_key(|(name, mode, _)| key(name, *mode));
    let mut bytes = Vec::new();
    for (name, mode, id) in items {
        bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
        bytes.extend_from_slice(&name);
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
    }
    bytes
}

/// Whether an attribute file names a filter, diff or merge driver, by which git would run a program.
fn names_a_driver(text: &[u8]) -> bool {
    text.split(u8::is_ascii_whitespace)
        .any(|word| [b"filter=".as_slice(), b"diff=", b"merge="].iter().any(|driver| word.starts_with(driver)))
}
