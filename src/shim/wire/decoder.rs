//! Turns bytes into frames, trusting none of them.

use super::{Exit, Fate, Frame, How, MAGIC, MAX_FRAME, MAX_REASON, Stream};

/// Why bytes are not a talk on the channel. Nothing after it can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A length of nothing, or beyond the cap.
    #[error("log channel: a frame of {0} bytes is outside 1 to {MAX_FRAME}")]
    Length(u32),
    /// A kind that this version does not have.
    #[error("log channel: no frame has kind {0}")]
    Kind(u8),
    /// A body that does not fit its kind.
    #[error("log channel: the body of a frame of kind {0} does not fit its layout")]
    Body(u8),
}

/// Takes bytes in pieces of any size and gives frames. Holds at most one frame and the last piece.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    failed: Option<WireError>,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes. Call [`Decoder::next_frame`] until it gives nothing before adding more, so that memory stays bounded.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or `None` when more bytes are needed. After an error, always that error.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, WireError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let waiting = self.buffer.get(self.start..).unwrap_or(&[]);
        match first(waiting) {
            Ok(Some((frame, size))) => {
                self.start += size;
                Ok(Some(frame))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn fail(&mut self, error: WireError) -> WireError {
        self.failed = Some(error.clone());
        self.buffer = Vec::new();
        self.start = 0;
        error
    }
}

/// The frame at the start of some bytes and how many of them it takes; `None` when it is not all there.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(Frame, usize)>, WireError> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*head);
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if size == 0 || size > MAX_FRAME {
        return Err(WireError::Length(length));
    }
    let Some(frame) = rest.get(..size) else { return Ok(None) };
    Ok(Some((decode(frame)?, size + 4)))
}

/// Reads one frame without its length.
fn decode(frame: &[u8]) -> Result<Frame, WireError> {
    let Some((&kind, body)) = frame.split_first() else { return Err(WireError::Length(0)) };
    let mut body = Body(body);
    let decoded = match kind {
        1 => body.hello(),
        2 => body.challenge(),
        3 => body.take().map(|proof| Frame::Proof { proof }),
        4 => body.output(),
        5 => body.u64().map(|seq| Frame::Ack { seq }),
        6 => body.exit(),
        7 => Some(Frame::Heartbeat),
        8 => body.take().map(|grace| Frame::Stop { grace_ms: u32::from_le_bytes(grace) }),
        9 => body.take().map(|number| Frame::Signal { number: i32::from_le_bytes(number) }),
        10 => body.lost(),
        11 => body.input(),
        12 => body.heard(),
        other => return Err(WireError::Kind(other)),
    };
    match decoded {
        Some(decoded) if body.0.is_empty() => Ok(decoded),
        _ => Err(WireError::Body(kind)),
    }
}

/// What is left of a body.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    fn hello(&mut self) -> Option<Frame> {
        let magic: [u8; 8] = self.take()?;
        let frame = Frame::Hello { newest: self.u16()?, oldest: self.u16()?, nonce: self.take()? };
        (&magic == MAGIC).then_some(frame)
    }

    fn challenge(&mut self) -> Option<Frame> {
        Some(Frame::Challenge { version: self.u16()?, nonce: self.take()?, proof: self.take()? })
    }

    fn output(&mut self) -> Option<Frame> {
        let (seq, time_ms) = (self.u64()?, self.i64()?);
        let [code] = self.take()?;
        let stream = Stream::from_code(code)?;
        let bytes = std::mem::take(&mut self.0);
        (bytes.len() <= super::MAX_OUTPUT).then(|| Frame::Output { seq, time_ms, stream, bytes: bytes.to_vec() })
    }

    fn exit(&mut self) -> Option<Frame> {
        let (seq, time_ms) = (self.u64()?, self.i64()?);
        let [stopped, how] = self.take()?;
        let value = self.i64()?;
        let reason = std::mem::take(&mut self.0);
        if stopped > 1 || reason.len() > MAX_REASON {
            return None;
        }
        let how = match (how, reason.is_empty()) {
            (1, true) => How::Exited { code: i32::try_from(value).ok()? },
            (2, true) => How::Signalled { signal: i32::try_from(value).ok()? },
            (3, _) if value == 0 => How::NotStarted { reason: std::str::from_utf8(reason).ok()?.to_owned() },
            (4, true) => How::TimedOut { seconds: u64::try_from(value).ok()? },
            _ => return None,
        };
        Some(Frame::Exit { seq, time_ms, exit: Exit { how, stopped: stopped == 1 } })
    }

    fn lost(&mut self) -> Option<Frame> {
        let (from, to, time_ms) = (self.u64()?, self.u64()?, self.i64()?);
        (from <= to).then_some(Frame::Lost { from, to, time_ms })
    }

    fn input(&mut self) -> Option<Frame> {
        let number = self.u64()?;
        let bytes = std::mem::take(&mut self.0);
        (bytes.len() <= super::MAX_INPUT).then(|| Frame::Input { number, bytes: bytes.to_vec() })
    }

    fn heard(&mut self) -> Option<Frame> {
        let (number, time_ms) = (self.u64()?, self.i64()?);
        let [code] = self.take()?;
        Some(Frame::Heard { number, time_ms, fate: Fate::from_code(code)? })
    }
}
