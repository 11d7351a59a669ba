//! One record of the index, forty bytes, little-endian: sequence u64, offset u64, time i64, lines before u64, length and
//! stream u32 (the stream in the top byte), checksum u32 (FNV-1a over the first 36 bytes).

use super::Stream;

/// Bytes of one record.
pub(super) const ENTRY_BYTES: usize = 40;
/// Starts every index; the digits are the version of the layout.
pub(super) const HEADER: &[u8; 16] = b"dogwatch idx 01\n";

/// What the index says of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence number. Remarks of the engine repeat the number before them.
    pub seq: u64,
    /// Where its bytes start in the log.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u32,
    /// Milliseconds since 1970 by the sender's clock.
    pub time_ms: i64,
    /// Line ends in the log before it.
    pub lines_before: u64,
    /// Where the bytes come from.
    pub stream: Stream,
}

impl Entry {
    /// Where its bytes end in the log.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }

    pub(super) fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let tail = (self.length & 0x00ff_ffff) | (u32::from(self.stream.code()) << 24);
        let fields = self
            .seq
            .to_le_bytes()
            .into_iter()
            .chain(self.offset.to_le_bytes())
            .chain(self.time_ms.to_le_bytes())
            .chain(self.lines_before.to_le_bytes())
            .chain(tail.to_le_bytes());
        for (place, byte) in bytes.iter_mut().zip(fields) {
            *place = byte;
        }
        let sum = checksum(&bytes).to_le_bytes();
        if let Some(place) = bytes.last_chunk_mut::<4>() {
            *place = sum;
        }
        bytes
    }

    /// `None` when the checksum or the stream is wrong.
    pub(super) fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        if bytes.last_chunk::<4>()? != &checksum(bytes).to_le_bytes() {
            return None;
        }
        let (seq, rest) = bytes.split_first_chunk::<8>()?;
        let (offset, rest) = rest.split_first_chunk::<8>()?;
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let (lines, rest) = rest.split_first_chunk::<8>()?;
        let tail = u32::from_le_bytes(*rest.first_chunk::<4>()?);
        Some(Self {
            seq: u64::from_le_bytes(*seq),
            offset: u64::from_le_bytes(*offset),
            length: tail & 0x00ff_ffff,
            time_ms: i64::from_le_bytes(*time),
            lines_before: u64::from_le_bytes(*lines),
            stream: Stream::from_code(u8::try_from(tail >> 24).ok()?)?,
        })
    }
}

fn checksum(bytes: &[u8; ENTRY_BYTES]) -> u32 {
    bytes
        .iter()
        .take(ENTRY_BYTES - 4)
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Line ends in a piece of log.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
