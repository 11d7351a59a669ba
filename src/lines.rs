//! Cuts bytes into lines, in whatever pieces they come. A line has a bound; of a longer one nothing is kept.

/// Longest line that is looked at, in bytes. Pictures that an agent reads come as one line.
pub const LONGEST: usize = 8 * 1024 * 1024;

/// What stands between two ends of line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The line without its end.
    Whole(&'a [u8]),
    /// It was longer than the bound.
    TooLong,
}

/// The line under way.
#[derive(Debug)]
pub struct Lines {
    most: usize,
    held: Vec<u8>,
    over: bool,
}

impl Lines {
    /// Lines of at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self { most, held: Vec::new(), over: false }
    }

    /// Hands on every line that these bytes end.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Line<'_>)) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
            if self.over || self.held.len().saturating_add(line.len()) > self.most {
                take(Line::TooLong);
            } else if self.held.is_empty() {
                take(Line::Whole(line));
            } else {
                self.held.extend_from_slice(line);
                take(Line::Whole(&self.held));
            }
            self.held.clear();
            self.over = false;
            rest = after;
        }
        self.over = self.over || self.held.len().saturating_add(rest.len()) > self.most;
        if self.over {
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(rest);
        }
    }

    /// Hands on the last line where the bytes do not end in an end of line.
    pub fn finish(&mut self, mut take: impl FnMut(Line<'_>)) {
        if std::mem::take(&mut self.over) {
            take(Line::TooLong);
        } else if !self.held.is_empty() {
            take(Line::Whole(&std::mem::take(&mut self.held)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut found = vec![];
        let mut keep = |line: Line<'_>| {
            found.push(match line {
                Line::Whole(bytes) => Some(bytes.to_vec()),
                Line::TooLong => None,
            });
        };
        let mut lines = Lines::new(8);
        for chunk in chunks {
            lines.push(chunk, &mut keep);
        }
        lines.finish(&mut keep);
        found
    }

    #[test]
    fn long_lines_are_named_and_not_kept() {
        assert_eq!(
            lines(&[b"12345678\n", b"123456789\n\nend"]),
            [Some(b"12345678".to_vec()), None, Some(vec![]), Some(b"end".to_vec())]
        );
        assert_eq!(lines(&[b"123456789"]), [None]);
    }

    proptest! {
        #[test]
        fn the_pieces_make_no_difference(bytes in "[ab\n]{0,60}", cut in 0usize..60, second in 0usize..60) {
            let bytes = bytes.as_bytes();
            let (cut, second) = (cut.min(bytes.len()), second.min(bytes.len()));
            let (first, second) = (cut.min(second), cut.max(second));
            prop_assert_eq!(lines(&[bytes]), lines(&[&bytes[..first], &bytes[first..second], &bytes[second..]]));
        }
    }
}
