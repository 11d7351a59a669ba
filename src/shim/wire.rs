//! What shim and engine say to each other on the log channel, and what lies in the spool.
//!
//! A frame is a length (u32: how many bytes follow), a kind (u8) and a body. Numbers are little-endian.
//!
//! | kind | name | from | body |
//! | --- | --- | --- | --- |
//! | 1 | Hello | shim | `dogwatch` (8 bytes), newest version u16, oldest version u16, nonce 32 |
//! | 2 | Challenge | engine | chosen version u16, nonce 32, proof 32 |
//! | 3 | Proof | shim | proof 32 |
//! | 4 | Output | shim | sequence u64, time i64, stream u8, up to 64 KiB of bytes |
//! | 5 | Ack | engine | sequence u64 |
//! | 6 | Exit | shim | sequence u64, time i64, stopped u8, how u8, value i64, reason (UTF-8, up to 4 KiB) |
//! | 7 | Heartbeat | shim | nothing |
//! | 8 | Stop | engine | grace in milliseconds u32 |
//! | 9 | Signal | engine | number i32 |
//! | 10 | Lost | shim | first sequence u64, last sequence u64, time i64 |
//! | 11 | Input | engine | number u64, up to 64 KiB of bytes; since version 2 |
//! | 12 | Heard | shim | number u64, time i64, fate u8; since version 2 |
//!
//! A talk is Hello, Challenge, Proof, Ack (how far the engine's disk has come), then Output, Lost, Exit, Heartbeat and Heard
//! one way and Ack, Stop, Signal and Input the other way. Output, Lost and Exit share one sequence that starts at 1 and has no
//! gap. Each Input is for the program's standard input and has a number of its own: the shim writes each number at most once,
//! however often and by however many engines it is sent, and answers each with what became of it once that is certain.
//! Each side takes version N and N-1.

use super::secret::SECRET_BYTES;

mod decoder;
pub(crate) use decoder::first;
pub use decoder::{Decoder, WireError};

/// The newest version of the channel that this program speaks.
pub const VERSION: u16 = 2;
/// The oldest version that it still takes.
pub const OLDEST: u16 = 1;
/// The most bytes of output in one frame.
pub const MAX_OUTPUT: usize = 64 * 1024;
/// The most bytes of input in one frame.
pub const MAX_INPUT: usize = 64 * 1024;
/// The first version that has input.
pub const INPUT_SINCE: u16 = 2;
/// The most bytes of a reason.
pub const MAX_REASON: usize = 4096;
/// The most bytes of a frame after its length.
pub const MAX_FRAME: usize = MAX_OUTPUT + 64;
/// Starts every Hello.
const MAGIC: &[u8; 8] = b"dogwatch";

/// Where bytes of a log come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The program's standard output.
    Stdout,
    /// The program's standard error.
    Stderr,
    /// Remarks of the engine or the shim.
    Engine,
}

impl Stream {
    /// The stored number.
    pub fn code(self) -> u8 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Engine => 3,
        }
    }

    /// The stream with that stored number.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            3 => Some(Self::Engine),
            _ => None,
        }
    }
}

/// How the program under a shim ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// It exited by itself.
    Exited {
        /// Its code.
        code: i32,
    },
    /// A signal ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It could not be started.
    NotStarted {
        /// Why, in words.
        reason: String,
    },
    /// The shim ended it at the step's time limit.
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },
}

/// The last thing a shim says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exit {
    /// How the program ended.
    pub how: How,
    /// Whether the shim had been told to stop it (by the engine or by SIGTERM or SIGINT) before it ended.
    pub stopped: bool,
}

/// What became of a piece of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// All of it was written to the program's standard input.
    Written,
    /// None of it was, and none of it will be: the program takes no more.
    Refused,
    /// The program's standard input was closed when a part of it was written.
    Cut,
}

impl Fate {
    fn code(self) -> u8 {
        match self {
            Self::Written => 1,
            Self::Refused => 2,
            Self::Cut => 3,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Written, Self::Refused, Self::Cut].into_iter().find(|fate| fate.code() == code)
    }
}

/// One thing said on the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table at the head of this file says what every field is")]
pub enum Frame {
    Hello { newest: u16, oldest: u16, nonce: [u8; SECRET_BYTES] },
    Challenge { version: u16, nonce: [u8; SECRET_BYTES], proof: [u8; SECRET_BYTES] },
    Proof { proof: [u8; SECRET_BYTES] },
    Output { seq: u64, time_ms: i64, stream: Stream, bytes: Vec<u8> },
    Ack { seq: u64 },
    Exit { seq: u64, time_ms: i64, exit: Exit },
    Heartbeat,
    Stop { grace_ms: u32 },
    Signal { number: i32 },
    Lost { from: u64, to: u64, time_ms: i64 },
    Input { number: u64, bytes: Vec<u8> },
    Heard { number: u64, time_ms: i64, fate: Fate },
}

