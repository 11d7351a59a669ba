//! Reads reports out of a tree that an agent may write, and clears old ones away, without following any link.
//!
//! Every directory is opened beneath its parent with links refused (openat2 with `RESOLVE_BENEATH`, `RESOLVE_NO_SYMLINKS`
//! and `RESOLVE_NO_MAGICLINKS`; where the kernel lacks openat2, openat with `O_NOFOLLOW`, one component at a time, which
//! comes to the same for single components). Files are opened with `O_NONBLOCK`, so that a FIFO cannot hold the engine.

use super::glob::{self, BadPattern};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, statat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of one report.
const FILE_BYTES: u64 = 32 << 20;
/// Reports of one suite.
const FILES: usize = 500;
/// Bytes of all reports of one suite.
const ALL_BYTES: u64 = 128 << 20;
/// Entries of one directory that are looked at.
const ENTRIES: usize = 100_000;

/// One report, as it lay in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// The path relative to the tree.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Names that this file has; more than one means that another name, perhaps outside the tree, shares its bytes.
    pub links: u64,
}

/// Why reports could not be read or cleared away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportFault {
    /// The pattern itself is not usable.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// No file fits.
    #[error("no report at `{0}`: the suite did not write one, or the report path in dogwatch.toml is wrong")]
    Missing(String),
    /// The report is a symbolic link.
    #[error("the report `{0}` is a symbolic link, which is not followed: let the suite write a regular file")]
    Symlink(String),
    /// A directory above the report is a symbolic link.
    #[error("`{0}`, a directory above the report, is a symbolic link, which is not followed: use a real directory")]
    ParentIsLink(String),
    /// The report is a directory, FIFO, socket or device.
    #[error("the report `{0}` is not a regular file: let the suite write a regular file")]
    NotRegular(String),
    /// One report is too large, or all of them are.
    #[error("the report `{path}` would go past the limit of {limit} bytes: write smaller reports")]
    TooLarge {
        /// The report.
        path: String,
        /// The limit that it passes.
        limit: u64,
    },
    /// Too many files fit the pattern.
    #[error("more than {limit} files fit the report path `{pattern}`: name fewer")]
    TooMany {
        /// The pattern.
        pattern: String,
        /// The limit.
        limit: usize,
    },
    /// The operating system refused.
    #[error("cannot read `{path}`: {why}")]
    Io {
        /// The path.
        path: String,
        /// The system's words.
        why: String,
    },
}

impl ReportFault {
    /// Whether the fault is something that no test run leaves behind by itself.
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Symlink(_) | Self::ParentIsLink(_) | Self::NotRegular(_))
    }
}

fn io(path: &str, errno: Errno) -> ReportFault {
    ReportFault::Io { path: path.to_owned(), why: errno.to_string() }
}

/// Opens one component beneath a directory without following links.
fn open_component(dir: BorrowedFd<'_>, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(dir, name, flags, Mode::empty(), resolve) {
        // Old kernels lack the call, and some system call filters answer EPERM to calls they do not know.
        Err(Errno::NOSYS | Errno::PERM) => openat(dir, name, flags, Mode::empty()),
        other => other,
    }
}

/// A directory on the way to a report.
struct Place {
    dir: OwnedFd,
    path: String,
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// Opens the tree itself. Its own path is the engine's and may contain links.
fn open_root(root: &Path) -> Result<OwnedFd, ReportFault> {
    openat(CWD, root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| io(&root.to_string_lossy(), errno))
}

/// Whether the name is a symbolic link.
fn is_link(dir: BorrowedFd<'_>, name: &str) -> bool {
    statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_symlink())
}

