//! A text on which somebody decides, in rows of one width, and which of them were on the screen. Whoever decides must have had
//! every cell of it before their eyes.

use crate::text::SafeText;
use std::ops::Range;

/// Columns before each row: blanks before a line, a mark before what goes on from the row above.
const GUTTER: usize = 2;

/// One line of the text before it is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// It, whole.
    pub text: SafeText,
    /// It is a heading of ours. Nothing else begins in the first column, so that no text can pass for one.
    pub heading: bool,
}

/// The rows.
#[derive(Debug, Default)]
pub struct Rows {
    width: usize,
    texts: Vec<SafeText>,
    seen: Vec<bool>,
    /// How many of them were not on the screen.
    unseen: usize,
    /// Those of the frame that was painted last.
    framed: Range<usize>,
}

impl Rows {
    /// Breaks a text for a width. What stays in its place and was seen there stays seen; at another width all begins anew.
    pub fn set(&mut self, lines: &[Line], width: usize) {
        let rows: Vec<SafeText> = lines.iter().flat_map(|line| broken(line, width)).collect();
        let same = self.width == width;
        let seen: Vec<bool> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| same && self.seen.get(at) == Some(&true) && self.texts.get(at) == Some(row))
            .collect();
        self.unseen = seen.iter().filter(|seen| !**seen).count();
        self.framed = 0..0;
        (self.width, self.texts, self.seen) = (width, rows, seen);
    }

    /// Rows in all.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// How wide they are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Some of them.
    pub fn get(&self, range: Range<usize>) -> &[SafeText] {
        self.texts.get(range).unwrap_or_default()
    }

    /// These are in the frame that is painted now; none where something lies over them.
    pub fn frame(&mut self, range: Range<usize>) {
        self.framed = range;
    }

    /// The frame that was painted last is on the screen.
    pub fn written(&mut self) {
        for seen in self.seen.get_mut(self.framed.clone()).unwrap_or_default() {
            if !std::mem::replace(seen, true) {
                self.unseen -= 1;
            }
        }
    }

    /// Rows that were not on the screen yet.
    pub fn unseen(&self) -> usize {
        self.unseen
    }

    /// Whether all of it was on the screen. Nothing is never enough.
    pub fn is_read(&self) -> bool {
        self.unseen == 0 && !self.texts.is_empty()
    }

    /// The first row that was not on the screen.
    #[cfg(test)]
    pub fn first_unseen(&self) -> Option<usize> {
        self.seen.iter().position(|seen| !seen)
    }
}

fn broken(line: &Line, width: usize) -> Vec<SafeText> {
    let room = width.saturating_sub(GUTTER).max(2);
    let rows = line.text.wrap(room).into_iter().enumerate();
    rows.map(|(at, row)| match (at, line.heading) {
        (0, true) => row,
        (0, false) => crate::safe!("  {}", row),
        _ => crate::safe!("> {}", row),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safe;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line { text: safe!("{}", *text), heading: text.starts_with('H') }).collect()
    }

    #[test]
    fn what_goes_on_from_above_is_marked_and_only_headings_begin_at_the_edge() {
        let mut rows = Rows::default();
        rows.set(&lines(&["Head of it", "abcdefgh", "Hx"]), 6);
        let shown: Vec<String> = rows.get(0..rows.len()).iter().map(SafeText::plain).collect();
        assert_eq!(shown, ["Head", ">  of ", "> it", "  abcd", "> efgh", "Hx"]);
    }

    #[test]
    fn what_was_seen_stays_seen_in_its_place_and_at_its_width_only() {
        let mut rows = Rows::default();
        assert!(!rows.is_read());
        rows.set(&lines(&["a", "b", "c"]), 20);
        rows.frame(0..2);
        assert_eq!(rows.unseen(), 3);
        rows.written();
        rows.written();
        assert_eq!((rows.unseen(), rows.first_unseen()), (1, Some(2)));
        rows.frame(2..3);
        rows.written();
        assert!(rows.is_read());
        rows.set(&lines(&["a", "x", "c", "d"]), 20);
        assert_eq!((rows.unseen(), rows.first_unseen()), (2, Some(1)));
        rows.written();
        assert_eq!(rows.unseen(), 2, "nothing of it is in a frame yet");
        rows.set(&lines(&["a", "x", "c", "d"]), 21);
        assert_eq!(rows.unseen(), 4);
    }
}
