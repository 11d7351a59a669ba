//! One record of the spool: a frame as on the wire, then HMAC-SHA256 over it. The program in the sandbox can write to the
//! spool too; since frames carry their number and the HMAC needs the secret, it can destroy records but not make, change or
//! reorder them unnoticed.

use crate::shim::secret::{SECRET_BYTES, Secret};
use crate::shim::wire::{self, Frame};

const PURPOSE: &[u8] = b"dogwatch spool\0";

/// A segment is closed once it has this many bytes.
pub(crate) const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// The most bytes of a segment: one record more than the closing size.
pub(crate) const MAX_SEGMENT: u64 = SEGMENT_BYTES + (wire::MAX_FRAME + 4 + SECRET_BYTES) as u64;
/// How many bytes the spool holds before the program has to wait.
pub(crate) const LIMIT: u64 = 256 * 1024 * 1024;
/// What a shim that was told to leave may put in beyond the limit: what still sits in two pipes, and the Exit.
pub(crate) const CLOSING_ROOM: u64 = 4 * 1024 * 1024;

/// Appends the record of an encoded frame.
pub(crate) fn seal(secret: &Secret, frame: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(frame);
    into.extend_from_slice(&secret.mac(PURPOSE, &[frame]));
}

/// The frame of the record at the start of some bytes and how many bytes the record takes, or `None` when there is no
/// whole and authentic record.
pub(crate) fn open(secret: &Secret, bytes: &[u8]) -> Option<(Frame, usize)> {
    // The HMAC is checked before the frame is read as anything but a length.
    let (head, _) = bytes.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*head)).ok().filter(|size| *size <= wire::MAX_FRAME)? + 4;
    let (frame, rest) = bytes.split_at_checked(size)?;
    let proof = rest.first_chunk::<SECRET_BYTES>()?;
    if !secret.proves(PURPOSE, &[frame], proof) {
        return None;
    }
    let (frame, _) = wire::first(frame).ok()??;
    Some((frame, size + SECRET_BYTES))
}

/// The name of a segment. `attempt` makes another name when something of that name is in the way.
pub(crate) fn segment_name(first: u64, attempt: u8) -> String {
    format!("{first:020}-{attempt:02}.seg")
}

/// Whether a name is that of a segment.
pub(crate) fn is_segment_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".seg") else { return false };
    let Some((first, attempt)) = stem.split_once('-') else { return false };
    first.len() == 20
        && attempt.len() == 2
        && [first, attempt].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}
