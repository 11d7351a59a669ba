//! What is in a directory of data: a digest of its content, and a cheap one of what the file system says of it. No link is
//! followed and no other file system is entered; a link counts as the text that it holds.

use super::beneath::{MAX_DEPTH, names, open_dir, open_file, open_own};
use super::names::shown;
use crate::audit::hex;
use rustix::fs::{AtFlags, FileType, Stat, fstat, readlinkat, statat};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

/// Most entries of one.
const ENTRIES: u64 = 2_000_000;
/// Most bytes of one.
const BYTES: u64 = 4 << 40;
/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// What is in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSeen {
    /// Of the content; `None` where it was not read.
    pub digest: Option<String>,
    /// Of what the file system says of each entry: size, times, numbers. Whoever changes a file changes it.
    pub quick: String,
    /// Files.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Why a directory cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum DataFault {
    /// Something in it is of no use.
    #[error("{place} {reason}")]
    Unfit {
        /// Where.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The file system refuses.
    #[error("{place}: {error}")]
    Io {
        /// Where.
        place: String,
        /// Its answer.
        #[source]
        error: io::Error,
    },
    /// Nobody wants it any more.
    #[error("it was given up")]
    GivenUp,
}

/// Looks at a directory without reading its files.
pub fn look(path: &Path) -> Result<DataSeen, DataFault> {
    walk(path, None)
}

/// Reads all of a directory. It is told how far that is (files, bytes) and says whether to go on.
pub fn read_all(path: &Path, go_on: &mut dyn FnMut(u64, u64) -> bool) -> Result<DataSeen, DataFault> {
    let before = look(path)?;
    let read = walk(path, Some(go_on))?;
    let after = look(path)?;
    if before.quick != after.quick || before.quick != read.quick {
        let reason = "was changed while it was read: let it rest and verify it again".to_owned();
        return Err(DataFault::Unfit { place: shown_path(path), reason });
    }
    Ok(read)
}

type GoOn<'a> = Option<&'a mut dyn FnMut(u64, u64) -> bool>;

struct Walk<'a> {
    go_on: GoOn<'a>,
    content: Sha256,
    quick: Sha256,
    entries: u64,
    files: u64,
    bytes: u64,
    device: u64,
    path: Vec<u8>,
}

fn walk(path: &Path, go_on: GoOn<'_>) -> Result<DataSeen, DataFault> {
    let io = |error: io::Error| DataFault::Io { place: shown_path(path), error };
    // What was a directory may be a link by now.
    if !std::fs::symlink_metadata(path).map_err(io)?.is_dir() {
        let reason = "is no directory: register a directory, not a file or a link".to_owned();
        return Err(DataFault::Unfit { place: shown_path(path), reason });
    }
    // Neither may anything on the way there lead elsewhere by now.
    if std::fs::canonicalize(path).map_err(io)? != path {
        let reason = "leads elsewhere now: register the place that is meant".to_owned();
        return Err(DataFault::Unfit { place: shown_path(path), reason });
    }
    let top = open_own(path).map_err(|error| io(io::Error::other(error.to_string())))?;
    let seen = fstat(&top).map_err(|error| io(error.into()))?;
    let reads = go_on.is_some();
    let (content, quick, path) = (Sha256::new(), Sha256::new(), Vec::new());
    let mut walk = Walk { go_on, content, quick, entries: 0, files: 0, bytes: 0, device: seen.st_dev, path };
    walk.directory(&top, 0)?;
    let digest = reads.then(|| hex(&walk.content.finalize()));
    Ok(DataSeen { digest, quick: hex(&walk.quick.finalize()), files: walk.files, bytes: walk.bytes })
}

