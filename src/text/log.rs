//! The log form: what programs print, as lines of styled spans. Bytes may come in any pieces; the lines are the same.
//!
//! Styles (SGR) are kept on our small palette. Every other escape sequence, control character and hidden character is
//! shown as a mark (`␛[2J`, `␇`, `<U+202E>`, `\xff`), never obeyed and never dropped; only a variation selector behind a
//! symbol that takes one goes unseen. A carriage return goes back to the start of the line and what follows is written over
//! it column by column, so the last state of a progress bar stays (marks of earlier states that there is no room for are
//! counted; letters that were erased before are not kept to be written over); CRLF ends a line; a backspace takes the column back, with the bold and underline of old printers understood;
//! tabs go to columns of eight, of which marks take none. This form is for reading: two different outputs
//! may look alike in it, so nobody should decide on it. [`exact`](super::exact) is for that.
//!
//! The state machine is our own, after Paul Williams' table (vt100.net), rather than the one of the `vte` crate: that one
//! keeps OSC strings of any length in memory and swallows malformed sequences, SOS, PM and APC strings without a trace.

mod builder;
mod cells;
mod line;
mod parser;
mod sequence;
mod sgr;

pub use line::{Span, StyledLine};
pub use parser::LogParser;

use super::safe::SafeText;
use std::borrow::Cow;

/// What people see of one line.
pub fn shown(line: &[u8]) -> SafeText {
    let mut text = SafeText::empty();
    let mut parser = LogParser::new();
    let mut keep = |part: StyledLine| text.push(&part.to_terminal(true));
    parser.push(line, &mut keep);
    parser.finish(&mut keep);
    text
}

/// The same without its colours. Most lines are plain ASCII and are seen as they are.
pub fn plain(line: &[u8]) -> Cow<'_, str> {
    if line.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && let Ok(text) = std::str::from_utf8(line)
    {
        return Cow::Borrowed(text);
    }
    let mut seen = String::new();
    let mut parser = LogParser::new();
    let mut keep = |part: StyledLine| seen.push_str(&part.plain());
    parser.push(line, &mut keep);
    parser.finish(&mut keep);
    Cow::Owned(seen)
}

/// A line is split, with a mark, once its text has this many bytes.
pub const MAX_LINE: usize = 1 << 20;
/// A line is split, with a mark, once its style has changed this often.
pub const MAX_RUNS: usize = 4096;
/// Bytes of an escape sequence that are kept and shown; the rest is counted.
pub const MAX_SEQUENCE: usize = 128;
/// Accents on one letter; further ones are shown by number.
pub const MAX_ACCENTS: usize = 4;
/// Columns that backspaces can take back at once; further ones are shown as marks.
pub const MAX_BACK: usize = 4096;

/// Marks of earlier states of a line that are kept; further ones are counted.
pub const MAX_OVERWRITTEN: usize = 4;

#[cfg(test)]
mod tests;
