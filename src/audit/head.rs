//! The head of the chain in a file outside the database, so that a cut or rewritten log shows.
//!
//! One line: `dogwatch-chain-head 1 SEQ HASH CHECK`, where CHECK is the first 8 digits of the SHA-256 of the line before
//! it. CHECK tells a damaged file from one that disagrees; it is no defence against somebody who writes both.

use super::record::{self, Hash};
use crate::store::files;
use std::fmt;
use std::io;
use std::path::Path;

/// The kind of event that tells of a missing head file. Nothing before it is known to be whole.
pub(crate) const HEAD_MISSING: &str = "store.head_missing";
/// The kind of event that tells of a head file that did not hold a head. Nothing before it is known to be whole.
pub(crate) const HEAD_DAMAGED: &str = "store.head_damaged";

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
            Ok(Some(bytes)) => parse(&bytes)
                .map_or_else(|| Self::Damaged("the head file does not hold a chain head".to_owned()), Self::Head),
            Err(error) => Self::Damaged(format!("the head file cannot be read: {error}")),
        }
    }
}

fn line(seq: u64, hash: &Hash) -> String {
    let start = format!("dogwatch-chain-head 1 {seq} {}", record::hex(hash));
    let check = record::hex(&record::hash(start.as_bytes()));
    format!("{start} {}\n", check.get(..8).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.strip_prefix("dogwatch-chain-head 1 ")?.split(' ');
    let seq = words.next()?.parse().ok()?;
    let hash = record::parse_hash(words.next()?.as_bytes())?;
    (line(seq, &hash) == text).then_some(Head { seq, hash })
}

/// Writes the head so that a crash leaves the old one or the new one.
pub(crate) fn write(path: &Path, head: Head) -> io::Result<()> {
    files::replace(path, line(head.seq, &head.hash).as_bytes())
}