impl Frame {
    /// The bytes of this frame. Output, input and reasons beyond their caps are cut, which no caller in this program does.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(match self {
            Self::Output { bytes, .. } | Self::Input { bytes, .. } => bytes.len() + 24,
            _ => 96,
        });
        body.extend_from_slice(&[0; 4]);
        match self {
            Self::Hello { newest, oldest, nonce } => {
                body.push(1);
                body.extend_from_slice(MAGIC);
                body.extend_from_slice(&newest.to_le_bytes());
                body.extend_from_slice(&oldest.to_le_bytes());
                body.extend_from_slice(nonce);
            }
            Self::Challenge { version, nonce, proof } => {
                body.push(2);
                body.extend_from_slice(&version.to_le_bytes());
                body.extend_from_slice(nonce);
                body.extend_from_slice(proof);
            }
            Self::Proof { proof } => {
                body.push(3);
                body.extend_from_slice(proof);
            }
            Self::Output { seq, time_ms, stream, bytes } => {
                body.push(4);
                body.extend_from_slice(&seq.to_le_bytes());
                body.extend_from_slice(&time_ms.to_le_bytes());
                body.push(stream.code());
                body.extend_from_slice(bytes.get(..MAX_OUTPUT).unwrap_or(bytes));
            }
            Self::Ack { seq } => {
                body.push(5);
                body.extend_from_slice(&seq.to_le_bytes());
            }
            Self::Exit { seq, time_ms, exit } => {
                body.push(6);
                body.extend_from_slice(&seq.to_le_bytes());
                body.extend_from_slice(&time_ms.to_le_bytes());
                exit.encode(&mut body);
            }
            Self::Heartbeat => body.push(7),
            Self::Stop { grace_ms } => {
                body.push(8);
                body.extend_from_slice(&grace_ms.to_le_bytes());
            }
            Self::Signal { number } => {
                body.push(9);
                body.extend_from_slice(&number.to_le_bytes());
            }
            Self::Lost { from, to, time_ms } => {
                body.push(10);
                body.extend_from_slice(&from.to_le_bytes());
                body.extend_from_slice(&to.to_le_bytes());
                body.extend_from_slice(&time_ms.to_le_bytes());
            }
            Self::Input { number, bytes } => {
                body.push(11);
                body.extend_from_slice(&number.to_le_bytes());
                body.extend_from_slice(bytes.get(..MAX_INPUT).unwrap_or(bytes));
            }
            Self::Heard { number, time_ms, fate } => {
                body.push(12);
                body.extend_from_slice(&number.to_le_bytes());
                body.extend_from_slice(&time_ms.to_le_bytes());
                body.push(fate.code());
            }
        }
        let length = u32::try_from(body.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(head) = body.get_mut(..4) {
            head.copy_from_slice(&length.to_le_bytes());
        }
        body
    }

    /// The last number of the common sequence that this frame takes, if it takes any.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Output { seq, .. } | Self::Exit { seq, .. } => Some(*seq),
            Self::Lost { to, .. } => Some(*to),
            _ => None,
        }
    }
}

impl Exit {
    fn encode(&self, body: &mut Vec<u8>) {
        let (how, value, reason) = match &self.how {
            How::Exited { code } => (1, i64::from(*code), ""),
            How::Signalled { signal } => (2, i64::from(*signal), ""),
            How::NotStarted { reason } => (3, 0, crop(reason)),
            How::TimedOut { seconds } => (4, i64::try_from(*seconds).unwrap_or(i64::MAX), ""),
        };
        body.push(u8::from(self.stopped));
        body.push(how);
        body.extend_from_slice(&value.to_le_bytes());
        body.extend_from_slice(reason.as_bytes());
    }
}

/// The start of a text that fits into [`MAX_REASON`] bytes.
fn crop(text: &str) -> &str {
    let mut end = text.len().min(MAX_REASON);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// The version for a talk with a shim that offers `oldest..=newest`, or `None` when there is none in common.
pub fn negotiate(newest: u16, oldest: u16) -> Option<u16> {
    let version = newest.min(VERSION);
    (oldest <= newest && version >= oldest && version >= OLDEST).then_some(version)
}

#[cfg(test)]
mod tests;
