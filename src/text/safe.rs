//! The safe-text type. Its only makers are in this room, so its content is safe by construction.

use super::style::Style;
use super::{canvas, layout};
use serde::Serialize;
use std::fmt;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;

/// Text that any terminal may be given: no controls but our own SGR sequences, nothing invisible, nothing that reorders.
///
/// It is always one line. Make it by [`exact`](super::exact), by [`log`](super::log), by the [`safe!`](crate::safe)
/// macro from words of the source code, or by joining such texts. There is no road from a plain string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SafeText(String);

impl SafeText {
    /// The empty text.
    pub const fn empty() -> Self {
        Self(String::new())
    }

    /// Takes text that this room has made safe.
    pub(super) fn trusted(text: String) -> Self {
        Self(text)
    }

    /// The text, with our SGR sequences where it is styled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without styles.
    pub fn plain(&self) -> String {
        layout::pieces(&self.0).filter(|piece| !piece.sgr).map(|piece| piece.text).collect()
    }

    /// The same text without styles, still safe.
    pub fn unstyled(&self) -> Self {
        Self(self.plain())
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text in this style, over whatever style it had.
    pub fn styled(&self, style: Style) -> Self {
        let plain = self.plain();
        if style.is_plain() || plain.is_empty() {
            return Self(plain);
        }
        let mut text = String::with_capacity(plain.len() + 16);
        style.write_sgr(&mut text);
        text.push_str(&plain);
        text.push_str(layout::RESET);
        Self(text)
    }

    /// The same text without styles and for terminals that have no more than ASCII: other letters by their numbers.
    pub fn in_ascii(&self) -> Self {
        let spelled =
            |grapheme: &str| if grapheme.is_ascii() { grapheme.to_owned() } else { canvas::spelled(grapheme) };
        Self(self.plain().graphemes(true).map(spelled).collect())
    }

    /// The text with a mark on some ranges of its [plain](Self::plain) form, given in order and apart: reversed and underlined,
    /// whatever its style there. A letter with its accents is marked as a whole.
    pub fn marked(&self, ranges: &[Range<usize>]) -> Self {
        if ranges.is_empty() { self.clone() } else { Self(layout::marked(&self.0, ranges)) }
    }

    /// The text with styles on ranges of its [plain](Self::plain) form, given in order and apart; what lies between them is plain.
    /// A range that cuts a letter in two is left plain.
    pub fn painted(&self, ranges: &[(Range<usize>, Style)]) -> Self {
        let plain = self.plain();
        let mut text = String::with_capacity(plain.len() + ranges.len() * 12);
        let mut at = 0;
        for (range, style) in ranges {
            let (Some(before), Some(part)) = (plain.get(at..range.start), plain.get(range.clone())) else { continue };
            text.push_str(before);
            text.push_str(&Self(part.to_owned()).styled(*style).0);
            at = range.end;
        }
        text.push_str(plain.get(at..).unwrap_or_default());
        Self(text)
    }

    /// Appends another text.
    pub fn push(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Joins texts with another between them.
    pub fn join<'a>(texts: impl IntoIterator<Item = &'a Self>, between: &Self) -> Self {
        let mut joined = String::new();
        for (i, text) in texts.into_iter().enumerate() {
            if i > 0 {
                joined.push_str(&between.0);
            }
            joined.push_str(&text.0);
        }
        Self(joined)
    }

    /// Columns it takes on a terminal, counted by grapheme.
    pub fn width(&self) -> usize {
        layout::width(&self.0)
    }

    /// Filled with blanks on the right to this many columns. Longer texts stay whole.
    pub fn pad_right(&self, columns: usize) -> Self {
        Self(format!("{}{}", self.0, " ".repeat(columns.saturating_sub(self.width()))))
    }

    /// Filled with blanks on the left to this many columns. Longer texts stay whole.
    pub fn pad_left(&self, columns: usize) -> Self {
        Self(format!("{}{}", " ".repeat(columns.saturating_sub(self.width())), self.0))
    }

    /// Cut to this many columns, with `~` as the last column where something was cut.
    ///
    /// Never use it for what a person decides on: two texts may look alike once cut. Use [`wrap`](Self::wrap) there.
    pub fn truncate(&self, columns: usize) -> Self {
        Self(layout::truncate(&self.0, columns))
    }

    /// Broken into lines of at most this many columns (never less than two). Nothing is dropped, not even blanks: the
    /// plain lines joined are the plain text. A style goes on over the break. The empty text gives one empty line.
    pub fn wrap(&self, columns: usize) -> Vec<Self> {
        layout::wrap(&self.0, columns).into_iter().map(Self).collect()
    }

    /// The same, broken between words where that can be: for reading. Where every blank counts, use [`wrap`](Self::wrap).
    pub fn flow(&self, columns: usize) -> Vec<Self> {
        layout::flow(&self.0, columns).into_iter().map(Self).collect()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
