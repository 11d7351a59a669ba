//! The streaming parser: bytes in any pieces to lines.

use super::builder::Builder;
use super::line::StyledLine;
use super::sequence::{Sequence, Step};
use super::sgr;
use crate::text::style::Style;

/// Turns the output of one program, from its first byte on, into lines. Memory is bounded whatever comes.
#[derive(Debug)]
pub struct LogParser {
    builder: Builder,
    style: Style,
    /// An escape sequence that is not complete.
    sequence: Option<Sequence>,
    /// The first bytes of a character that is not complete; at most three.
    partial: Vec<u8>,
}

impl Default for LogParser {
    fn default() -> Self {
        Self::new()
    }
}

impl LogParser {
    /// A parser at the start of a line, in the plain style.
    pub fn new() -> Self {
        Self { builder: Builder::new(), style: Style::PLAIN, sequence: None, partial: vec![] }
    }

    /// Takes some bytes and hands each line that ends in them to `sink`.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(StyledLine)) {
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            if self.sequence.is_some() {
                self.in_sequence(byte, sink);
                rest = tail;
            } else if !self.partial.is_empty() {
                self.in_character(byte, sink);
                rest = tail;
            } else if matches!(byte, 0x20..=0x7e) {
                let end = rest.iter().position(|b| !matches!(b, 0x20..=0x7e)).unwrap_or(rest.len());
                let (run, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                // The run is ASCII, so there is nothing to lose here.
                self.builder.ascii(std::str::from_utf8(run).unwrap_or_default(), self.style, sink);
                rest = tail;
            } else if byte < 0x80 {
                self.control(byte, sink);
                rest = tail;
            } else {
                let end = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
                let (run, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                self.beyond_ascii(run, tail.is_empty(), sink);
                rest = tail;
            }
        }
    }

    /// Ends the stream: shows what was left unfinished, and hands over the last line if it had no newline.
    pub fn finish(&mut self, sink: &mut impl FnMut(StyledLine)) {
        if let Some(sequence) = &mut self.sequence {
            sequence.end_of_stream();
        }
        self.end_sequence(sink);
        self.end_character(sink);
        self.builder.finish(sink);
    }

    /// The line that has not ended yet, as it looks now; nothing where it is empty.
    pub fn pending(&self) -> Option<StyledLine> {
        self.builder.pending()
    }

    /// Bytes of 0x80 and above; `last` says that the piece ends with them, so that a character may go on in the next.
    fn beyond_ascii(&mut self, run: &[u8], last: bool, sink: &mut impl FnMut(StyledLine)) {
        let mut chunks = run.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for c in chunk.valid().chars() {
                self.builder.char(c, self.style, sink);
            }
            let broken = chunk.invalid();
            if last && chunks.peek().is_none() && is_start(broken) {
                self.partial.extend_from_slice(broken);
            } else {
                self.bytes(broken, sink);
            }
        }
    }

    /// The next byte after the start of a character.
    fn in_character(&mut self, byte: u8, sink: &mut impl FnMut(StyledLine)) {
        if !matches!(byte, 0x80..=0xbf) {
            self.end_character(sink);
            self.push(&[byte], sink);
            return;
        }
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                for c in text.chars() {
                    self.builder.char(c, self.style, sink);
                }
                self.partial.clear();
            }
            Err(error) if error.error_len().is_none() => {}
            // None of them can begin a character, since all after the first are continuation bytes.
            Err(_) => self.end_character(sink),
        }
    }

    /// Shows the bytes of a character that will not be completed.
    fn end_character(&mut self, sink: &mut impl FnMut(StyledLine)) {
        let partial = std::mem::take(&mut self.partial);
        self.bytes(&partial, sink);
    }

    /// Shows bytes that are no characters.
    fn bytes(&mut self, bytes: &[u8], sink: &mut impl FnMut(StyledLine)) {
        for byte in bytes {
            let mut mark = *b"\\x00";
            for (slot, digit) in mark.iter_mut().skip(2).zip([byte >> 4, byte & 15]) {
                *slot = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            }
            // These four are ASCII, so there is nothing to lose here.
            self.builder.mark(std::str::from_utf8(&mark).unwrap_or_default(), sink);
        }
    }

    fn control(&mut self, byte: u8, sink: &mut impl FnMut(StyledLine)) {
        match byte {
            b'\n' => self.builder.newline(sink),
            b'\r' => self.builder.carriage_return(),
            b'\t' => self.builder.tab(self.style, sink),
            0x08 => self.builder.backspace(sink),
            0x1b => self.sequence = Some(Sequence::new()),
            _ => {
                // The pictures of control characters stand in their order, and the one of DEL behind them.
                let picture =
                    if byte == 0x7f { '\u{2421}' } else { char::from_u32(0x2400 + u32::from(byte)).unwrap_or('?') };
                self.builder.mark(picture.encode_utf8(&mut [0; 4]), sink);
            }
        }
    }

    fn in_sequence(&mut self, byte: u8, sink: &mut impl FnMut(StyledLine)) {
        let Some(sequence) = &mut self.sequence else { return };
        match sequence.step(byte) {
            Step::More => {}
            Step::Done => self.end_sequence(sink),
            Step::Broken => {
                self.end_sequence(sink);
                self.push(&[byte], sink);
            }
            Step::BrokenByEscape => {
                self.end_sequence(sink);
                self.sequence = Some(Sequence::new());
                self.in_sequence(byte, sink);
            }
        }
    }

    /// Keeps the style of an SGR sequence and shows any other.
    fn end_sequence(&mut self, sink: &mut impl FnMut(StyledLine)) {
        let Some(sequence) = self.sequence.take() else { return };
        let kept = sequence.sgr().is_some_and(|parameters| sgr::apply(&mut self.style, parameters));
        match sequence.erases() {
            _ if kept => {}
            Some(whole) => self.builder.erase(&sequence.mark(), whole, sink),
            None => self.builder.mark(&sequence.mark(), sink),
        }
    }
}

/// Whether bytes that are no character may be the start of one.
fn is_start(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
