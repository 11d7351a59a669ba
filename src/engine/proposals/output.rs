//! The output of an execution, kept as a step's log is. A command on a live asset is never ended because its output cannot be kept: the
//! gap is marked and it goes on.

use crate::logs::{LogError, LogReader, LogWriter, MAX_RECORD, Record, Stream};
use std::path::{Path, PathBuf};

/// The most that is kept of one.
const MOST: u64 = 64 << 20;

/// Takes pieces of both streams; what comes twice after a connection was made anew is taken once.
#[derive(Debug)]
pub(super) struct Sink {
    path: PathBuf,
    writer: Option<LogWriter>,
    /// Bytes of each stream so far.
    taken: [u64; 2],
    /// Something could not be kept, and never will be.
    gap: bool,
    /// Bytes that could not be kept since the log last said so.
    lost: u64,
    /// What was taken is not on disk yet, since that failed.
    owes: bool,
}

impl Sink {
    /// Goes on with the log where there is one.
    pub fn open(path: &Path) -> Self {
        let mut sink = Self { path: path.to_owned(), writer: None, taken: [0; 2], gap: false, lost: 0, owes: false };
        if let Err(error) = sink.begin() {
            tracing::error!("the output of an execution cannot be kept: {error}");
        }
        sink
    }

    fn begin(&mut self) -> Result<(), LogError> {
        let dir = self.path.parent().unwrap_or(&self.path);
        std::fs::create_dir_all(dir).map_err(|source| LogError::Io {
            path: dir.to_owned(),
            doing: "make its directory",
            source,
        })?;
        let writer = LogWriter::open(&self.path)?.capped(MOST);
        let reader = LogReader::open(&self.path)?;
        self.taken = [0; 2];
        for at in 0..reader.mark()?.records {
            let entry = reader.entry(at)?;
            if let Some(taken) = place(entry.stream).and_then(|place| self.taken.get_mut(place)) {
                *taken += u64::from(entry.length);
            }
        }
        self.writer = Some(writer);
        Ok(())
    }

    /// Takes a piece, whose first byte has this number within its stream.
    pub fn put(&mut self, error: bool, offset: u64, bytes: &[u8], now: i64) {
        let at = usize::from(error);
        if self.writer.is_none()
            && let Err(error) = self.begin()
        {
            tracing::debug!("the output of an execution cannot be kept yet: {error}");
            self.gap = true;
            return;
        }
        let Some(taken) = self.taken.get(at).copied() else { return };
        let known = usize::try_from(taken.saturating_sub(offset)).unwrap_or(usize::MAX);
        let fresh = bytes.get(known..).unwrap_or_default();
        if fresh.is_empty() {
            return;
        }
        if offset > taken {
            self.gap = true;
            self.note(&format!("{} bytes of output are missing here", offset - taken), now);
        }
        let stream = if error { Stream::Stderr } else { Stream::Stdout };
        for part in fresh.chunks(MAX_RECORD) {
            self.append(stream, part, now);
        }
        if let Some(place) = self.taken.get_mut(at) {
            *place = offset.max(taken) + fresh.len() as u64;
        }
    }

    fn append(&mut self, stream: Stream, bytes: &[u8], now: i64) {
        self.own_up(now);
        let Some(writer) = &mut self.writer else { return };
        if !writer.has_room(bytes.len()) {
            self.gap = true;
            return;
        }
        let record = Record { seq: writer.last_seq() + 1, time_ms: now, stream, bytes };
        if let Err(error) = writer.append(record) {
            tracing::error!("some output of an execution is lost: {error}");
            self.gap = true;
            self.lost = self.lost.saturating_add(bytes.len() as u64);
        }
        self.save();
    }

    /// Says in the log that something is missing, once it can be written again.
    fn own_up(&mut self, now: i64) {
        if self.lost > 0 {
            let text = format!("{} bytes of output could not be kept here, since nothing could be written", self.lost);
            if self.note(&text, now) {
                self.lost = 0;
            }
        }
    }

    /// A remark of the engine; whether it was taken.
    pub fn note(&mut self, text: &str, now: i64) -> bool {
        let Some(writer) = &mut self.writer else { return false };
        let taken = writer.note(now, &format!("{text}\n"));
        if let Err(error) = &taken {
            tracing::error!("a remark in the log of an execution is lost: {error}");
        }
        self.save();
        taken.is_ok()
    }

    fn save(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        let saved = writer.sync();
        if let Err(error) = &saved {
            tracing::warn!("the output of an execution is not on disk yet: {error}");
        }
        self.owes = saved.is_err();
    }

    /// Puts on disk what is not yet; whether nothing is left of that.
    pub fn settle(&mut self, now: i64) -> bool {
        self.own_up(now);
        self.save();
        self.lost == 0 && !self.owes
    }

    /// Whether something is missing in the log.
    pub fn has_gap(&self) -> bool {
        self.gap || self.owes
    }
}

fn place(stream: Stream) -> Option<usize> {
    match stream {
        Stream::Stdout => Some(0),
        Stream::Stderr => Some(1),
        Stream::Engine => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    /// All that the log says.
    fn text(path: &Path) -> String {
        let records = LogReader::open(path).unwrap().records(0, 100).unwrap();
        String::from_utf8(records.into_iter().flat_map(|(_, bytes)| bytes).collect()).unwrap()
    }

    #[test]
    fn what_cannot_be_kept_is_said_in_the_log_once_it_can_be_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let parent = dir.path().join("executions");
        fs::write(&parent, "in the way").unwrap();
        let path = parent.join("x1.log");
        let mut sink = Sink::open(&path);
        assert!(!sink.has_gap(), "nothing has come yet");
        sink.put(false, 0, b"lost", 1);
        assert!(sink.has_gap());
        fs::remove_file(&parent).unwrap();
        sink.put(false, 4, b"kept", 2);
        assert!(sink.settle(3) && sink.has_gap());
        assert_eq!(text(&path), "4 bytes of output are missing here\nkept");
    }
}
