//! A repository's files, as far as detection needs them. The host's directory is one source; a git tree can be another.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

/// The largest file that is read, in bytes.
pub const LARGEST_FILE: u64 = 512 * 1024;
/// The most entries of one directory that are looked at.
pub const MOST_ENTRIES: usize = 2_000;

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name, without any path.
    pub name: String,
    /// Whether it is a directory. Links are neither: they are left out.
    pub directory: bool,
}

/// Looks into a repository. Paths are relative to its top, with `/`; the top itself is the empty path.
pub trait Tree {
    /// Files and directories in a directory, sorted by name; links and special files are left out. Empty when the path is
    /// no directory or cannot be read.
    fn list(&self, directory: &str) -> Vec<Entry>;

    /// The text of a regular file of at most `LARGEST_FILE` bytes of UTF-8. `None` for anything else.
    fn read(&self, path: &str) -> Option<String>;
}

/// A directory of the host. No link is ever followed below it, at any part of a path.
#[derive(Debug)]
pub struct HostTree {
    top: OwnedFd,
}

impl HostTree {
    /// Opens the directory; the path itself may be a link.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let top = rustix::fs::openat(CWD, path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { top })
    }

    // NONBLOCK keeps a named pipe from holding us up.
    fn beneath(&self, path: &str, flags: OFlags) -> Option<OwnedFd> {
        let path = if path.is_empty() { "." } else { path };
        let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // A repository is looked at as far as it lets itself be looked at: what cannot be opened counts as absent.
        rustix::fs::openat2(
            &self.top,
            path,
            flags,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )
        .ok()
    }
}

impl Tree for HostTree {
    fn list(&self, directory: &str) -> Vec<Entry> {
        let Some(handle) = self.beneath(directory, OFlags::DIRECTORY) else { return Vec::new() };
        let Ok(reader) = rustix::fs::Dir::read_from(&handle) else { return Vec::new() };
        let mut entries = Vec::new();
        for entry in reader.take(MOST_ENTRIES).flatten() {
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name == "." || name == ".." {
                continue;
            }
            // The type in the listing may be unknown on some file systems, so it is asked for.
            let Ok(seen) = rustix::fs::statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            match rustix::fs::FileType::from_raw_mode(seen.st_mode) {
                rustix::fs::FileType::Directory => entries.push(Entry { name: name.to_owned(), directory: true }),
                rustix::fs::FileType::RegularFile => entries.push(Entry { name: name.to_owned(), directory: false }),
                _ => {}
            }
        }
        entries.sort();
        entries
    }

    fn read(&self, path: &str) -> Option<String> {
        let file = File::from(self.beneath(path, OFlags::empty())?);
        let seen = file.metadata().ok()?;
        if !seen.is_file() || seen.len() > LARGEST_FILE {
            return None;
        }
        let mut text = String::new();
        // The file may have grown since, so the reader is capped too.
        file.take(LARGEST_FILE).read_to_string(&mut text).ok()?;
        Some(text)
    }
}
