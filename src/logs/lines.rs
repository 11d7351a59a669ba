//! Reading by line. A line of up to 1 MiB comes whole; a longer one comes in parts of 1 MiB that say so.

use super::entry::line_ends;
use super::{LogError, LogReader, MAX_READ, Stream};

/// The longest line that comes whole, and the size of the parts of a longer one.
pub const MAX_LINE: usize = 1024 * 1024;

/// What a line counts for beside its bytes, so that many empty ones do not fill the memory.
pub(super) const LINE_COST: usize = 64;

/// One line, or a part of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 0.
    pub number: u64,
    /// Which part of the line this is, counted from 0. Every part but the last has [`MAX_LINE`] bytes.
    pub part: u64,
    /// When its first bytes were written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Where its first bytes come from. Pieces of two streams can share a line.
    pub stream: Stream,
    /// Its bytes without the line end.
    pub bytes: Vec<u8>,
    /// Whether the line ends here: `false` for every part but the last, and for the last line of a log that does not end
    /// in a line end.
    pub whole: bool,
}

impl LogReader {
    /// Up to `count` lines or parts of lines from part `part` of line `first` on; fewer at the end, and when there are
    /// [`MAX_READ`] bytes already. To go on, ask for what comes after the last one.
    pub fn lines(&self, first: u64, part: u64, count: usize) -> Result<Vec<Line>, LogError> {
        self.lines_up_to(first, part, count, MAX_LINE)
    }

    /// The same with parts of `longest` bytes.
    pub(super) fn lines_up_to(
        &self,
        first: u64,
        part: u64,
        count: usize,
        longest: usize,
    ) -> Result<Vec<Line>, LogError> {
        let mut found: Vec<Line> = Vec::new();
        let records = self.records_by_now()?;
        let Some((mut place, mut skip)) = self.start_of(first, records)? else { return Ok(found) };
        if part > 0 {
            // The bytes of a line lie one after the other, so a part is found by its place in the log.
            let wanted = self.entry(place)?.offset + skip as u64 + part.saturating_mul(longest as u64);
            place = self.first_record(records, |entry| entry.end() > wanted)?;
            if place == records {
                return Ok(found);
            }
            let entry = self.entry(place)?;
            skip = usize::try_from(wanted.saturating_sub(entry.offset)).unwrap_or(0);
            let before = self.bytes_of(&entry)?;
            if entry.lines_before + line_ends(before.get(..skip).unwrap_or(&before)) != first {
                return Ok(found);
            }
        }
        let mut open: Option<Line> = None;
        let (mut number, mut part, mut size) = (first, part, 0);
        while place < records {
            let entry = self.entry(place)?;
            let bytes = self.bytes_of(&entry)?;
            let mut rest = bytes.get(skip..).unwrap_or_default();
            skip = 0;
            while !rest.is_empty() {
                if found.len() >= count || (size >= MAX_READ && open.is_none()) {
                    return Ok(found);
                }
                let line = open.get_or_insert_with(|| Line {
                    number,
                    part,
                    time_ms: entry.time_ms,
                    stream: entry.stream,
                    bytes: Vec::new(),
                    whole: false,
                });
                let room = longest - line.bytes.len();
                let end = rest.iter().take(room + 1).position(|byte| *byte == b'\n');
                let taken = end.unwrap_or(rest.len().min(room));
                line.bytes.extend_from_slice(rest.get(..taken).unwrap_or_default());
                line.whole = end.is_some();
                let full = line.bytes.len() == longest && taken < rest.len();
                rest = rest.get(taken + usize::from(line.whole)..).unwrap_or_default();
                size += taken + LINE_COST;
                if line.whole {
                    (number, part) = (number + 1, 0);
                } else if full {
                    part += 1;
                } else {
                    continue;
                }
                found.extend(open.take());
            }
            place += 1;
        }
        if found.len() < count {
            found.extend(open);
        }
        Ok(found)
    }

    /// The last `count` lines (a last line without an end counts as one), cut at [`MAX_READ`] bytes.
    pub fn tail(&self, count: usize) -> Result<Vec<Line>, LogError> {
        let mark = self.mark()?;
        let ended = mark.bytes == 0 || self.bytes(mark.bytes - 1..mark.bytes)? == b"\n";
        let total = mark.lines + u64::from(!ended);
        self.lines(total.saturating_sub(count as u64), 0, count)
    }

    /// The record in which line `first` starts, and where in it; `None` beyond the end.
    pub(super) fn start_of(&self, first: u64, records: u64) -> Result<Option<(u64, usize)>, LogError> {
        if first == 0 {
            return Ok((records > 0).then_some((0, 0)));
        }
        // The line starts behind the line end of the one before, in the last record that has fewer lines before it.
        let place = self.first_record(records, |entry| entry.lines_before >= first)?;
        let Some(place) = place.checked_sub(1) else { return Ok(None) };
        let entry = self.entry(place)?;
        let bytes = self.bytes_of(&entry)?;
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let behind = usize::try_from(first - entry.lines_before - 1).unwrap_or(usize::MAX);
        let start = ends.map(|(at, _)| at + 1).nth(behind);
        Ok(start.map(|start| (place, start)))
    }
}
