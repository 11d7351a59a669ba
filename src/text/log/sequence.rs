//! Collects one escape sequence: from the escape character to its end, whatever it is, keeping a bounded part.

use super::MAX_SEQUENCE;
use super::line::write_hidden;
use crate::text::chars::{LogClass, log_class};
use std::fmt::Write as _;

/// Where in a sequence we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// After the escape character.
    Escape,
    /// After intermediate bytes of a short sequence.
    Intermediate,
    /// Inside a control sequence (`ESC [`).
    Control,
    /// Inside a string (OSC, DCS, SOS, PM, APC); only OSC may end with a bell.
    Text { bell: bool },
    /// After an escape character inside a string.
    TextEscape { bell: bool },
}

/// What a byte did to the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It belongs to it and more is to come.
    More,
    /// It was the last one.
    Done,
    /// The sequence was broken off; the byte does not belong to it.
    Broken,
    /// A string was broken off by an escape character, which begins a sequence of its own; the byte is its second.
    BrokenByEscape,
}

/// A sequence in the making.
#[derive(Debug)]
pub(super) struct Sequence {
    part: Part,
    /// What came after the escape character.
    kept: Vec<u8>,
    /// Bytes that came but were not kept.
    more: u64,
}

impl Sequence {
    pub(super) fn new() -> Self {
        Self { part: Part::Escape, kept: vec![], more: 0 }
    }

    /// Takes the next byte.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        #[expect(clippy::match_same_arms, reason = "one line a rule of the grammar reads better than merged rules")]
        let (part, step) = match (self.part, byte) {
            (Part::Escape, b'[') => (Part::Control, Step::More),
            (Part::Escape, b']') => (Part::Text { bell: true }, Step::More),
            (Part::Escape, b'P' | b'X' | b'^' | b'_') => (Part::Text { bell: false }, Step::More),
            (Part::Escape | Part::Intermediate, 0x20..=0x2f) => (Part::Intermediate, Step::More),
            (Part::Escape | Part::Intermediate, 0x30..=0x7e) | (Part::Control, 0x40..=0x7e) => (self.part, Step::Done),
            (Part::Control, 0x20..=0x3f) => (Part::Control, Step::More),
            (Part::Text { bell: true }, 0x07) => (self.part, Step::Done),
            (Part::Text { bell }, 0x1b) => {
                self.part = Part::TextEscape { bell };
                return Step::More;
            }
            // A terminal would read on past the newline, but then one forgotten terminator swallows the rest of a log.
            (Part::Text { .. }, b'\n' | 0x18 | 0x1a) => (self.part, Step::Broken),
            (Part::Text { bell }, _) => (Part::Text { bell }, Step::More),
            (Part::TextEscape { .. }, b'\\') => {
                self.keep(0x1b);
                (self.part, Step::Done)
            }
            (Part::TextEscape { .. }, _) => (self.part, Step::BrokenByEscape),
            (Part::Escape | Part::Intermediate | Part::Control, _) => (self.part, Step::Broken),
        };
        self.part = part;
        if matches!(step, Step::More | Step::Done) {
            self.keep(byte);
        }
        step
    }

    /// Keeps the escape character that ended the stream inside a string; no second byte came to say what it began.
    pub(super) fn end_of_stream(&mut self) {
        if matches!(self.part, Part::TextEscape { .. }) {
            self.keep(0x1b);
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.kept.len() < MAX_SEQUENCE {
            self.kept.push(byte);
        } else {
            self.more += 1;
        }
    }

    /// The parameters of a whole SGR sequence, or nothing where it is another one.
    pub(super) fn sgr(&self) -> Option<&[u8]> {
        if self.part != Part::Control || self.more > 0 {
            return None;
        }
        self.kept.strip_prefix(b"[")?.strip_suffix(b"m")
    }

    /// Whether it erases the line, and if so whether all of it or only what is right of the cursor.
    pub(super) fn erases(&self) -> Option<bool> {
        if self.part != Part::Control || self.more > 0 {
            return None;
        }
        match self.kept.as_slice() {
            b"[K" | b"[0K" => Some(false),
            b"[2K" => Some(true),
            _ => None,
        }
    }

    /// The sequence as a visible mark.
    pub(super) fn mark(&self) -> String {
        let mut mark = String::from("\u{241b}");
        for chunk in self.kept.utf8_chunks() {
            for c in chunk.valid().chars() {
                match log_class(c) {
                    LogClass::Shown(_) => mark.push(c),
                    LogClass::Accent | LogClass::Hidden => write_hidden(&mut mark, c),
                }
            }
            for byte in chunk.invalid() {
                // Writing to a String cannot fail.
                let _ = write!(mark, "\\x{byte:02x}");
            }
        }
        if self.more > 0 {
            // Writing to a String cannot fail.
            let _ = write!(mark, "<{} bytes more>", self.more);
        }
        mark
    }
}
