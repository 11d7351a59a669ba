//! Looking through a log for lines, a bounded part of it at a time: from a place forward or backward, until enough was found
//! or enough was read. Whoever asks goes on where it stopped.

use super::lines::LINE_COST;
use super::{LogError, LogReader, Matcher};
use crate::logs::{Line, MAX_READ};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Bytes after which a part is over, and how long one may take: a log of very small records is slow to read.
const MOST_BYTES: usize = 8 * 1024 * 1024;
const MOST_TIME: Duration = Duration::from_millis(250);
/// Parts of one long line that are looked at.
const MOST_PARTS: u64 = 16;
/// Lines that are read at once.
const PIECE: usize = 4096;

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Which lines.
    pub matcher: Matcher,
    /// Going forward the first line that is looked at; going backward the first that is not any more.
    pub from: u64,
    /// Towards the beginning.
    pub backward: bool,
    /// Most lines to give; with 0 they are only counted.
    pub most: usize,
    /// The lines there are to look at.
    pub lines: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Searched {
    /// Numbers of lines that fit, in the log's order.
    pub found: Vec<u64>,
    /// How many lines fit among those that were looked at.
    pub count: u64,
    /// Where to go on.
    pub next: u64,
}

impl LogReader {
    /// Looks through a part of the log.
    pub fn search(&self, scan: &Scan) -> Result<Searched, LogError> {
        let begun = Instant::now();
        let mut read = 0;
        let mut done = Searched { next: scan.from.min(scan.lines), ..Searched::default() };
        let most = if scan.most == 0 { usize::MAX } else { scan.most };
        while read < MOST_BYTES && begun.elapsed() < MOST_TIME {
            let range = if scan.backward { self.before(done.next)? } else { done.next..scan.lines };
            if range.is_empty() {
                break;
            }
            let mut piece = Vec::new();
            let end = self.look(&range, &scan.matcher, scan.backward, &mut read, &mut piece)?;
            let room = most.saturating_sub(usize::try_from(done.count).unwrap_or(usize::MAX));
            // What goes beyond the wanted number is not looked at yet.
            let cut = piece.len() > room;
            if scan.backward {
                piece.drain(..piece.len().saturating_sub(room));
                done.next = piece.first().copied().filter(|_| cut).unwrap_or(range.start);
            } else {
                piece.truncate(room);
                done.next = piece.last().map(|last| last + 1).filter(|_| cut).unwrap_or(end);
            }
            done.count += piece.len() as u64;
            if scan.most > 0 {
                let place = if scan.backward { 0 } else { done.found.len() };
                done.found.splice(place..place, piece);
            }
            if cut || done.count >= most as u64 {
                break;
            }
        }
        Ok(done)
    }

    /// Looks at the lines of a range: at all of them going backward, at a piece going forward. Gives the line after the last
    /// one that was looked at.
    fn look(
        &self,
        range: &Range<u64>,
        matcher: &Matcher,
        all: bool,
        read: &mut usize,
        found: &mut Vec<u64>,
    ) -> Result<u64, LogError> {
        let (mut number, mut part) = (range.start, 0);
        while number < range.end {
            let count = usize::try_from(range.end - number).unwrap_or(PIECE).min(PIECE);
            let lines = self.lines(number, part, count)?;
            // Shorter than it was: somebody else's doing, which reading it tells.
            let Some(last) = lines.last().map(|last| (last.number, last.part, last.whole)) else {
                return Ok(range.end);
            };
            for line in lines.iter().filter(|line| range.contains(&line.number)) {
                *read += line.bytes.len() + LINE_COST;
                if found.last() != Some(&line.number) && matcher.fits_line(line) {
                    found.push(line.number);
                }
            }
            (number, part) = match last {
                (number, part, false) if part + 1 < MOST_PARTS && is_cut(lines.last()) => (number, part + 1),
                (number, ..) => (number + 1, 0),
            };
            if !all && part == 0 {
                break;
            }
        }
        Ok(number.min(range.end))
    }

    /// Lines that end before line `end`, about as many as are read at once.
    fn before(&self, end: u64) -> Result<Range<u64>, LogError> {
        let records = self.records_by_now()?;
        let Some(last) = end.checked_sub(1) else { return Ok(0..0) };
        let Some((place, skip)) = self.start_of(last, records)? else { return Ok(last..end) };
        let target = (self.entry(place)?.offset + skip as u64).saturating_sub(MAX_READ as u64);
        if target == 0 {
            return Ok(last.saturating_sub(PIECE as u64)..end);
        }
        let first = self.first_record(records, |entry| entry.end() > target)?;
        let start = self.entry(first)?.lines_before + 1;
        Ok(start.max(last.saturating_sub(PIECE as u64)).min(last)..end)
    }
}

/// Whether a part of a line has as many bytes as a part can have.
fn is_cut(part: Option<&Line>) -> bool {
    part.is_some_and(|part| part.bytes.len() >= super::MAX_LINE)
}
