//! One line of program output, ready for a screen.

use crate::text::chars::{LogClass, log_class};
use crate::text::safe::SafeText;
use crate::text::style::Style;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Text of one style. Its text is always safe: it can only be made by way of the log form, also from JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RawSpan")]
pub struct Span {
    text: String,
    style: Style,
}

/// A span as it comes over a wire, not yet trusted.
#[derive(Deserialize)]
struct RawSpan {
    text: String,
    style: Style,
}

impl From<RawSpan> for Span {
    fn from(raw: RawSpan) -> Self {
        let mut text = String::with_capacity(raw.text.len());
        let mut accents = super::MAX_ACCENTS;
        for c in raw.text.chars() {
            match log_class(c) {
                LogClass::Shown(_) => accents = 0,
                LogClass::Accent if accents < super::MAX_ACCENTS => accents += 1,
                LogClass::Accent | LogClass::Hidden => {
                    write_hidden(&mut text, c);
                    continue;
                }
            }
            text.push(c);
        }
        Self { text, style: raw.style }
    }
}

impl Span {
    /// Takes text that the builder has made safe.
    pub(super) fn trusted(text: String, style: Style) -> Self {
        Self { text, style }
    }

    /// The letters, without any escape sequence.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How they look.
    pub fn style(&self) -> Style {
        self.style
    }
}

/// A line of program output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StyledLine {
    spans: Vec<Span>,
    #[serde(default)]
    split: bool,
}

impl StyledLine {
    pub(super) fn new(spans: Vec<Span>, split: bool) -> Self {
        Self { spans, split }
    }

    /// The spans from left to right; no two neighbours share a style and none is empty.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether the line was too long and goes on in the next one. Such a line ends with a visible note.
    #[cfg(test)]
    pub fn is_split(&self) -> bool {
        self.split
    }

    /// The letters of all spans.
    pub fn plain(&self) -> String {
        self.spans.iter().map(Span::text).collect()
    }

    /// Columns it takes on a terminal.
    pub fn width(&self) -> usize {
        self.to_terminal(false).width()
    }

    /// The line for a terminal, with our own SGR sequences where `colour` is wanted.
    pub fn to_terminal(&self, colour: bool) -> SafeText {
        let mut out = String::new();
        let mut styled = false;
        for span in &self.spans {
            if colour && (styled || !span.style.is_plain()) {
                span.style.write_sgr(&mut out);
                styled = !span.style.is_plain();
            }
            out.push_str(&span.text);
        }
        if styled {
            out.push_str("\x1b[0m");
        }
        SafeText::trusted(out)
    }
}

/// Writes the mark of a control character, or the number of any other hidden character.
pub(super) fn write_hidden(to: &mut String, c: char) {
    match u32::from(c) {
        n @ 0..=0x1f => to.extend(char::from_u32(0x2400 + n)),
        0x7f => to.push('\u{2421}'),
        n => {
            // Writing to a String cannot fail.
            let _ = write!(to, "<U+{n:04X}>");
        }
    }
}
