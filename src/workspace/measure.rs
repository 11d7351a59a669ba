//! Whether a tree that a program is at work in takes more than it may. Everything in it is hostile: no link is followed, no
//! long path is made, and however deep or wide it is, the handles held open at a time are few.

use super::beneath::MAX_DEPTH;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Bytes of one block as the system counts them.
const BLOCK: u64 = 512;
/// Directories that lie too deep are looked at later; so many of them wait at a time.
const MAX_WAITING: usize = 64;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Whether a directory with all that is in it takes more than so many bytes on disk, or more files and directories than so many:
/// empty ones take no bytes, but a file system has only so many. What cannot be opened is passed over, and what vanishes meanwhile
/// takes nothing. So many deep directories that nobody could look at them all count as more.
pub fn takes_more(dir: &Path, most: u64, entries: u64) -> io::Result<bool> {
    let top = match rustix::fs::open(dir, DIRECTORY, Mode::empty()) {
        Err(error) if passes(error) => return Ok(false),
        top => top?,
    };
    let mut measure = Measure { bytes: 0, most, left: entries, waiting: vec![top] };
    while let Some(next) = measure.waiting.pop() {
        if measure.add(next, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

struct Measure {
    bytes: u64,
    most: u64,
    /// Entries that it may still have.
    left: u64,
    waiting: Vec<OwnedFd>,
}

impl Measure {
    /// Adds what is in a directory; returns whether it is known to be too much.
    fn add(&mut self, directory: OwnedFd, depth: usize) -> io::Result<bool> {
        if depth > MAX_DEPTH {
            self.waiting.push(directory);
            return Ok(self.waiting.len() > MAX_WAITING);
        }
        let mut entries = Dir::new(directory)?;
        while let Some(entry) = entries.read() {
            let entry = match entry {
                Err(error) if passes(error) => return Ok(false),
                entry => entry?,
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let stat = match statat(entries.fd()?, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(error) if passes(error) => continue,
                stat => stat?,
            };
            let Some(left) = self.left.checked_sub(1) else { return Ok(true) };
            self.left = left;
            let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            // A file with several names in the tree is counted once, in parts.
            #[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the type differs between machines")]
            let names = if is_directory { 1 } else { u64::from(stat.st_nlink).max(1) };
            let blocks = u64::try_from(stat.st_blocks).unwrap_or(0);
            self.bytes = self.bytes.saturating_add(blocks.saturating_mul(BLOCK) / names);
            if self.bytes > self.most {
                return Ok(true);
            }
            if is_directory {
                let inner = match openat(entries.fd()?, name, DIRECTORY, Mode::empty()) {
                    Err(error) if passes(error) => continue,
                    inner => inner?,
                };
                if self.add(inner, depth + 1)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether this is what a program at work does to whoever looks: things vanish, are replaced, or closed.
fn passes(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS | Errno::PERM)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn blocks_are_counted_once_and_nothing_outside() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("large"), vec![7; 4 << 20]).unwrap();
        let inside = tempfile::tempdir().unwrap();
        let deep = inside.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("c"), vec![7; 1 << 20]).unwrap();
        for n in 0..8 {
            fs::hard_link(deep.join("c"), inside.path().join(format!("again-{n}"))).unwrap();
        }
        std::os::unix::fs::symlink(outside.path(), inside.path().join("link")).unwrap();
        // A file that claims to be large takes nothing.
        fs::File::create(inside.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
        assert!(!takes_more(inside.path(), 2 << 20, 100).unwrap());
        // In memory directories take nothing.
        assert!(takes_more(inside.path(), (1 << 20) - 1, 100).unwrap());
        assert!(!takes_more(&inside.path().join("none"), 0, 0).unwrap());
    }

    #[test]
    fn what_takes_no_bytes_is_counted_too() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a");
        fs::create_dir(&deep).unwrap();
        for n in 0..9 {
            fs::File::create(deep.join(n.to_string())).unwrap();
        }
        assert!(!takes_more(top.path(), 1 << 20, 10).unwrap());
        assert!(takes_more(top.path(), 1 << 20, 9).unwrap());
    }

    #[test]
    fn nothing_hides_in_the_deep() {
        let top = tempfile::tempdir().unwrap();
        // Longer than any path may be: made through handles.
        let mut at = rustix::fs::open(top.path(), DIRECTORY, Mode::empty()).unwrap();
        let name = "d".repeat(100);
        for _ in 0..600 {
            rustix::fs::mkdirat(&at, &name, Mode::RWXU).unwrap();
            at = openat(&at, &name, DIRECTORY, Mode::empty()).unwrap();
        }
        let file = openat(&at, "large", OFlags::WRONLY | OFlags::CREATE, Mode::RWXU).unwrap();
        std::io::Write::write_all(&mut fs::File::from(file), &vec![7; 8 << 20]).unwrap();
        assert!(takes_more(top.path(), (8 << 20) - 1, 1_000).unwrap());
        assert!(!takes_more(top.path(), 24 << 20, 1_000).unwrap());
        let inner = top.path().join(&name);
        crate::workspace::remove_tree(&inner).unwrap();
    }
}
