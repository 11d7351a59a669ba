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
    /// Something could not be kept.
    gap: bool,
}

impl Sink {
    /// Goes on with the log where there is one.
    pub fn open(path: &Path) -> Self {
        let mut sink = Self { path: path.to_owned(), writer: None, taken: [0; 2], gap: false };
        if let Err(error) = sink.begin() {
            tracing::error!("the output of an execution cannot be kept: {error}");
            sink.gap = true;
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
        let Some(taken) = self.taken.get(at).copied() else { return };
        let known = usize::try_from(taken.saturating_sub(offset)).unwrap_or(usize::MAX);
        let fresh = bytes.get(known..).unwrap_or_default();
        if fresh.is_empty() {
            return;
        }
        if offset > taken {
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
        let Some(writer) = &mut self.writer else { return };
        if !writer.has_room(bytes.len()) {
            self.gap = true;
            return;
        }
        let record = Record { seq: writer.last_seq() + 1, time_ms: now, stream, bytes };
        if let Err(error) = writer.append(record).map(drop).and_then(|()| writer.sync()) {
            tracing::error!("some output of an execution is lost: {error}");
            self.gap = true;
        }
    }

    /// A remark of the engine.
    pub fn note(&mut self, text: &str, now: i64) {
        let Some(writer) = &mut self.writer else { return };
        if let Err(error) = writer.note(now, &format!("{text}\n")).and_then(|()| writer.sync()) {
            tracing::error!("a remark in the log of an execution is lost: {error}");
            self.gap = true;
        }
    }

    /// Whether something is missing in the log.
    pub fn has_gap(&self) -> bool {
        self.gap
    }
}

fn place(stream: Stream) -> Option<usize> {
    match stream {
        Stream::Stdout => Some(0),
        Stream::Stderr => Some(1),
        Stream::Engine => None,
    }
}