/// Opens a directory beneath a place; `None` where there is no such thing.
fn step(place: &Place, name: &str) -> Result<Option<Place>, ReportFault> {
    let path = join(&place.path, name);
    match open_component(place.dir.as_fd(), name, OFlags::RDONLY | OFlags::DIRECTORY) {
        Ok(dir) => Ok(Some(Place { dir, path })),
        Err(_) if is_link(place.dir.as_fd(), name) => Err(ReportFault::ParentIsLink(path)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(io(&path, errno)),
    }
}

/// The names in a directory that fit, in order. Names that are not UTF-8 fit nothing.
fn names(place: &Place, part: &str) -> Result<Vec<String>, ReportFault> {
    if !glob::is_wild(part) {
        return Ok(vec![part.to_owned()]);
    }
    let entries = Dir::read_from(&place.dir).map_err(|errno| io(&place.path, errno))?;
    let mut found = Vec::new();
    for entry in entries.take(ENTRIES) {
        let entry = entry.map_err(|errno| io(&place.path, errno))?;
        if let Ok(name) = entry.file_name().to_str()
            && name != "."
            && name != ".."
            && glob::fits(part, name)
        {
            found.push(name.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// The directories that hold reports, and the last component of the pattern.
fn places<'p>(root: &Path, pattern: &'p str) -> Result<(Vec<Place>, &'p str), ReportFault> {
    let parts = glob::components(pattern)?;
    let Some((last, parents)) = parts.split_last() else {
        return Ok((Vec::new(), ""));
    };
    let mut now = vec![Place { dir: open_root(root)?, path: String::new() }];
    for part in parents {
        let mut next = Vec::new();
        for place in &now {
            for name in names(place, part)? {
                if next.len() >= FILES {
                    return Err(ReportFault::TooMany { pattern: pattern.to_owned(), limit: FILES });
                }
                next.extend(step(place, &name)?);
            }
        }
        now = next;
    }
    Ok((now, last))
}

/// Removes what lies at the report path before the suite runs, and names it: a report that is there on a clean checkout was
/// put there to be read instead of the suite's own. Links are removed themselves, not followed; directories are refused.
pub fn remove_stale(root: &Path, pattern: &str) -> Result<Vec<String>, ReportFault> {
    let (places, last) = places(root, pattern)?;
    let mut removed = Vec::new();
    for place in &places {
        for name in names(place, last)? {
            let path = join(&place.path, &name);
            match unlinkat(&place.dir, name.as_str(), AtFlags::empty()) {
                Ok(()) => removed.push(path),
                Err(Errno::NOENT) => {}
                Err(Errno::ISDIR | Errno::PERM) => return Err(ReportFault::NotRegular(path)),
                Err(errno) => return Err(io(&path, errno)),
            }
        }
    }
    Ok(removed)
}

/// Reads every report that fits, in the order of their paths.
pub fn read(root: &Path, pattern: &str) -> Result<Vec<ReportFile>, ReportFault> {
    let (places, last) = places(root, pattern)?;
    let mut files = Vec::new();
    let mut left = ALL_BYTES;
    for place in &places {
        for name in names(place, last)? {
            if files.len() >= FILES {
                return Err(ReportFault::TooMany { pattern: pattern.to_owned(), limit: FILES });
            }
            if let Some(file) = read_one(place, &name, left)? {
                left = left.saturating_sub(file.bytes.len() as u64);
                files.push(file);
            }
        }
    }
    if files.is_empty() { Err(ReportFault::Missing(pattern.to_owned())) } else { Ok(files) }
}

fn read_one(place: &Place, name: &str, left: u64) -> Result<Option<ReportFile>, ReportFault> {
    let path = join(&place.path, name);
    let fd = match open_component(place.dir.as_fd(), name, OFlags::RDONLY) {
        Ok(fd) => fd,
        Err(_) if is_link(place.dir.as_fd(), name) => return Err(ReportFault::Symlink(path)),
        Err(Errno::NOENT) => return Ok(None),
        // A socket cannot be opened at all.
        Err(Errno::NXIO | Errno::NODEV) => return Err(ReportFault::NotRegular(path)),
        Err(errno) => return Err(io(&path, errno)),
    };
    let stat = fstat(&fd).map_err(|errno| io(&path, errno))?;
    if !FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(ReportFault::NotRegular(path));
    }
    let limit = FILE_BYTES.min(left);
    let too_large = |limit| Err(ReportFault::TooLarge { path: path.clone(), limit });
    let shown_limit = if left < FILE_BYTES { ALL_BYTES } else { FILE_BYTES };
    if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > limit {
        return too_large(shown_limit);
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read, so the reading itself is bounded too.
    File::from(fd)
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| ReportFault::Io { path: path.clone(), why: error.to_string() })?;
    if bytes.len() as u64 > limit {
        return too_large(shown_limit);
    }
    #[allow(clippy::useless_conversion, reason = "the link count's type differs between architectures")]
    Ok(Some(ReportFile { path, bytes, links: u64::from(stat.st_nlink) }))
}
