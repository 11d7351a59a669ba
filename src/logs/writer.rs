//! Appends to a log. Bytes and index records wait in memory until `sync`, which is also what makes them visible to readers.

use super::entry::{ENTRY_BYTES, HEADER, line_ends};
use super::source::open_file;
use super::{Entry, LogError, MAX_RECORD, Stream, index_path, packed_path};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// How many bytes may wait for a sync.
const MAX_WAITING: usize = 1024 * 1024;

/// One piece of output.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its number; the first is 1, each next one more.
    pub seq: u64,
    /// Milliseconds since 1970 by the sender's clock.
    pub time_ms: i64,
    /// Where it comes from.
    pub stream: Stream,
    /// The bytes, up to [`MAX_RECORD`].
    pub bytes: &'a [u8],
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The record was new.
    New,
    /// A record of that number was there already; nothing changed.
    Duplicate,
}

/// How far a log has come, on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogMark {
    /// Bytes.
    pub bytes: u64,
    /// Records in the index.
    pub records: u64,
    /// Whole lines.
    pub lines: u64,
    /// Whether the writer has gone, so that nothing more comes from it.
    pub closed: bool,
}

/// The one writer of a log.
#[derive(Debug)]
pub struct LogWriter {
    path: PathBuf,
    log: File,
    index: File,
    /// What has been appended, waiting included.
    at: LogMark,
    last_seq: u64,
    synced_seq: u64,
    hash: Sha256,
    waiting: Vec<u8>,
    waiting_index: Vec<u8>,
    /// How many bytes it may take, index included.
    cap: u64,
    mark: watch::Sender<LogMark>,
}

