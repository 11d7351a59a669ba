//! The exact form: an injective escaping for everything a person decides on. Different bytes never look alike, in
//! monochrome neither, and [`decode`] gives the bytes back. One line always.
//!
//! | shown | stands for |
//! | --- | --- |
//! | printable ASCII, ordinary letters | itself (see `chars::exact_keeps` for what counts as ordinary) |
//! | `\\` | the backslash, which introduces all the others |
//! | `\n` `\r` `\t` `\e` | newline, carriage return, tab, escape |
//! | `\s` | a blank where it could be overlooked: first or last of a line |
//! | `\{12-blanks}` | a run of eight or more blanks |
//! | `\u{202e}` | any other character, by its number in hexadecimal |
//! | `\xff` | a byte that is not part of valid UTF-8 |

use super::chars;
use super::safe::SafeText;
use std::fmt::Write as _;

/// A run of this many blanks is shown as a count, since padding pushes text out of sight.
const COUNTED_BLANKS: usize = 8;
/// But so many that only indent a line at the left edge stay, as code has them; half of the narrowest screen is left for the rest.
const INDENT: usize = 40;
/// Decoding refuses to produce more bytes than this, since a short count can stand for a long run.
const MAX_DECODED: usize = 256 << 20;

/// Text that [`encode`] cannot have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A backslash that starts none of the known escapes.
    #[error("byte {at} of the encoded text starts no known escape: write \\\\ for a backslash")]
    BadEscape {
        /// Offset in the encoded text.
        at: usize,
    },
    /// The text is not the one and only encoding of the bytes it seems to stand for.
    #[error("the encoded text differs from what its bytes encode to, first at byte {at}: copy it unchanged")]
    NotCanonical {
        /// Offset in the encoded text.
        at: usize,
    },
    /// It stands for too many bytes.
    #[error("the encoded text stands for more than {MAX_DECODED} bytes: decode a smaller part")]
    TooLong,
    /// The input is not UTF-8, so it is not an encoded text.
    #[error("the encoded text is not UTF-8 at byte {at}: copy it unchanged")]
    NotUtf8 {
        /// Offset in the encoded text.
        at: usize,
    },
}

/// How blanks at the start of a line are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indent {
    /// As `\s`: for values inside a sentence, where a leading blank cannot be seen.
    Marked,
    /// As themselves: for text that starts at the left edge, where an indent is seen.
    Plain,
}

/// Encodes any bytes as one line. The empty text encodes to the empty text.
pub fn encode(bytes: &[u8]) -> SafeText {
    encode_with(bytes, Indent::Marked)
}

/// Encodes a text of several lines, one result a line, each but perhaps the last ending in a visible `\n`.
///
/// The results joined without anything between them are what [`encode`] gives for the whole, so
/// `decode(joined)` gives the bytes back whether there was a final newline or not. No bytes give no lines.
pub fn encode_lines(bytes: &[u8]) -> Vec<SafeText> {
    bytes.split_inclusive(|b| *b == b'\n').map(encode).collect()
}

/// Encodes one line that is shown at the left edge of the screen: blanks that only indent it stay as they are.
pub fn encode_indented(bytes: &[u8]) -> SafeText {
    encode_with(bytes, Indent::Plain)
}

fn encode_with(bytes: &[u8], indent: Indent) -> SafeText {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 8);
    // Blanks seen but not written, and whether they began a line.
    let mut blanks = 0;
    let mut line_start = true;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == ' ' {
                blanks += 1;
                continue;
            }
            if line_start && indent == Indent::Plain && c != '\n' && blanks <= INDENT {
                out.extend(std::iter::repeat_n(' ', blanks));
            } else {
                write_blanks(&mut out, blanks, (line_start && indent == Indent::Marked) || c == '\n');
            }
            blanks = 0;
            line_start = c == '\n';
            write_char(&mut out, c);
        }
        for byte in chunk.invalid() {
            write_blanks(&mut out, blanks, line_start && indent == Indent::Marked);
            blanks = 0;
            line_start = false;
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    write_blanks(&mut out, blanks, true);
    SafeText::trusted(out)
}

fn write_blanks(out: &mut String, count: usize, marked: bool) {
    match count {
        0 => {}
        COUNTED_BLANKS.. => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\{{{count}-blanks}}");
        }
        _ => (0..count).for_each(|_| out.push_str(if marked { "\\s" } else { " " })),
    }
}

/// Writes one character; blanks are the caller's affair.
pub(super) fn write_char(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x1b' => out.push_str("\\e"),
        c if chars::exact_keeps(c) => out.push(c),
        c => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

/// Gives back the bytes of an encoded text. Accepts only what [`encode`] writes, so the relation is one to one.
pub fn decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    let bytes = read(text)?;
    let again = encode(&bytes);
    if again.as_str() == text {
        return Ok(bytes);
    }
    let same = again.as_str().bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    Err(DecodeError::NotCanonical { at: same })
}

/// Reads escapes without asking whether they are the ones `encode` would have chosen.
fn read(text: &str) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        bytes.extend_from_slice(before.as_bytes());
        let bad = DecodeError::BadEscape { at: text.len() - escape.len() };
        let (what, after) = read_escape(escape).ok_or(bad)?;
        match what {
            Escape::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Escape::Byte(b) => bytes.push(b),
            Escape::Blanks(n) => {
                if n > MAX_DECODED.saturating_sub(bytes.len()) {
                    return Err(DecodeError::TooLong);
                }
                bytes.resize(bytes.len() + n, b' ');
            }
        }
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

enum Escape {
    Char(char),
    Byte(u8),
    Blanks(usize),
}

/// One escape at the start of the text, and what follows it.
fn read_escape(text: &str) -> Option<(Escape, &str)> {
    let mut letters = text.strip_prefix('\\')?.chars();
    let letter = letters.next()?;
    let rest = letters.as_str();
    let simple = |c| Some((Escape::Char(c), rest));
    match letter {
        '\\' => simple('\\'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'e' => simple('\x1b'),
        's' => simple(' '),
        'x' => {
            let (digits, after) = rest.split_at_checked(2)?;
            Some((Escape::Byte(u8::from_str_radix(digits, 16).ok()?), after))
        }
        'u' => {
            let (digits, after) = rest.strip_prefix('{')?.split_once('}')?;
            Some((Escape::Char(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?), after))
        }
        '{' => {
            let (count, after) = rest.split_once("-blanks}")?;
            Some((Escape::Blanks(count.parse().ok()?), after))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "exact/tests.rs"]
mod tests;
