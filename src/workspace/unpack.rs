//! Reads an archive of a tree that hostile programs worked in, made by a container engine, into a directory of the engine's own.
//!
//! Everything is made beneath one directory handle and no link is followed. Rights are made plain: whoever owns the tree here can
//! read it. What the walk of a tree tells of (pipes, links out of it, what lies too deep) is made here too, so that it is told.

use super::beneath::{MAX_DEPTH, open_dir, open_own};
use super::remove::{remove_beneath, remove_tree};
use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, mkfifoat, openat, symlinkat};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use tar::EntryType;

/// Bytes that are copied at once.
const PIECE: usize = 256 * 1024;
/// Zeros that an archive ends with.
const END: usize = 1024;

/// The most that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries of all kinds.
    pub entries: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// What came of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpacked {
    /// All of it was taken.
    Whole,
    /// It is beyond the bounds, so nothing was taken.
    TooMuch,
}

/// Puts what an archive holds below its one top directory into `to`, in place of what is there, once all of it is on disk. An
/// archive without anything in it, or with an end that is missing, is an error and changes nothing.
pub fn unpack(archive: impl Read, to: &Path, bounds: Bounds) -> io::Result<Unpacked> {
    let fresh = to.with_extension("back");
    let removed = |path: &Path| remove_tree(path).map_err(|error| io::Error::other(error.to_string()));
    removed(&fresh)?;
    fs::create_dir_all(&fresh)?;
    let top = open_own(&fresh).map_err(|error| io::Error::other(error.to_string()))?;
    let mut unpacking = Unpacking { top, entries: 0, bytes: 0, bounds };
    let mut archive = tar::Archive::new(Ending { inner: archive, zeros: 0 });
    for entry in archive.entries()? {
        if !unpacking.entry(&mut entry?)? {
            removed(&fresh)?;
            return Ok(Unpacked::TooMuch);
        }
    }
    let mut rest = archive.into_inner();
    // The reader of archives needs only the first of the two.
    io::copy(&mut rest, &mut io::sink())?;
    if rest.zeros < END {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    rustix::fs::syncfs(&unpacking.top)?;
    removed(to)?;
    fs::rename(&fresh, to)?;
    if let Some(above) = to.parent() {
        File::open(above)?.sync_all()?;
    }
    Ok(Unpacked::Whole)
}

/// Counts the zeros at the end of what was read: an archive ends with two blocks of them, and one that was cut off does not.
struct Ending<R> {
    inner: R,
    zeros: usize,
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        let zeros = read.iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if zeros == count { self.zeros.saturating_add(zeros) } else { zeros };
        Ok(count)
    }
}

struct Unpacking {
    top: OwnedFd,
    entries: usize,
    bytes: u64,
    bounds: Bounds,
}

impl Unpacking {
    /// Makes one entry; whether it is still within the bounds.
    fn entry<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> io::Result<bool> {
        let Some(parts) = parts(&entry.path_bytes()) else { return Err(strange()) };
        let Some((name, above)) = parts.split_last() else { return Ok(true) };
        // Deeper things are never read; that there are some is seen by the first.
        if above.len() > MAX_DEPTH {
            return Ok(true);
        }
        self.entries += 1;
        let size = entry.size();
        self.bytes = self.bytes.saturating_add(size);
        if self.entries > self.bounds.entries || self.bytes > self.bounds.bytes {
            return Ok(false);
        }
        let directory = self.directory(above)?;
        let mode = entry.header().mode().unwrap_or(0);
        match entry.header().entry_type() {
            EntryType::Directory => make_directory(&directory, name),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => write(&directory, name, mode, entry),
            EntryType::Symlink => {
                let target = entry.link_name_bytes().ok_or_else(strange)?;
                replaced(&directory, name, || symlinkat(&*target, &directory, name.as_slice()))
            }
            EntryType::Link => {
                let target = entry.link_name_bytes().and_then(|target| self::parts(&target)).ok_or_else(strange)?;
                let (file, above) = target.split_last().ok_or_else(strange)?;
                let from = self.directory(above)?;
                replaced(&directory, name, || {
                    linkat(&from, file.as_slice(), &directory, name.as_slice(), AtFlags::empty())
                })
            }
            EntryType::Fifo => replaced(&directory, name, || mkfifoat(&directory, name.as_slice(), Mode::RUSR)),
            // No program without rights can make a device, and archives hold no sockets.
            _ => Ok(()),
        }?;
        Ok(true)
    }

    /// Opens a directory beneath the top, making what is missing of it.
    fn directory(&self, parts: &[Vec<u8>]) -> io::Result<OwnedFd> {
        let mut at = self.top.try_clone()?;
        for part in parts {
            at = match open_dir(&at, part) {
                Err(Errno::NOENT) => {
                    mkdirat(&at, part.as_slice(), Mode::RWXU)?;
                    open_dir(&at, part)?
                }
                opened => opened?,
            };
        }
        Ok(at)
    }
}

fn make_directory(directory: &OwnedFd, name: &[u8]) -> io::Result<()> {
    match mkdirat(directory, name, Mode::RWXU) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => open_dir(directory, name).map(drop).map_err(io::Error::from),
        Err(error) => Err(error.into()),
    }
}

fn write(directory: impl AsFd, name: &[u8], mode: u32, content: &mut impl Read) -> io::Result<()> {
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || openat(&directory, name, flags, Mode::from_raw_mode(mode));
    let mut file = match open() {
        Err(Errno::EXIST) => {
            remove_beneath(directory.as_fd(), name)?;
            File::from(open()?)
        }
        opened => File::from(opened?),
    };
    let mut buffer = vec![0; PIECE];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(()),
            count => file.write_all(buffer.get(..count).unwrap_or_default())?,
        }
    }
}

