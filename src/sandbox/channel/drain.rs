//! Reads what a shim left in its spool after its container is gone. The program could write there too, so nothing is
//! believed without its HMAC, no link is followed, and everything is bounded.

use super::intake::Intake;
use super::{ChannelError, Exit, Secret};
use crate::shim::spool::record::{CLOSING_ROOM, LIMIT, MAX_SEGMENT, is_segment_name, open};
use crate::shim::wire::Frame;
use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, openat};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

/// The most directory entries that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// What a spool held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// How the program ended, if the shim could still say it (here or earlier).
    pub exit: Option<Exit>,
    /// Whether something in the spool was not as the shim wrote it, or records are missing in the middle. Bytes that
    /// nobody could have noticed to be missing (the end, cut off cleanly) show as an absent `exit` only.
    pub damaged: bool,
    /// Frames that were new.
    pub taken: u64,
}

/// Takes what the spool holds into the log.
pub(super) fn drain(intake: &Intake, spool: &Path, secret: &Secret) -> Result<Drained, ChannelError> {
    let mut damaged = intake.damaged();
    let mut taken = 0;
    if let Some((directory, names, clean)) = segments(spool) {
        damaged |= !clean;
        let mut room = LIMIT + CLOSING_ROOM + MAX_SEGMENT;
        for name in names {
            let Some(bytes) = read_segment(&directory, &name, &mut room) else {
                damaged = true;
                continue;
            };
            let mut rest = bytes.as_slice();
            let mut frames = Vec::new();
            while !rest.is_empty() {
                let Some((frame, size)) = open(secret, rest) else {
                    damaged = true;
                    break;
                };
                frames.push(frame);
                rest = rest.get(size..).unwrap_or(&[]);
            }
            for frame in frames {
                damaged |= take(intake, frame, &mut taken)?;
            }
            intake.take(Vec::new())?;
        }
    } else {
        damaged = true;
    }
    if damaged {
        intake.save_damage()?;
    }
    Ok(Drained { exit: intake.exit(), damaged, taken })
}

/// Takes one frame; returns whether something before it is missing.
fn take(intake: &Intake, frame: Frame, taken: &mut u64) -> Result<bool, ChannelError> {
    let (Some(seq), Some(from)) = (frame.seq(), first_seq(&frame)) else { return Ok(false) };
    let last = intake.last_seq();
    if seq <= last || intake.exit().is_some() {
        return Ok(false);
    }
    let gap = from > last.saturating_add(1);
    if gap {
        let time_ms = match &frame {
            Frame::Output { time_ms, .. } | Frame::Exit { time_ms, .. } | Frame::Lost { time_ms, .. } => *time_ms,
            _ => 0,
        };
        intake.with_log(|log| log.lost(from - 1, time_ms)).map_err(super::intake::failed)?;
    }
    *taken += 1;
    let destroyed = matches!(frame, Frame::Lost { .. });
    intake.take_unsettled(frame)?;
    Ok(gap || destroyed)
}

fn first_seq(frame: &Frame) -> Option<u64> {
    match frame {
        Frame::Lost { from, .. } => Some(*from),
        other => other.seq(),
    }
}

/// The segments in order, and whether that is all there was to see; `None` when the directory cannot be read.
fn segments(spool: &Path) -> Option<(OwnedFd, Vec<String>, bool)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::open(spool, flags, Mode::empty()).ok()?;
    let mut names = Vec::new();
    let mut clean = true;
    for (count, entry) in Dir::read_from(&directory).ok()?.enumerate() {
        let Ok(entry) = entry else {
            clean = false;
            break;
        };
        if count >= MAX_ENTRIES {
            clean = false;
            break;
        }
        if let Ok(name) = entry.file_name().to_str()
            && is_segment_name(name)
        {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Some((directory, names, clean))
}

/// The bytes of a segment; `None` when it is no ordinary file or beyond the caps.
fn read_segment(directory: &OwnedFd, name: &str, room: &mut u64) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::empty()).ok()?;
    let stat = fstat(&file).ok()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut bytes = Vec::new();
    let limit = MAX_SEGMENT.min(*room);
    File::from(file).take(limit + 1).read_to_end(&mut bytes).ok()?;
    let size = bytes.len() as u64;
    *room = room.saturating_sub(size);
    (size <= limit).then_some(bytes)
}