impl Walk<'_> {
    fn directory(&mut self, dir: &OwnedFd, depth: usize) -> Result<(), DataFault> {
        if depth > MAX_DEPTH {
            return Err(self.unfit("lies too deep"));
        }
        let left = usize::try_from(ENTRIES.saturating_sub(self.entries)).unwrap_or(usize::MAX);
        let (mut found, more) = names(dir, left).map_err(|error| self.io(error.into()))?;
        if more {
            return Err(self.unfit(&format!("and what lies beside it are more than {ENTRIES} entries")));
        }
        self.entries += found.len() as u64;
        found.sort();
        for name in found {
            let long = self.path.len();
            if long > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&name);
            self.entry(dir, &name, depth)?;
            self.path.truncate(long);
        }
        Ok(())
    }

    fn entry(&mut self, dir: &OwnedFd, name: &[u8], depth: usize) -> Result<(), DataFault> {
        let seen = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| self.io(error.into()))?;
        if seen.st_dev != self.device {
            return Err(self.unfit("is on another file system: register that directory by itself"));
        }
        match FileType::from_raw_mode(seen.st_mode) {
            FileType::Directory => {
                self.note(b'd', &seen, &[]);
                let inner = open_dir(dir, name).map_err(|error| self.io(error.into()))?;
                self.directory(&inner, depth + 1)
            }
            FileType::Symlink => {
                let target = readlinkat(dir, name, Vec::new()).map_err(|error| self.io(error.into()))?;
                self.note(b'l', &seen, target.to_bytes());
                Ok(())
            }
            FileType::RegularFile => {
                self.files += 1;
                let mut digest = Vec::new();
                if self.go_on.is_some() {
                    let file = open_file(dir, name).map_err(|error| self.io(error.into()))?;
                    digest = self.file(file)?;
                } else {
                    self.bytes = self.bytes.saturating_add(u64::try_from(seen.st_size).unwrap_or_default());
                }
                if self.bytes > BYTES {
                    return Err(self.unfit(&format!("and what lies before it have more than {BYTES} bytes")));
                }
                self.note(b'f', &seen, &digest);
                Ok(())
            }
            _ => Err(self.unfit("is neither a file nor a directory nor a link: data sets have nothing else")),
        }
    }

    /// The digest of a file's content.
    fn file(&mut self, file: OwnedFd) -> Result<Vec<u8>, DataFault> {
        let seen = fstat(&file).map_err(|error| self.io(error.into()))?;
        // Between looking and opening, the name may have become something else.
        if FileType::from_raw_mode(seen.st_mode) != FileType::RegularFile {
            return Err(self.unfit("was changed while it was read"));
        }
        let (mut file, mut piece, mut digest) = (File::from(file), vec![0; PIECE], Sha256::new());
        loop {
            let read = file.read(&mut piece).map_err(|error| self.io(error))?;
            if read == 0 {
                return Ok(digest.finalize().to_vec());
            }
            digest.update(piece.get(..read).unwrap_or_default());
            self.bytes = self.bytes.saturating_add(read as u64);
            let (files, bytes) = (self.files, self.bytes);
            if self.go_on.as_mut().is_some_and(|go_on| !go_on(files, bytes)) {
                return Err(DataFault::GivenUp);
            }
        }
    }

    /// Adds an entry to both digests.
    fn note(&mut self, kind: u8, seen: &Stat, content: &[u8]) {
        let kind = [kind, u8::from(kind == b'f' && seen.st_mode & 0o111 != 0)];
        add(&mut self.content, [&kind, &self.path, content]);
        if kind[0] != b'f' {
            // Times of directories and links say nothing that their entries do not say.
            return add(&mut self.quick, [&kind, &self.path, content]);
        }
        add(&mut self.quick, [&kind, &self.path, &[]]);
        let times = [seen.st_mtime, seen.st_ctime].map(i128::from);
        let parts = [i128::from(seen.st_mtime_nsec), i128::from(seen.st_ctime_nsec)];
        let numbers = [i128::from(seen.st_ino), i128::from(seen.st_size)];
        for number in times.into_iter().chain(parts).chain(numbers) {
            self.quick.update(number.to_le_bytes());
        }
    }

    fn unfit(&self, reason: &str) -> DataFault {
        DataFault::Unfit { place: shown(&self.path), reason: reason.to_owned() }
    }

    fn io(&self, error: io::Error) -> DataFault {
        DataFault::Io { place: shown(&self.path), error }
    }
}

/// Adds parts to a digest, each with its length before it, so that no two lists of them look like one.
fn add(digest: &mut Sha256, parts: [&[u8]; 3]) {
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
}

fn shown_path(path: &Path) -> String {
    super::beneath::path_shown(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn data() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("may")).unwrap();
        fs::write(dir.path().join("may/1.csv"), "a,b\n").unwrap();
        fs::write(dir.path().join("read.me"), "orders").unwrap();
        symlink("/etc/passwd", dir.path().join("link")).unwrap();
        dir
    }

    fn read(path: &Path) -> DataSeen {
        read_all(path, &mut |_, _| true).unwrap()
    }

    #[test]
    fn the_same_content_has_the_same_digest_wherever_it_lies_and_any_change_another() {
        let (one, two) = (data(), data());
        let first = read(one.path());
        assert_eq!((first.files, first.bytes), (2, 10));
        assert_eq!(first.digest, read(two.path()).digest);
        assert_ne!(first.quick, read(two.path()).quick, "they are other files");
        assert_eq!(look(one.path()).unwrap(), DataSeen { digest: None, ..first.clone() });
        let changes: [&dyn Fn(&Path); 5] = [
            &|dir| fs::write(dir.join("may/1.csv"), "a,c\n").unwrap(),
            &|dir| fs::rename(dir.join("read.me"), dir.join("readme")).unwrap(),
            &|dir| fs::create_dir(dir.join("june")).unwrap(),
            &|dir| fs::remove_file(dir.join("link")).unwrap(),
            &|dir| symlink("/etc/shadow", dir.join("another")).unwrap(),
        ];
        for change in changes {
            let dir = data();
            let before = read(dir.path());
            change(dir.path());
            let after = read(dir.path());
            assert!(before.digest != after.digest && before.quick != after.quick);
        }
    }

    #[test]
    fn a_file_that_is_written_anew_with_the_same_content_is_looked_at_but_is_the_same() {
        let dir = data();
        let before = read(dir.path());
        fs::remove_file(dir.path().join("read.me")).unwrap();
        fs::write(dir.path().join("read.me"), "orders").unwrap();
        let after = read(dir.path());
        assert!(before.quick != after.quick && before.digest == after.digest);
    }

    #[test]
    fn no_link_is_followed_and_what_is_no_file_is_refused() {
        let dir = data();
        let at = dir.path().join("way");
        symlink(dir.path().join("may"), &at).unwrap();
        assert!(look(&at).unwrap_err().to_string().contains("is no directory"));
        fs::create_dir(dir.path().join("may/inner")).unwrap();
        assert!(look(&at.join("inner")).unwrap_err().to_string().contains("leads elsewhere"));
        assert!(look(&dir.path().join("read.me")).is_err());
        assert!(look(&dir.path().join("none")).is_err());
        rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("pipe"), rustix::fs::Mode::RWXU).unwrap();
        let error = look(dir.path()).unwrap_err().to_string();
        assert!(error.starts_with("pipe is neither a file"), "{error}");
    }

    #[test]
    fn whoever_does_not_want_it_any_more_need_not_wait() {
        let dir = data();
        assert!(matches!(read_all(dir.path(), &mut |_, _| false), Err(DataFault::GivenUp)));
    }
}