/// Makes an entry, in place of one of that name.
fn replaced(directory: impl AsFd, name: &[u8], make: impl Fn() -> Result<(), Errno>) -> io::Result<()> {
    match make() {
        Err(Errno::EXIST) => {
            remove_beneath(directory.as_fd(), name)?;
            Ok(make()?)
        }
        other => Ok(other?),
    }
}

/// The parts of a path below the one top directory; `None` for a path that leads anywhere else.
fn parts(path: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return None,
            part => parts.push(part.to_vec()),
        }
    }
    if path.first() == Some(&b'/') {
        return None;
    }
    Some(parts.into_iter().skip(1).collect())
}

fn strange() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the archive names a place outside of the tree")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::workspace::remove_tree;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};

    const BOUNDS: Bounds = Bounds { entries: 1000, bytes: 1 << 20 };

    type Line<'a> = (EntryType, &'a [u8], &'a [u8]);

    /// An archive as a hostile program could have one made, and worse: names are written as they are.
    fn archive(lines: &[Line<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, name, content) in lines {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name);
            header.set_entry_type(*kind);
            header.set_mode(0o4711);
            let is_link = matches!(kind, EntryType::Link | EntryType::Symlink);
            if is_link {
                header.as_old_mut().linkname[..content.len()].copy_from_slice(content);
            }
            let content = if is_link { &[][..] } else { content };
            header.set_size(content.len() as u64);
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    use EntryType::{Directory, Fifo, Link, Regular, Symlink};

    #[test]
    fn a_tree_comes_back_as_it_was_but_for_rights() {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("tree");
        fs::create_dir(&to).unwrap();
        fs::write(to.join("old"), "").unwrap();
        let bytes = archive(&[
            (Directory, b"work/", b""),
            (Directory, b"work/a/", b""),
            (Regular, b"work/a/x", b"text"),
            (Link, b"work/y", b"work/a/x"),
            (Symlink, b"work/out", b"/etc/passwd"),
            (Fifo, b"work/pipe", b""),
            (Regular, b"work/a/x2", b"\0\0\0"),
        ]);
        assert_eq!(unpack(&*bytes, &to, BOUNDS).unwrap(), Unpacked::Whole);
        assert!(!to.join("old").exists());
        let seen = fs::metadata(to.join("a/x")).unwrap();
        assert_eq!((seen.permissions().mode() & 0o7777, seen.nlink()), (0o755, 2));
        assert_eq!(fs::read(to.join("y")).unwrap(), b"text");
        assert_eq!(fs::read_link(to.join("out")).unwrap(), Path::new("/etc/passwd"));
        assert!(fs::symlink_metadata(to.join("pipe")).unwrap().file_type().is_fifo());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_outside() {
        let home = tempfile::tempdir().unwrap();
        let (to, outside) = (home.path().join("tree"), home.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        let link = outside.to_str().unwrap().as_bytes();
        let cases: [&[Line<'_>]; 8] = [
            &[(Regular, b"work/../../outside/x", b"x")],
            &[(Regular, b"/work/x", b"x")],
            &[(Regular, b"../outside/x", b"x")],
            &[(Symlink, b"work/l", link), (Regular, b"work/l/x", b"x")],
            &[(Symlink, b"work/l", link), (Directory, b"work/l/", b""), (Regular, b"work/l/x", b"x")],
            &[(Symlink, b"work/l", b".."), (Regular, b"work/l/l/x", b"x")],
            &[(Link, b"work/l", b"work/../../outside"), (Regular, b"work/l/x", b"x")],
            &[(Symlink, b"work/l", link), (Link, b"work/m", b"work/l/x")],
        ];
        for lines in cases {
            // Whether it is refused or passed over, nothing may come of it.
            drop(unpack(&*archive(lines), &to, BOUNDS));
            assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{lines:?}");
            remove_tree(&to).unwrap();
        }
        // What stands where a link was is no way either.
        let swap: &[Line<'_>] = &[(Symlink, b"work/l", link), (Regular, b"work/l", b"x")];
        unpack(&*archive(swap), &to, BOUNDS).unwrap();
        assert_eq!(fs::read(to.join("l")).unwrap(), b"x");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn too_much_and_too_little_change_nothing() {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("tree");
        fs::create_dir(&to).unwrap();
        fs::write(to.join("old"), "").unwrap();
        let many: Vec<Vec<u8>> = (0..20).map(|number| format!("work/{number}").into_bytes()).collect();
        let lines: Vec<Line<'_>> = many.iter().map(|name| (Regular, name.as_slice(), &b"0123456789"[..])).collect();
        let bytes = archive(&lines);
        for bounds in [Bounds { entries: 19, ..BOUNDS }, Bounds { bytes: 199, ..BOUNDS }] {
            assert_eq!(unpack(&*bytes, &to, bounds).unwrap(), Unpacked::TooMuch);
        }
        for cut in [0, 512, 700, 1024, 10_240, bytes.len() - 1024] {
            assert!(unpack(bytes.get(..cut).unwrap(), &to, BOUNDS).is_err(), "{cut}");
        }
        assert!(to.join("old").exists());
        assert_eq!(unpack(&*bytes, &to, BOUNDS).unwrap(), Unpacked::Whole);
        assert_eq!(fs::read_dir(&to).unwrap().count(), 20);
    }
}
