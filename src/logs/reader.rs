//! Reads ranges of a log, while it grows and when it is closed alike. What one call returns is bounded; ask again for more.

use super::entry::{ENTRY_BYTES, HEADER, line_ends};
use super::source::Source;
use super::{Entry, LogError, LogMark, MAX_RECORD, index_path, packed_path};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The most bytes that one call returns.
pub const MAX_READ: usize = 1024 * 1024;

/// A reader of one log.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    log: Source,
    index: Source,
}

impl LogReader {
    /// Opens the log at `path` for reading.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        match Self::open_closed(path) {
            Err(error) if error.is_missing() => {}
            opened => return opened,
        }
        let opened = Source::open(path).and_then(|log| Ok((log, Source::open(&index_path(path))?)));
        match opened {
            Ok((log, index)) => Ok(Self { path: path.to_owned(), log, index }),
            // It may have been closed in between.
            Err(error) if error.is_missing() => Self::open_closed(path).map_err(|closed| match closed {
                closed if closed.is_missing() => error,
                closed => closed,
            }),
            Err(error) => Err(error),
        }
    }

    fn open_closed(path: &Path) -> Result<Self, LogError> {
        let log = Source::closed(path)?;
        let index = Source::closed(&index_path(path)).map_err(|error| match error {
            // The index was there first: it must not look as if there were no log.
            error if error.is_missing() => {
                LogError::Damaged { path: packed_path(path), reason: "its index is missing" }
            }
            error => error,
        })?;
        Ok(Self { path: path.to_owned(), log, index })
    }

    /// How far the log has come. Of an open one a reader cannot know whether more comes.
    pub fn mark(&self) -> Result<LogMark, LogError> {
        let closed = matches!(self.log, Source::Closed(_));
        let records = self.records_by_now()?;
        let Some(last) = records.checked_sub(1) else { return Ok(LogMark { closed, ..LogMark::default() }) };
        let entry = self.entry(last)?;
        let lines = entry.lines_before + line_ends(&self.bytes_of(&entry)?);
        Ok(LogMark { bytes: entry.end(), records, lines, closed })
    }

    /// How many bytes the log has by now.
    pub fn end(&self) -> Result<u64, LogError> {
        self.records_by_now()?.checked_sub(1).map_or(Ok(0), |last| Ok(self.entry(last)?.end()))
    }

    /// How many records the log has by now.
    pub(super) fn records_by_now(&self) -> Result<u64, LogError> {
        Ok(self.index.size()?.saturating_sub(HEADER.len() as u64) / ENTRY_BYTES as u64)
    }

    /// SHA-256 of all its bytes by now, in lower-case hexadecimal.
    pub fn digest(&self) -> Result<String, LogError> {
        let (mut hash, end, mut at) = (Sha256::new(), self.end()?, 0);
        while at < end {
            let size = usize::try_from(end - at).unwrap_or(MAX_READ).min(MAX_READ);
            hash.update(self.read(at, size)?);
            at += size as u64;
        }
        Ok(crate::audit::hex(&hash.finalize()))
    }

    /// The record at a place in the index, counted from 0.
    pub fn entry(&self, place: u64) -> Result<Entry, LogError> {
        let mut raw = [0; ENTRY_BYTES];
        let offset = place.saturating_mul(ENTRY_BYTES as u64).saturating_add(HEADER.len() as u64);
        self.index.read_exact_at(&mut raw, offset)?;
        Entry::decode(&raw)
            .filter(|entry| usize::try_from(entry.length).is_ok_and(|length| length <= MAX_RECORD))
            .ok_or_else(|| LogError::Corrupt { path: self.path.clone(), reason: "a record of its index is damaged" })
    }

    /// Bytes of a range, cut to the log's length and to [`MAX_READ`].
    pub fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>, LogError> {
        let end = range.end.min(self.end()?);
        let size = usize::try_from(end.saturating_sub(range.start)).unwrap_or(MAX_READ).min(MAX_READ);
        self.read(range.start, size)
    }

    /// Up to `count` records from a place in the index on, with their bytes; fewer at the end or at [`MAX_READ`] bytes.
    pub fn records(&self, place: u64, count: usize) -> Result<Vec<(Entry, Vec<u8>)>, LogError> {
        let end = self.records_by_now()?.min(place.saturating_add(count as u64));
        let mut records = Vec::new();
        let mut size = 0;
        for place in place..end {
            let entry = self.entry(place)?;
            let bytes = self.bytes_of(&entry)?;
            size += bytes.len() + ENTRY_BYTES;
            if size > MAX_READ && !records.is_empty() {
                break;
            }
            records.push((entry, bytes));
        }
        Ok(records)
    }

    /// The first of `records` records that is as asked for; all before it are not.
    pub(super) fn first_record(&self, records: u64, asked: impl Fn(&Entry) -> bool) -> Result<u64, LogError> {
        let (mut low, mut high) = (0, records);
        while low < high {
            let middle = low + (high - low) / 2;
            if asked(&self.entry(middle)?) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    pub(super) fn bytes_of(&self, entry: &Entry) -> Result<Vec<u8>, LogError> {
        self.read(entry.offset, usize::try_from(entry.length).unwrap_or(0))
    }

    fn read(&self, start: u64, size: usize) -> Result<Vec<u8>, LogError> {
        let mut bytes = vec![0; size];
        self.log.read_exact_at(&mut bytes, start)?;
        Ok(bytes)
    }
}
