//! Closes the log of a step that is over: checks it against the digest that was recorded, compresses log and index beside
//! the originals, compares what came out, and only then removes those. Dying anywhere leaves one readable log, and doing it
//! again finishes it.

use super::packed::{Packed, pack};
use super::source::open_file;
use super::writer::sync_directory;
use super::{LogError, LogReader, LogWriter, index_path, packed_path};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How much is compared at once.
const PIECE: usize = 256 * 1024;

/// What became of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It is compressed.
    Kept {
        /// Its bytes.
        bytes: u64,
        /// What log and index take on disk.
        stored: u64,
    },
    /// It is not what was recorded, or cannot be read. Nothing was changed.
    Damaged {
        /// What log and index take on disk.
        stored: u64,
        /// Why.
        reason: String,
    },
    /// There is none: the step never started.
    Missing,
}

/// Closes the log at `path`. `digest` is what was recorded of it; empty where nothing was.
pub fn close(path: &Path, digest: &str) -> Result<Closed, LogError> {
    let index = index_path(path);
    let checked = if exists(&packed_path(path))? {
        verify(path, &index, digest)
    } else if exists(path)? {
        compress(path, &index, digest)
    } else {
        return Ok(Closed::Missing);
    };
    match checked {
        Ok(()) => {}
        Err(error @ (LogError::Corrupt { .. } | LogError::Damaged { .. } | LogError::Differs { .. })) => {
            let files = [path.to_owned(), packed_path(path), packed_path(&index), index];
            let stored = files.iter().map(|file| size(file)).sum::<Result<u64, LogError>>()?;
            return Ok(Closed::Damaged { stored, reason: error.to_string() });
        }
        Err(error) => return Err(error),
    }
    for path in [path, &index] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(LogError::io(path, "remove it")(error)),
            _ => {}
        }
    }
    sync_directory(path)?;
    let bytes = LogReader::open(path)?.end()?;
    Ok(Closed::Kept { bytes, stored: size(&packed_path(path))? + size(&packed_path(&index))? })
}

/// Whether compressed files that are there hold what was recorded, and what the originals hold that are still there. An
/// engine before this one made them, or somebody who wants the originals gone.
fn verify(path: &Path, index: &Path, digest: &str) -> Result<(), LogError> {
    for path in [path, index] {
        match open_file(path, OpenOptions::new().read(true)) {
            Ok(file) => same(path, &file, &Packed::open(&packed_path(path))?)?,
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    super::compare(path, digest, &LogReader::open(path)?.digest()?)
}

/// Puts the compressed files beside the originals, the index first: where the compressed log is, all is.
fn compress(path: &Path, index: &Path, digest: &str) -> Result<(), LogError> {
    // The writer cuts off what a crash left, and keeps every other one out.
    let writer = LogWriter::open(path)?;
    super::compare(path, digest, &writer.digest())?;
    let (log_file, index_file) = writer.files();
    for (path, file) in [(index, index_file), (path, log_file)] {
        let fresh = fresh_path(path);
        let made = write(path, file, &fresh).and_then(|()| same(path, file, &Packed::open(&fresh)?));
        if let Err(error) = made {
            // What came of it on a full disk is only in the way; a later try begins anew in any case.
            drop(std::fs::remove_file(&fresh));
            return Err(error);
        }
        std::fs::rename(&fresh, packed_path(path)).map_err(LogError::io(&fresh, "give it its name"))?;
        sync_directory(path)?;
    }
    Ok(())
}

fn write(path: &Path, from: &File, to: &Path) -> Result<(), LogError> {
    let size = from.metadata().map_err(LogError::io(path, "look at it"))?.len();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let put = || {
        // What an earlier try left may be anything by now.
        match std::fs::remove_file(to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = BufWriter::new(options.open(to)?);
        pack(from, size, &mut file)?;
        file.flush()?;
        file.get_ref().sync_all()
    };
    put().map_err(LogError::io(to, "compress into it"))
}

/// Whether a compressed file holds the same bytes.
fn same(path: &Path, original: &File, packed: &Packed) -> Result<(), LogError> {
    let unlike = || packed.damaged("it does not hold what was put into it");
    let size = original.metadata().map_err(LogError::io(path, "look at it"))?.len();
    if packed.size() != size {
        return Err(unlike());
    }
    let (mut first, mut second) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    while at < size {
        let count = usize::try_from(size - at).unwrap_or(PIECE).min(PIECE);
        let (first, second) = (first.get_mut(..count).unwrap_or_default(), second.get_mut(..count).unwrap_or_default());
        original.read_exact_at(first, at).map_err(LogError::io(path, "read it"))?;
        packed.read_exact_at(second, at)?;
        if first != second {
            return Err(unlike());
        }
        at += count as u64;
    }
    Ok(())
}

/// The name of a compressed file that is not complete yet.
pub(super) fn fresh_path(path: &Path) -> PathBuf {
    let mut name = packed_path(path).into_os_string();
    name.push(".new");
    name.into()
}

fn exists(path: &Path) -> Result<bool, LogError> {
    path.try_exists().map_err(LogError::io(path, "look at it"))
}

fn size(path: &Path) -> Result<u64, LogError> {
    match std::fs::metadata(path) {
        Ok(seen) => Ok(seen.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(LogError::io(path, "look at it")(error)),
    }
}
