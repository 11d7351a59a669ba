//! Looks into this room from outside: what `dogwatch debug text` prints is what a terminal would get, byte by byte.

use super::exact::{self, DecodeError};
use super::log::LogParser;

/// All bytes as one line in the exact form, and a newline.
pub fn exact(bytes: &[u8]) -> Vec<u8> {
    let mut line = exact::encode(bytes).as_str().as_bytes().to_vec();
    line.push(b'\n');
    line
}

/// The bytes behind a line that [`exact`] wrote. One newline at the end is not part of the text.
pub fn decode(line: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|e| DecodeError::NotUtf8 { at: e.valid_up_to() })?;
    exact::decode(text)
}

/// The bytes as program output in the log form, each line ended by a newline.
pub fn log(bytes: &[u8], colour: bool) -> Vec<u8> {
    let mut parser = LogParser::new();
    let mut shown = vec![];
    let mut keep = |line: super::StyledLine| {
        shown.extend_from_slice(line.to_terminal(colour).as_str().as_bytes());
        shown.push(b'\n');
    };
    parser.push(bytes, &mut keep);
    parser.finish(&mut keep);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_back() {
        let bytes = b"a\x1b[2J\n\xff ";
        assert_eq!(exact(bytes), b"a\\e[2J\\n\\xff\\s\n");
        assert_eq!(decode(&exact(bytes)).as_deref(), Ok(bytes.as_slice()));
        assert_eq!(decode(b"\n\n"), Err(DecodeError::NotCanonical { at: 0 }));
        assert_eq!(decode(b"a\xff"), Err(DecodeError::NotUtf8 { at: 1 }));
    }

    #[test]
    fn log_with_and_without_colour() {
        let bytes = b"\x1b[1;38;5;196mred\x1b[0m\x1b[2J\nnext";
        assert_eq!(log(bytes, false), "red\u{241b}[2J\nnext\n".as_bytes());
        assert_eq!(log(bytes, true), "\x1b[0;1;91mred\x1b[0;2m\u{241b}[2J\x1b[0m\nnext\n".as_bytes());
    }
}
