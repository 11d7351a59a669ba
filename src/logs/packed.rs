//! A closed file in compressed form that is still read from anywhere: zstd frames of 256 KiB each, one independent of the
//! other, and behind them the table of their sizes in a frame that decompressors pass over (the "seekable format" of zstd).
//! `zstd -d` gives the exact bytes back. What is read here is bounded by what the file has, however damaged it is.

use super::LogError;
use super::source::open_file;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, compress_bound};

/// Bytes of a frame before compression; the last one may have fewer.
const FRAME: usize = 256 * 1024;
/// How hard to try: zstd's own default.
const LEVEL: i32 = 3;
/// Starts the frame that holds the table, and is passed over by decompressors.
const TABLE_START: u32 = 0x184D_2A5E;
/// Ends every file.
const TABLE_END: u32 = 0x8F92_EAB1;
/// Bytes of the table's start (its mark and its length), of one entry, and of its end (how many, a byte of flags, the mark).
const START_BYTES: u64 = 8;
const ENTRY_BYTES: u64 = 8;
const END_BYTES: usize = 9;
/// The most bytes of a table that are read; enough for two tebibytes of output.
const TABLE_MOST: u64 = 64 * 1024 * 1024;

/// Compresses the first `size` bytes of `from` into `to`, and gives the number of bytes that came out.
pub(super) fn pack(from: &File, size: u64, to: &mut impl Write) -> std::io::Result<u64> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    let mut table = Vec::new();
    let mut raw = vec![0; FRAME];
    let (mut at, mut written) = (0, 0);
    while at < size {
        let count = usize::try_from(size - at).unwrap_or(FRAME).min(FRAME);
        let piece = raw.get_mut(..count).unwrap_or_default();
        from.read_exact_at(piece, at)?;
        let frame = compressor.compress(piece)?;
        to.write_all(&frame)?;
        for length in [frame.len(), count] {
            table.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
        at += count as u64;
        written += frame.len() as u64;
    }
    let frames = u32::try_from(table.len() as u64 / ENTRY_BYTES).map_err(std::io::Error::other)?;
    let length = u32::try_from(table.len() + END_BYTES).map_err(std::io::Error::other)?;
    let mut end = [TABLE_START.to_le_bytes(), length.to_le_bytes()].concat();
    end.append(&mut table);
    end.extend(frames.to_le_bytes());
    end.push(0);
    end.extend(TABLE_END.to_le_bytes());
    to.write_all(&end)?;
    Ok(written + end.len() as u64)
}

/// A compressed file that is read from anywhere. The frame that was read last is kept.
#[derive(Debug)]
pub(super) struct Packed {
    path: PathBuf,
    file: File,
    /// Where each frame starts, and where the last one ends.
    starts: Vec<u64>,
    size: u64,
    last: Mutex<Option<(usize, Vec<u8>)>>,
}

