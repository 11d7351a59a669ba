//! Reads ranges of a log, also while it grows. What one call returns is bounded; ask again for more.

use super::entry::{ENTRY_BYTES, HEADER};
use super::{Entry, LogError, LogMark, MAX_RECORD, Stream, index_path};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The most bytes that one call returns.
pub const MAX_READ: usize = 1024 * 1024;

/// One line, or the part of it that fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 0.
    pub number: u64,
    /// When its first bytes were written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Where its first bytes come from. Pieces of two streams can share a line.
    pub stream: Stream,
    /// Its bytes without the line end.
    pub bytes: Vec<u8>,
    /// Whether its end is here: `false` for the last line of a log that does not end in a line end, and for one that was
    /// cut at [`MAX_READ`].
    pub whole: bool,
}

/// A reader of one log.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    log: File,
    index: File,
}

impl LogReader {
    /// Opens the log at `path` for reading.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let index_path = index_path(path);
        let log = File::open(path).map_err(LogError::io(path, "open it"))?;
        let index = File::open(&index_path).map_err(LogError::io(&index_path, "open it"))?;
        Ok(Self { path: path.to_owned(), log, index })
    }

    /// How far the log has come. `closed` is always false: a reader cannot know.
    pub fn mark(&self) -> Result<LogMark, LogError> {
        let size = self.index.metadata().map_err(LogError::io(&self.path, "look at its index"))?.len();
        let records = size.saturating_sub(HEADER.len() as u64) / ENTRY_BYTES as u64;
        let Some(last) = records.checked_sub(1) else { return Ok(LogMark::default()) };
        let entry = self.entry(last)?;
        let lines = entry.lines_before + super::entry::line_ends(&self.bytes_of(&entry)?);
        Ok(LogMark { bytes: entry.end(), records, lines, closed: false })
    }

    /// The record at a place in the index, counted from 0.
    pub fn entry(&self, place: u64) -> Result<Entry, LogError> {
        let mut raw = [0; ENTRY_BYTES];
        let offset = place.saturating_mul(ENTRY_BYTES as u64).saturating_add(HEADER.len() as u64);
        self.index.read_exact_at(&mut raw, offset).map_err(LogError::io(&self.path, "read its index"))?;
        Entry::decode(&raw)
            .filter(|entry| usize::try_from(entry.length).is_ok_and(|length| length <= MAX_RECORD))
            .ok_or_else(|| LogError::Corrupt { path: self.path.clone(), reason: "a record of its index is damaged" })
    }

    /// Bytes of a range, cut to the log's length and to [`MAX_READ`].
    pub fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>, LogError> {
        let end = range.end.min(self.mark()?.bytes);
        let size = usize::try_from(end.saturating_sub(range.start)).unwrap_or(MAX_READ).min(MAX_READ);
        self.read(range.start, size)
    }

    /// Up to `count` records from a place in the index on, with their bytes; fewer at the end or at [`MAX_READ`] bytes.
    pub fn records(&self, place: u64, count: usize) -> Result<Vec<(Entry, Vec<u8>)>, LogError> {
        let end = self.mark()?.records.min(place.saturating_add(count as u64));
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

    /// Up to `count` lines from line `first` on; fewer at the end or at [`MAX_READ`] bytes.
    pub fn lines(&self, first: u64, count: usize) -> Result<Vec<Line>, LogError> {
        let mark = self.mark()?;
        let mut place = self.place_of_line(first, mark.records)?;
        let mut lines: Vec<Line> = Vec::new();
        let mut open: Option<Line> = None;
        let mut size = 0;
        while place < mark.records && lines.len() < count {
            let entry = self.entry(place)?;
            let mut number = entry.lines_before;
            for piece in self.bytes_of(&entry)?.split_inclusive(|byte| *byte == b'\n') {
                let (text, whole) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
                if number >= first && lines.len() < count {
                    let line = open.get_or_insert_with(|| Line {
                        number,
                        time_ms: entry.time_ms,
                        stream: entry.stream,
                        bytes: Vec::new(),
                        whole: false,
                    });
                    let room = MAX_READ.saturating_sub(size);
                    line.bytes.extend_from_slice(text.get(..room).unwrap_or(text));
                    line.whole = whole && text.len() <= room;
                    size += text.len() + usize::from(whole);
                    if whole || size >= MAX_READ {
                        lines.extend(open.take());
                    }
                    if size >= MAX_READ {
                        return Ok(lines);
                    }
                }
                number += u64::from(whole);
            }
            place += 1;
        }
        if lines.len() < count {
            lines.extend(open);
        }
        Ok(lines)
    }

    /// The last `count` lines (a last line without an end counts as one), cut at [`MAX_READ`] bytes.
    pub fn tail(&self, count: usize) -> Result<Vec<Line>, LogError> {
        let mark = self.mark()?;
        let ended = mark.bytes == 0 || self.bytes(mark.bytes - 1..mark.bytes)? == b"\n";
        let total = mark.lines + u64::from(!ended);
        self.lines(total.saturating_sub(count as u64), count)
    }

    /// The place of the record in which line `first` starts, or of the one before it.
    fn place_of_line(&self, first: u64, records: u64) -> Result<u64, LogError> {
        let (mut low, mut high) = (0, records);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle)?.lines_before < first {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    fn bytes_of(&self, entry: &Entry) -> Result<Vec<u8>, LogError> {
        self.read(entry.offset, usize::try_from(entry.length).unwrap_or(0))
    }

    fn read(&self, start: u64, size: usize) -> Result<Vec<u8>, LogError> {
        let mut bytes = vec![0; size];
        self.log.read_exact_at(&mut bytes, start).map_err(LogError::io(&self.path, "read it"))?;
        Ok(bytes)
    }
}
