//! Keeps frames on bounded disk while no engine takes them. The files lie where the program can reach them too, so every
//! record is checked again when it is read back, and what was destroyed is reported as lost instead of sent.

pub(crate) mod record;

use super::secret::Secret;
use super::wire::{Frame, MAX_FRAME};
use record::{CLOSING_ROOM, LIMIT, MAX_SEGMENT, SEGMENT_BYTES, segment_name};
use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How much of a segment is read at once; more than the largest record.
const READ: usize = 4 * MAX_FRAME;

/// The spool of one shim.
pub(crate) struct Spool {
    directory: OwnedFd,
    secret: Secret,
    segments: VecDeque<Segment>,
    bytes: u64,
    /// Where reading goes on: the number that comes next, the first number of its segment, and the place in it.
    cursor: (u64, u64, u64),
}

struct Segment {
    file: File,
    name: String,
    first: u64,
    last: u64,
    bytes: u64,
}

impl Spool {
    /// Uses a directory that is there already.
    pub fn open(path: &Path, secret: Secret) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { directory, secret, segments: VecDeque::new(), bytes: 0, cursor: (0, 0, 0) })
    }

    /// The first number that it holds.
    pub fn first(&self) -> Option<u64> {
        self.segments.front().map(|segment| segment.first)
    }

    /// Whether a frame of that size still fits.
    pub fn has_room(&self, size: usize, closing: bool) -> bool {
        let limit = if closing { LIMIT + CLOSING_ROOM } else { LIMIT };
        self.bytes + size as u64 + 32 <= limit
    }

    /// Adds the encoded frame that ends at number `last`. After an error nothing has changed.
    pub fn append(&mut self, from: u64, last: u64, frame: &[u8]) -> io::Result<()> {
        if self.segments.back().is_none_or(|segment| segment.bytes >= SEGMENT_BYTES) {
            let (file, name) = self.create(from)?;
            self.segments.push_back(Segment { file, name, first: from, last: from.saturating_sub(1), bytes: 0 });
        }
        let mut sealed = Vec::with_capacity(frame.len() + 32);
        record::seal(&self.secret, frame, &mut sealed);
        let Some(segment) = self.segments.back_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        if let Err(error) = segment.file.write_all_at(&sealed, segment.bytes) {
            if segment.bytes == 0 {
                self.forget_last();
            }
            return Err(error);
        }
        segment.bytes += sealed.len() as u64;
        segment.last = last;
        self.bytes += sealed.len() as u64;
        Ok(())
    }

    /// Lets go of segments that hold nothing beyond `seq`.
    pub fn acknowledged(&mut self, seq: u64) {
        while self.segments.front().is_some_and(|segment| segment.last <= seq) {
            if let Some(segment) = self.segments.pop_front() {
                self.bytes = self.bytes.saturating_sub(segment.bytes);
                self.unlink(&segment.name);
            }
        }
    }

    /// Frames after `after`, encoded for the channel, with the last number among them; `None` when it holds no such frame.
    pub fn next(&mut self, after: u64) -> Option<(Vec<u8>, u64)> {
        let wanted = after.saturating_add(1);
        let place = self.segments.iter().position(|segment| segment.last >= wanted)?;
        let segment = self.segments.get(place)?;
        let (next, first, offset) = self.cursor;
        let mut offset = if next == wanted && first == segment.first { offset } else { 0 };
        let mut wire = Vec::new();
        let mut seq = after;
        while wire.is_empty() && offset < segment.bytes {
            let mut bytes = vec![0; READ.min(usize::try_from(segment.bytes - offset).unwrap_or(READ))];
            if segment.file.read_exact_at(&mut bytes, offset).is_err() {
                break;
            }
            let mut rest = bytes.as_slice();
            while let Some((frame, size)) = record::open(&self.secret, rest) {
                match span(&frame) {
                    Some((_, to)) if to <= after => {}
                    Some((from, to)) if from <= seq.saturating_add(1) && to > seq => {
                        wire.extend_from_slice(rest.get(..size - 32).unwrap_or(&[]));
                        seq = to;
                    }
                    _ => break,
                }
                offset += size as u64;
                rest = rest.get(size..).unwrap_or(&[]);
            }
            if rest.len() == bytes.len() {
                break;
            }
        }
        if wire.is_empty() {
            // What should be here was destroyed; the rest of the segment cannot be found any more.
            let to = segment.last;
            self.cursor = (0, 0, 0);
            return Some((Frame::Lost { from: wanted, to, time_ms: super::now_ms() }.encode(), to));
        }
        self.cursor = (seq.saturating_add(1), segment.first, offset);
        Some((wire, seq))
    }

    /// Puts everything on disk.
    pub fn sync(&self) -> io::Result<()> {
        self.segments.iter().try_for_each(|segment| segment.file.sync_data())
    }

    /// A fresh file under a name that nobody else opened.
    fn create(&self, first: u64) -> io::Result<(File, String)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut result = Err(io::ErrorKind::AlreadyExists.into());
        for attempt in 0..100 {
            let name = segment_name(first, attempt);
            match openat(&self.directory, &name, flags, Mode::from_raw_mode(0o600)) {
                Ok(file) => return Ok((File::from(file), name)),
                Err(rustix::io::Errno::EXIST) => self.unlink(&name),
                Err(error) => result = Err(error.into()),
            }
        }
        result
    }

    fn forget_last(&mut self) {
        if let Some(segment) = self.segments.pop_back() {
            self.unlink(&segment.name);
        }
    }

    fn unlink(&self, name: &str) {
        // A file that the program removed or replaced is not ours to mourn, and one that stays is only passed over later.
        let _ = unlinkat(&self.directory, name, AtFlags::empty());
    }
}

/// The first and last number that a frame takes.
fn span(frame: &Frame) -> Option<(u64, u64)> {
    match frame {
        Frame::Lost { from, to, .. } => Some((*from, *to)),
        other => other.seq().map(|seq| (seq, seq)),
    }
}

const _: () = assert!(READ as u64 <= MAX_SEGMENT);

#[cfg(test)]
mod tests;
