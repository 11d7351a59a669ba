//! The head of the chain in a file outside the database, so that a cut or rewritten log shows.
//!
//! One line: `dogwatch-chain-head 2 SEQ HASH FILE CHECK`, where CHECK is the first 8 digits of the SHA-256 of the line before
//! it. CHECK tells a damaged file from one that disagrees; it is no defence against somebody who writes both. FILE is the number
//! and the birth of the very file that the line was written into (`INODE:NANOSECONDS`, or `INODE:?` where the file system keeps
//! no births): where another file holds the line, it was copied, and with it most likely the log. Builds before wrote
//! `dogwatch-chain-head 1 SEQ HASH CHECK`, which tells nothing of that.

use super::record;
use crate::store::files;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The kind of event that tells of a missing head file. Nothing before it is known to be whole.
pub(crate) const HEAD_MISSING: &str = "store.head_missing";
/// The kind of event that tells of a head file that did not hold a head. Nothing before it is known to be whole.
pub(crate) const HEAD_DAMAGED: &str = "store.head_damaged";

/// The kind of event that tells of a head that lies in another file than its own: the state was copied. A new epoch begins with it.
pub(crate) const COPIED: &str = "store.copied";

/// The last record of a chain: its number and its hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Sequence number.
    pub seq: u64,
    /// SHA-256 of the record.
    pub hash: [u8; 32],
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({} {})", self.seq, record::hex(&self.hash))
    }
}

/// What was found in place of the head file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadFile {
    /// A head.
    Head(Head),
    /// No file.
    Missing,
    /// A file that does not hold a head, in words.
    Damaged(String),
}

impl HeadFile {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Self {
        match files::read_small(path) {
            Ok(None) => Self::Missing,
            Ok(Some(bytes)) => parse(&bytes).map_or_else(
                || Self::Damaged("the head file does not hold a chain head".to_owned()),
                |line| Self::Head(line.head),
            ),
            Err(error) => Self::Damaged(format!("the head file cannot be read: {error}")),
        }
    }
}

/// What tells a file from every copy of it.
fn file_of(file: &File) -> io::Result<String> {
    let seen = file.metadata()?;
    let birth = seen.created().ok().and_then(|birth| birth.duration_since(UNIX_EPOCH).ok());
    let birth = birth.map_or_else(|| "?".to_owned(), |birth| birth.as_nanos().to_string());
    Ok(format!("{}:{birth}", seen.ino()))
}

/// Whether the head at `path` lies in another file than the one that it was written into. Not where there is no head, or one that
/// does not tell.
pub(crate) fn is_copy(path: &Path) -> io::Result<bool> {
    let Some(bytes) = files::read_small(path)? else { return Ok(false) };
    let Some(Line { file: Some(written), .. }) = parse(&bytes) else { return Ok(false) };
    Ok(written != file_of(&File::open(path)?)?)
}

/// What a head file holds.
struct Line {
    head: Head,
    file: Option<String>,
}

fn line(head: &Head, file: Option<&str>) -> String {
    let hash = record::hex(&head.hash);
    let start = match file {
        Some(file) => format!("dogwatch-chain-head 2 {} {hash} {file}", head.seq),
        None => format!("dogwatch-chain-head 1 {} {hash}", head.seq),
    };
    let check = record::hex(&record::hash(start.as_bytes()));
    format!("{start} {}\n", check.get(..8).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Option<Line> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.strip_prefix("dogwatch-chain-head ")?.split(' ');
    let version = words.next()?;
    let seq = words.next()?.parse().ok()?;
    let hash = record::parse_hash(words.next()?.as_bytes())?;
    let file = if version == "2" { Some(words.next()?.to_owned()) } else { None };
    let head = Head { seq, hash };
    (line(&head, file.as_deref()) == text).then_some(Line { head, file })
}

/// Writes the head so that a crash leaves the old one or the new one.
pub(crate) fn write(path: &Path, head: Head) -> io::Result<()> {
    Anchor::at(path)?.write(head)
}

/// Has a head name the file that it lies in, where there is one: for tests that lay out files as a crash left them.
#[cfg(test)]
pub(crate) fn own(path: &Path) {
    if let Ok(Some(bytes)) = files::read_small(path)
        && let Some(Line { head, .. }) = parse(&bytes)
        && let Ok(file) = File::open(path).and_then(|file| file_of(&file))
    {
        assert!(std::fs::write(path, line(&head, Some(&file))).is_ok(), "{}", path.display());
    }
}

/// The place of the head of a log that is being written. Its directory is held: an engine whose directory was moved away must not
/// anchor its own log in the place of the next one.
#[derive(Debug)]
pub(crate) struct Anchor {
    directory: files::Directory,
    name: OsString,
}

impl Anchor {
    /// The one at a path.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        Ok(Self { directory: files::Directory::of(path)?, name })
    }

    /// Writes the head there, as [`write`] does.
    pub(crate) fn write(&self, head: Head) -> io::Result<()> {
        self.directory.replace(&self.name, |file| Ok(line(&head, Some(&file_of(file)?)).into_bytes()))
    }
}
