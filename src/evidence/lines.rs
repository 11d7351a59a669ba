//! Bytes as they come in, cut into plain lines: however they are cut into pieces, the lines are the same.

use super::limits;
use super::plain::plain;

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes a piece and hands out the lines that it ends.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut impl FnMut(&str)) {
        while let Some(end) = position(bytes) {
            let (line, rest) = bytes.split_at(end);
            if self.partial.is_empty() {
                hand_out(line, each);
            } else {
                self.keep(line);
                let whole = std::mem::take(&mut self.partial);
                hand_out(&whole, each);
                self.partial = whole;
                self.partial.clear();
            }
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.keep(bytes);
    }

    /// Hands out what is left when nothing more comes.
    pub fn end(&mut self, each: &mut impl FnMut(&str)) {
        if !self.partial.is_empty() {
            hand_out(&std::mem::take(&mut self.partial), each);
        }
    }

    /// Keeps a part, within the bound of a line.
    fn keep(&mut self, bytes: &[u8]) {
        let room = limits::LONG_LINE_BYTES.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }
}

fn position(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

fn hand_out(line: &[u8], each: &mut impl FnMut(&str)) {
    let line = line.get(..line.len().min(limits::LONG_LINE_BYTES)).unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t')
        && let Ok(text) = std::str::from_utf8(line)
    {
        each(text);
        return;
    }
    // A carriage return ends a line as well.
    for part in plain(line).split('\n') {
        each(part);
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use proptest::prelude::*;

    fn cut(bytes: &[u8], size: usize) -> Vec<String> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(size) {
            lines.push(piece, &mut |line| found.push(line.to_owned()));
        }
        lines.end(&mut |line| found.push(line.to_owned()));
        found
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200), size in 1_usize..20) {
            prop_assert_eq!(cut(&bytes, size), cut(&bytes, usize::MAX));
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let found = cut(&vec![b'x'; 3 << 20], 1000);
        assert_eq!(found[0].len(), super::limits::LONG_LINE_BYTES);
        assert_eq!(cut(b"a\r\nb\rc\n\nd", 2), ["a", "b", "c", "", "d"]);
    }
}
