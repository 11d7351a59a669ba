//! Whether a source on this machine leads only to what belongs to its owner. The engine may be able to read and write more than
//! that owner, root above all: a link in the source, or a pointer to another repository, would have it copy what the owner may not
//! read, or write where the owner may not write.

use super::beneath::{names, open_dir, path_shown};
use super::error::WorkspaceError;
use super::names::{join, shown};
use super::source::redacted;
use git2::Repository;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, statat};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What must belong to the owner itself, beside the directory that holds it.
const OWN: [&str; 12] = [
    "HEAD",
    "config",
    "config.worktree",
    "commondir",
    "packed-refs",
    "shallow",
    "info",
    "objects",
    "objects/info",
    "objects/pack",
    "refs",
    "refs/heads",
];
/// Where no link may be, at any depth.
const PLAIN: [&str; 3] = ["objects", "refs", "logs"];
/// How deep these are looked at, and how many names of one directory.
const DEPTH: usize = 16;
const NAMES: usize = 1_000_000;
/// Stores of objects that other stores name, one after the other.
const ALTERNATES: usize = 5;
/// Longest list of such stores that is read.
const LONGEST: u64 = 64 << 10;
const LINK: &str = "is a link, and links in a source are not followed: put in its place what it leads to";

/// Looks at a source that was just opened; `text` is how it was registered. A link that is put there a moment later is not seen.
pub(super) fn look(text: &str, top: &Path, opened: &Repository) -> Result<(), WorkspaceError> {
    let bad = |reason: String| WorkspaceError::Source { name: redacted(text), reason };
    if Path::new(text) != top {
        return Err(bad(format!("its path leads through a link to {}: register that path", path_shown(top))));
    }
    let engine = rustix::process::geteuid().as_raw();
    let looked = fs::symlink_metadata(top).map_err(|error| WorkspaceError::io(path_shown(top), error))?;
    let look = Look { owner: looked.uid(), engine, top };
    match look.places(opened) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(bad(reason)),
        Err((place, error)) => Err(WorkspaceError::io(path_shown(&place), error)),
    }
}

/// What is wrong, if anything is; an error where it could not be looked at.
type Found = Result<Option<String>, (PathBuf, io::Error)>;

struct Look<'a> {
    owner: u32,
    engine: u32,
    top: &'a Path,
}

