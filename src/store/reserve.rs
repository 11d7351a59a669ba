//! Space that is kept back in a file, so that state and audit can still be written when the disk is full.
//!
//! No new step begins unless as much space is free beside the reserve as the reserve has itself. So what fills the disk is not
//! a step that began on a full one, and the reserve is there for what has to be said of those at work. It is given piece by
//! piece, each just before something is written, and taken back once there is room for it and for new steps.

use super::files;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const MIB: u64 = 1 << 20;
/// The reserve is given in so many pieces, of at least a MiB.
const PIECES: u64 = 16;

/// New steps begin where so many files can still be made: a disk can be full of small ones.
const FILES: u64 = 10_000;

/// How much space there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free for this user.
    pub free: u64,
    /// Files that can still be made.
    pub files: u64,
    /// Bytes that the reserve has.
    pub held: u64,
    /// Bytes that it shall have.
    pub size: u64,
}

impl Room {
    /// Looks at the disk and at the reserve at `path`, which need not be there, and changes nothing.
    pub fn of(path: &Path, size: u64) -> io::Result<Self> {
        // What a file system without blocks of its own says of free ones means nothing.
        let seen = statvfs(files::directory_of(path))?;
        let free = if seen.f_blocks == 0 { u64::MAX } else { seen.f_bavail.saturating_mul(seen.f_frsize) };
        // Some file systems make as many as there is room for, and say none.
        let files = if seen.f_files == 0 { u64::MAX } else { seen.f_favail };
        let held = match std::fs::symlink_metadata(path) {
            Ok(meta) => meta.len().min(meta.blocks().saturating_mul(512)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { free, files, held, size })
    }

    /// Whether there is room for the reserve and as much again, in bytes.
    fn is_enough(&self) -> bool {
        self.free.saturating_add(self.held) >= self.size.saturating_mul(2)
    }

    /// Why no new step may begin, if so.
    pub fn shortage(&self) -> Option<String> {
        if self.size > 0 && self.files < FILES {
            return Some(format!(
                "the disk is full of files: {} more can be made, new steps begin from {FILES}: remove some",
                self.files
            ));
        }
        if self.is_enough() {
            return None;
        }
        let spare = self.free.saturating_add(self.held).saturating_sub(self.size) / MIB;
        let (held, size) = (self.held.min(self.size) / MIB, self.size / MIB);
        Some(format!(
            "the disk is full: {spare} MiB are free beside the reserve, new steps begin from {size} MiB ({held} of {size} MiB \
             of the reserve are left for the records of the engine): free some space"
        ))
    }
}

/// The reserve of one store.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    size: u64,
    /// Held while the file is changed.
    changing: Mutex<()>,
}

impl Reserve {
    /// The reserve at `path`. One of no size is removed.
    pub(super) fn new(path: &Path, size: u64) -> io::Result<Option<Self>> {
        if size == 0 {
            return match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(None),
            };
        }
        Ok(Some(Self { path: path.to_owned(), size, changing: Mutex::default() }))
    }

    /// How much room there is. What was given is taken back where there is enough, and what is too much is given.
    pub(super) fn look(&self) -> io::Result<Room> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let room = Room::of(&self.path, self.size)?;
        if room.held > self.size {
            files::private_file(&self.path)?.set_len(self.size)?;
        } else if room.held < self.size && room.is_enough() {
            self.take(room.held)?;
        } else {
            return Ok(room);
        }
        Room::of(&self.path, self.size)
    }

    fn take(&self, held: u64) -> io::Result<()> {
        let mut file = files::private_file(&self.path)?;
        let taken = match fallocate(&file, FallocateFlags::empty(), 0, self.size) {
            Err(Errno::OPNOTSUPP) => fill(&mut file, held, self.size),
            result => Ok(result?),
        };
        if taken.is_err() {
            file.set_len(held)?;
        }
        taken
    }

    /// Gives a piece where less than that is free, or in any case where the disk has just been found full.
    pub(super) fn give(&self, found_full: bool) {
        if let Err(error) = self.try_give(found_full) {
            tracing::error!(%error, path = %self.path.display(), "nothing of the reserve can be given");
        }
    }

    fn try_give(&self, found_full: bool) -> io::Result<()> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let room = Room::of(&self.path, self.size)?;
        let piece = (self.size / PIECES).max(MIB);
        if room.held == 0 || (room.free >= piece && !found_full) {
            return Ok(());
        }
        let left = room.held.saturating_sub(piece);
        tracing::warn!(left, "the disk is full: a piece of the reserve is given for state and audit");
        files::private_file(&self.path)?.set_len(left)
    }
}

/// Fills a file where the file system cannot set space aside.
fn fill(file: &mut File, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; 1 << 16];
    file.seek(SeekFrom::Start(from))?;
    let mut left = to.saturating_sub(from);
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(zeros.get(..count).unwrap_or_default())?;
        left -= count as u64;
    }
    file.sync_data()
}