impl LogWriter {
    /// Opens the log at `path` (`<name>.log`) or makes it (mode 0600), cutting off what a crash left unfinished. Reads the
    /// whole log once, for its digest.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let index_path = index_path(path);
        if index_path == path {
            return Err(LogError::Corrupt { path: path.to_owned(), reason: "a log cannot have the name of an index" });
        }
        if packed_path(path).try_exists().map_err(LogError::io(path, "look for its compressed form"))? {
            return Err(LogError::Closed(path.to_owned()));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let (log, index) = (open_file(path, &mut options)?, open_file(&index_path, &mut options)?);
        match index.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(LogError::Busy(path.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => return Err(LogError::io(&index_path, "lock it")(error)),
        }
        let mut writer = Self {
            path: path.to_owned(),
            log,
            index,
            at: LogMark::default(),
            last_seq: 0,
            synced_seq: 0,
            hash: Sha256::new(),
            waiting: Vec::new(),
            waiting_index: Vec::new(),
            cap: u64::MAX,
            mark: watch::Sender::new(LogMark::default()),
        };
        writer.recover(&index_path)?;
        Ok(writer)
    }

    /// The same with a cap in bytes. Nothing is refused for it: whoever appends asks [`Self::has_room`] before.
    pub fn capped(mut self, bytes: u64) -> Self {
        self.cap = bytes;
        self
    }

    /// Whether a record of so many bytes stays within the cap. Its part of the index counts too, or a program that writes
    /// byte by byte would take many times the cap.
    pub fn has_room(&self, bytes: usize) -> bool {
        let index = self.at.records.saturating_add(1).saturating_mul(ENTRY_BYTES as u64);
        self.at.bytes.saturating_add(bytes as u64).saturating_add(index) <= self.cap
    }

    /// Adds a record; a number that is there already changes nothing, a number too far ahead is refused.
    pub fn append(&mut self, record: Record<'_>) -> Result<Appended, LogError> {
        if record.seq <= self.last_seq {
            return Ok(Appended::Duplicate);
        }
        if record.seq != self.last_seq.saturating_add(1) {
            return Err(LogError::Gap {
                path: self.path.clone(),
                expected: self.last_seq.saturating_add(1),
                got: record.seq,
            });
        }
        self.put(record)?;
        Ok(Appended::New)
    }

    /// Adds a remark of the engine, which takes no number of its own.
    pub fn note(&mut self, time_ms: i64, text: &str) -> Result<(), LogError> {
        self.put(Record { seq: self.last_seq, time_ms, stream: Stream::Engine, bytes: text.as_bytes() })
    }

    /// Says with a remark that records up to `to` are lost for good, so that the one after it can follow. Numbers that
    /// are there already change nothing.
    pub fn lost(&mut self, to: u64, time_ms: i64) -> Result<(), LogError> {
        if to <= self.last_seq {
            return Ok(());
        }
        let count = to - self.last_seq;
        let text = format!("[dogwatch: {count} pieces of output were destroyed before they could be saved]\n");
        self.put(Record { seq: to, time_ms, stream: Stream::Engine, bytes: text.as_bytes() })
    }

    /// Takes the numbers up to `to` without their bytes, which the caller has counted.
    pub fn skip(&mut self, to: u64, time_ms: i64) -> Result<(), LogError> {
        if to <= self.last_seq {
            return Ok(());
        }
        self.put(Record { seq: to, time_ms, stream: Stream::Engine, bytes: &[] })
    }

    fn put(&mut self, record: Record<'_>) -> Result<(), LogError> {
        if record.bytes.len() > MAX_RECORD {
            return Err(LogError::TooLarge { path: self.path.clone(), size: record.bytes.len() });
        }
        if self.waiting.len() + record.bytes.len() > MAX_WAITING || self.waiting_index.len() > MAX_WAITING {
            self.sync()?;
        }
        let length = u32::try_from(record.bytes.len()).unwrap_or(u32::MAX);
        let entry = Entry {
            seq: record.seq,
            offset: self.at.bytes,
            length,
            time_ms: record.time_ms,
            lines_before: self.at.lines,
            stream: record.stream,
        };
        self.waiting_index.extend_from_slice(&entry.encode());
        self.waiting.extend_from_slice(record.bytes);
        self.hash.update(record.bytes);
        self.at.bytes = entry.end();
        self.at.lines += line_ends(record.bytes);
        self.at.records += 1;
        self.last_seq = record.seq;
        Ok(())
    }

    /// Puts everything appended on disk, bytes first, then the index, and tells those who watch. After an error (a full
    /// disk) nothing is lost: the next call tries the same again.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.waiting_index.is_empty() {
            return Ok(());
        }
        let index_path = index_path(&self.path);
        if !self.waiting.is_empty() {
            let start = self.at.bytes - self.waiting.len() as u64;
            self.log.write_all_at(&self.waiting, start).map_err(LogError::io(&self.path, "append"))?;
            self.log.sync_data().map_err(LogError::io(&self.path, "sync it"))?;
        }
        let records = self.at.records - (self.waiting_index.len() / ENTRY_BYTES) as u64;
        let place = HEADER.len() as u64 + records * ENTRY_BYTES as u64;
        self.index.write_all_at(&self.waiting_index, place).map_err(LogError::io(&index_path, "append"))?;
        self.index.sync_data().map_err(LogError::io(&index_path, "sync it"))?;
        self.waiting.clear();
        self.waiting_index.clear();
        self.synced_seq = self.last_seq;
        self.mark.send_replace(self.at);
        Ok(())
    }

    /// The number of the last record appended; 0 when there is none.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The number of the last record that is on disk.
    pub fn synced_seq(&self) -> u64 {
        self.synced_seq
    }

    /// SHA-256 of all bytes appended, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        crate::audit::hex(&self.hash.clone().finalize())
    }

    /// Log and index, for closing them.
    pub(super) fn files(&self) -> (&File, &File) {
        (&self.log, &self.index)
    }

    /// Follows how far the log has come on disk.
    pub fn watch(&self) -> watch::Receiver<LogMark> {
        self.mark.subscribe()
    }

    /// Where the log lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the index against the log, stops at the first record that does not hold, and cuts both files there.
    fn recover(&mut self, index_path: &Path) -> Result<(), LogError> {
        let size = |file: &File, path: &Path| Ok(file.metadata().map_err(LogError::io(path, "look at it"))?.len());
        let (log_size, index_size) = (size(&self.log, &self.path)?, size(&self.index, index_path)?);
        if index_size < HEADER.len() as u64 {
            if log_size > 0 {
                return Err(LogError::Corrupt { path: self.path.clone(), reason: "its index is missing" });
            }
            self.index.write_all_at(HEADER, 0).map_err(LogError::io(index_path, "start it"))?;
            self.index.sync_data().map_err(LogError::io(index_path, "sync it"))?;
            return sync_directory(&self.path);
        }
        let mut entries = BufReader::new(&self.index);
        let mut bytes = BufReader::new(&self.log);
        let mut header = [0; HEADER.len()];
        entries.read_exact(&mut header).map_err(LogError::io(index_path, "read it"))?;
        if &header != HEADER {
            return Err(LogError::Corrupt { path: self.path.clone(), reason: "its index has an unknown layout" });
        }
        let mut raw = [0; ENTRY_BYTES];
        let mut piece = Vec::new();
        for _ in 0..(index_size - HEADER.len() as u64) / ENTRY_BYTES as u64 {
            entries.read_exact(&mut raw).map_err(LogError::io(index_path, "read it"))?;
            let Some(entry) = Entry::decode(&raw).filter(|entry| follows(entry, &self.at, self.last_seq)) else {
                break;
            };
            if entry.end() > log_size {
                break;
            }
            piece.resize(usize::try_from(entry.length).unwrap_or(0), 0);
            bytes.read_exact(&mut piece).map_err(LogError::io(&self.path, "read it"))?;
            self.hash.update(&piece);
            self.at.bytes = entry.end();
            self.at.lines += line_ends(&piece);
            self.at.records += 1;
            self.last_seq = entry.seq;
        }
        let index_end = HEADER.len() as u64 + self.at.records * ENTRY_BYTES as u64;
        if index_size != index_end {
            self.index.set_len(index_end).map_err(LogError::io(index_path, "cut it"))?;
            self.index.sync_data().map_err(LogError::io(index_path, "sync it"))?;
        }
        // What a crash had left unfinished.
        if log_size > self.at.bytes {
            self.log.set_len(self.at.bytes).map_err(LogError::io(&self.path, "cut it"))?;
            self.log.sync_data().map_err(LogError::io(&self.path, "sync it"))?;
        }
        self.synced_seq = self.last_seq;
        self.mark.send_replace(self.at);
        Ok(())
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        // Said aloud, since a program that another thread starts just now holds a copy of the descriptor until it has come
        // to its own code, and would keep the next writer out. Where it fails the lock goes with the last copy.
        drop(self.index.unlock());
        self.mark.send_modify(|mark| mark.closed = true);
    }
}

/// Whether an index record can come next.
fn follows(entry: &Entry, at: &LogMark, last_seq: u64) -> bool {
    let in_order = entry.seq == last_seq.saturating_add(1) || (entry.stream == Stream::Engine && entry.seq >= last_seq);
    in_order
        && entry.offset == at.bytes
        && entry.lines_before == at.lines
        && usize::try_from(entry.length).is_ok_and(|length| length <= MAX_RECORD)
}

/// Makes new names in the log's directory last.
pub(super) fn sync_directory(path: &Path) -> Result<(), LogError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(LogError::io(parent, "sync the directory"))
}