impl Look<'_> {
    fn places(&self, opened: &Repository) -> Found {
        // As the library has them: all links resolved.
        let (git, common) = (plain(opened.path()), plain(opened.commondir()));
        let dot = self.top.join(".git");
        match fs::symlink_metadata(&dot) {
            Ok(found) if found.is_symlink() => return Ok(Some(format!("`.git` {LINK}"))),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err((dot, error)),
        }
        for place in [&git, &common] {
            if *place != dot
                && *place != self.top
                && let Some(whose) = self.is_foreign(place)?
            {
                let shown = path_shown(place);
                return Ok(Some(format!(
                    "it leads to {shown}, which belongs to user {whose}, and the source to user {}: register that \
                         repository itself",
                    self.owner
                )));
            }
            if let Some(reason) = self.whose(place)? {
                return Ok(Some(reason));
            }
            for name in PLAIN {
                if let Some(reason) = self.links_in(place, name)? {
                    return Ok(Some(reason));
                }
            }
        }
        self.alternates(&common.join("objects"), 0, &mut HashSet::new())
    }

    /// The owner of something that the source points to, where that is another one than the source's and the engine may do more
    /// there than the source's owner.
    fn is_foreign(&self, place: &Path) -> Result<Option<u32>, (PathBuf, io::Error)> {
        let found = fs::metadata(place).map_err(|error| (place.to_owned(), error))?;
        Ok((self.engine != self.owner && found.uid() != self.owner).then_some(found.uid()))
    }

    /// Whether something of a repository is a link or, where the engine is root, belongs to somebody who is neither the source's
    /// owner nor the engine.
    fn whose(&self, place: &Path) -> Found {
        for name in OWN {
            let path = place.join(name);
            let found = match fs::symlink_metadata(&path) {
                Ok(found) => found,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err((path, error)),
            };
            if found.is_symlink() {
                return Ok(Some(format!("`{}` {LINK}", self.named(&path))));
            }
            let known = found.uid() == self.owner || found.uid() == self.engine;
            if self.engine == 0 && !known {
                return Ok(Some(format!(
                    "`{}` belongs to user {}, and the source to user {}: give all of it to one of them",
                    self.named(&path),
                    found.uid(),
                    self.owner
                )));
            }
        }
        Ok(None)
    }

    /// A link at any depth below a directory of a repository.
    fn links_in(&self, place: &Path, name: &str) -> Found {
        let path = place.join(name);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let top = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(top) => top,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => return Ok(Some(format!("`{}` {LINK}", self.named(&path)))),
            Err(error) => return Err((path, error.into())),
        };
        let link = link_below(&top, &[], 0).map_err(|error| (path.clone(), error.into()))?;
        Ok(link.map(|link| format!("`{}/{}` {LINK}", self.named(&path), shown(&link))))
    }

    /// Stores that a store of objects names, and those that these name.
    fn alternates(&self, objects: &Path, depth: usize, seen: &mut HashSet<PathBuf>) -> Found {
        let list = objects.join("info/alternates");
        let text = match read(&list) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err((list, error)),
        };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
            let named = objects.join(Path::new(std::ffi::OsStr::from_bytes(line)));
            // One that is not there has nothing that could be read.
            let Ok(other) = fs::canonicalize(&named) else { continue };
            if !seen.insert(other.clone()) {
                continue;
            }
            let whose = self.is_foreign(&other)?;
            if whose.is_some() || depth >= ALTERNATES {
                return Ok(Some(format!(
                    "`{}` leads to {}, which is not the owner's own: run `git repack -a -d` there and remove that file",
                    self.named(&list),
                    path_shown(&other)
                )));
            }
            let (within, name) = (other.parent().unwrap_or(&other), other.file_name().unwrap_or_default());
            if let Some(reason) = self.links_in(within, &name.to_string_lossy())? {
                return Ok(Some(reason));
            }
            if let Some(reason) = self.alternates(&other, depth + 1, seen)? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    /// A path as people of the source know it.
    fn named(&self, path: &Path) -> String {
        path_shown(path.strip_prefix(self.top).unwrap_or(path))
    }
}

/// A path without a slash at its end.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

/// A short file that is no link.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    let mut text = Vec::new();
    fs::File::from(file).take(LONGEST).read_to_end(&mut text)?;
    Ok(text)
}

/// The first link below a directory, by its path there. What is deeper than any repository's counts as one.
fn link_below(directory: &OwnedFd, path: &[u8], depth: usize) -> Result<Option<Vec<u8>>, Errno> {
    let (found, more) = match names(directory, NAMES) {
        // What the engine may not read it copies nothing from.
        Err(Errno::ACCESS) => return Ok(None),
        listed => listed?,
    };
    if more || depth > DEPTH {
        return Ok(Some(path.to_vec()));
    }
    for name in found {
        let whole = join(path, &name);
        let stat: Stat = match statat(directory.as_fd(), name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Others work in there meanwhile.
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => return Ok(Some(whole)),
            FileType::Directory => {
                let inner = match open_dir(directory.as_fd(), &name) {
                    Ok(inner) => inner,
                    Err(Errno::NOENT | Errno::ACCESS) => continue,
                    // It was swapped for a link.
                    Err(Errno::LOOP | Errno::NOTDIR) => return Ok(Some(whole)),
                    Err(error) => return Err(error),
                };
                if let Some(link) = link_below(&inner, &whole, depth + 1)? {
                    return Ok(Some(link));
                }
            }
            _ => {}
        }
    }
    Ok(None)
}