impl Packed {
    /// Opens the file at `path` and reads its table.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let file = open_file(path, OpenOptions::new().read(true))?;
        let read = |place: u64, bytes: &mut [u8]| {
            file.read_exact_at(bytes, place).map_err(LogError::io(path, "read its table"))
        };
        let damaged = |reason| LogError::Damaged { path: path.to_owned(), reason };
        let length = file.metadata().map_err(LogError::io(path, "look at it"))?.len();
        let mut end = [0; END_BYTES];
        let end_at = length.checked_sub(END_BYTES as u64).ok_or_else(|| damaged("it is too short"))?;
        read(end_at, &mut end)?;
        let (frames, rest) = split_u32(&end).ok_or_else(|| damaged("it is too short"))?;
        if rest.first() != Some(&0) || rest.get(1..) != Some(&TABLE_END.to_le_bytes()) {
            return Err(damaged("its table is cut off"));
        }
        let table_bytes = u64::from(frames) * ENTRY_BYTES;
        let table_at = end_at.checked_sub(table_bytes + START_BYTES).ok_or_else(|| damaged("its table is damaged"))?;
        // A file may state whatever it likes and be long without taking any room.
        let mut start = [0; 4];
        read(table_at, &mut start)?;
        if table_bytes > TABLE_MOST || start != TABLE_START.to_le_bytes() {
            return Err(damaged("its table is damaged"));
        }
        let mut table = vec![0; usize::try_from(START_BYTES + table_bytes).unwrap_or(0)];
        read(table_at, &mut table)?;
        let (starts, size) = parse(&table, table_at).ok_or_else(|| damaged("its table is damaged"))?;
        Ok(Self { path: path.to_owned(), file, starts, size, last: Mutex::default() })
    }

    /// How many bytes it holds, before compression.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `bytes` from a place on, or fails.
    pub fn read_exact_at(&self, mut bytes: &mut [u8], mut offset: u64) -> Result<(), LogError> {
        while !bytes.is_empty() {
            if offset >= self.size {
                return Err(self.damaged("it ends too early"));
            }
            let number = usize::try_from(offset / FRAME as u64).unwrap_or(usize::MAX);
            let inside = usize::try_from(offset % FRAME as u64).unwrap_or(0);
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let frame = match last.take() {
                Some((kept, frame)) if kept == number => frame,
                _ => self.frame(number)?,
            };
            let (_, frame) = last.insert((number, frame));
            let found = frame.get(inside..).unwrap_or_default();
            let count = found.len().min(bytes.len());
            let (filled, rest) = bytes.split_at_mut(count);
            filled.copy_from_slice(found.get(..count).unwrap_or_default());
            bytes = rest;
            offset += count as u64;
        }
        Ok(())
    }

    /// A frame, decompressed and checked against the checksum in it.
    fn frame(&self, number: usize) -> Result<Vec<u8>, LogError> {
        let damaged = || self.damaged("one of its frames is damaged");
        let (Some(from), Some(to)) = (self.starts.get(number), self.starts.get(number + 1)) else {
            return Err(damaged());
        };
        let mut packed = vec![0; usize::try_from(to - from).unwrap_or(0)];
        self.file.read_exact_at(&mut packed, *from).map_err(LogError::io(&self.path, "read it"))?;
        let size = self.size - number as u64 * FRAME as u64;
        let mut raw = vec![0; usize::try_from(size).unwrap_or(FRAME).min(FRAME)];
        let count = Decompressor::new()
            .and_then(|mut decompressor| decompressor.decompress_to_buffer(&packed, raw.as_mut_slice()))
            .map_err(|_| damaged())?;
        if count == raw.len() { Ok(raw) } else { Err(damaged()) }
    }

    /// That it is not what was written, and why.
    pub(super) fn damaged(&self, reason: &'static str) -> LogError {
        LogError::Damaged { path: self.path.clone(), reason }
    }
}

/// Where the frames start, and how many bytes they hold; `None` unless everything fits together.
fn parse(table: &[u8], table_at: u64) -> Option<(Vec<u64>, u64)> {
    let (start, rest) = split_u32(table)?;
    let (length, mut rest) = split_u32(rest)?;
    if start != TABLE_START || u64::from(length) != (rest.len() + END_BYTES) as u64 {
        return None;
    }
    let most = u32::try_from(compress_bound(FRAME)).ok()?;
    let (mut at, mut size) = (0, 0);
    let mut starts = vec![0];
    while !rest.is_empty() {
        let (packed, after) = split_u32(rest)?;
        let (raw, after) = split_u32(after)?;
        rest = after;
        let fits =
            if rest.is_empty() { (1..=FRAME).contains(&usize::try_from(raw).ok()?) } else { raw as usize == FRAME };
        if !fits || packed > most {
            return None;
        }
        at += u64::from(packed);
        size += u64::from(raw);
        starts.push(at);
    }
    (at == table_at).then_some((starts, size))
}

fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}
