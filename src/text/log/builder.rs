//! Builds one line from characters, marks, tabs, returns and backspaces, within the bounds of this room.

use super::line::{Span, StyledLine, write_hidden};
use super::{MAX_ACCENTS, MAX_BACK, MAX_LINE, MAX_RUNS};
use crate::text::chars::{LogClass, log_class};
use crate::text::style::Style;

/// Columns from one tab stop to the next.
const TAB: usize = 8;
/// Ends a line that goes on in the next one.
const SPLIT_NOTE: &str = "<line goes on>";

/// The line in the making.
#[derive(Debug)]
pub(super) struct Builder {
    text: String,
    /// Where in the text each style begins.
    runs: Vec<(usize, Style)>,
    /// Column of the cursor, for tabs.
    column: usize,
    /// Accents on the last letter; at the maximum where there is no letter to carry one.
    accents: usize,
    /// A carriage return came and nothing was written since.
    returned: bool,
    /// What lies right of the cursor after backspaces, the nearest last.
    undone: Vec<(String, Style)>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { text: String::new(), runs: vec![], column: 0, accents: MAX_ACCENTS, returned: false, undone: vec![] }
    }

    /// Writes printable ASCII.
    pub(super) fn ascii(&mut self, mut run: &str, style: Style, sink: &mut impl FnMut(StyledLine)) {
        self.overwrite();
        while !self.undone.is_empty()
            && let Some((head, tail)) = run.split_at_checked(1)
        {
            self.cell(head, 1, style, sink);
            run = tail;
        }
        while !run.is_empty() {
            self.make_room(1, style, sink);
            let room = (MAX_LINE - self.text.len()).min(run.len());
            let (head, tail) = run.split_at_checked(room).unwrap_or((run, ""));
            self.text.push_str(head);
            self.column += head.len();
            self.accents = 0;
            run = tail;
        }
    }

    /// Writes any character outside ASCII, in the way of its class.
    pub(super) fn char(&mut self, c: char, style: Style, sink: &mut impl FnMut(StyledLine)) {
        match log_class(c) {
            LogClass::Shown(columns) => {
                self.overwrite();
                self.cell(c.encode_utf8(&mut [0; 4]), columns, style, sink);
            }
            // An accent belongs to the letter before it and has its style; it cannot follow a move of the cursor.
            LogClass::Accent
                if self.accents < MAX_ACCENTS
                    && !self.returned
                    && self.undone.is_empty()
                    && self.text.len() + c.len_utf8() <= MAX_LINE =>
            {
                self.text.push(c);
                self.accents += 1;
            }
            LogClass::Accent | LogClass::Hidden => {
                let mut mark = String::new();
                write_hidden(&mut mark, c);
                self.mark(&mark, sink);
            }
        }
    }

    /// Writes a mark: the visible form of something that is not text.
    pub(super) fn mark(&mut self, mark: &str, sink: &mut impl FnMut(StyledLine)) {
        self.overwrite();
        self.restore();
        self.make_room(mark.len(), Style::faint(), sink);
        self.text.push_str(mark);
        self.column += mark.chars().map(columns).sum::<usize>();
        self.accents = MAX_ACCENTS;
    }

    /// Goes to the next tab stop.
    pub(super) fn tab(&mut self, style: Style, sink: &mut impl FnMut(StyledLine)) {
        self.overwrite();
        self.restore();
        let blanks = "        ";
        let (_, blanks) = blanks.split_at_checked(self.column % TAB).unwrap_or(("", blanks));
        self.ascii(blanks, style, sink);
    }

    /// Goes back to the start of the line.
    pub(super) fn carriage_return(&mut self) {
        self.returned = true;
    }

    /// Goes one letter back. At the start of a line it does nothing, as on a terminal.
    pub(super) fn backspace(&mut self, sink: &mut impl FnMut(StyledLine)) {
        if self.returned {
            return;
        }
        if self.undone.len() >= MAX_BACK {
            self.mark("\u{2408}", sink);
            return;
        }
        let mut at = self.text.len();
        for (start, c) in self.text.char_indices().rev() {
            at = start;
            self.column = self.column.saturating_sub(columns(c));
            if log_class(c) != LogClass::Accent {
                break;
            }
        }
        let cell = self.text.split_off(at);
        let style = self.runs.last().map_or(Style::PLAIN, |(_, style)| *style);
        if self.runs.last().is_some_and(|(start, _)| *start >= at) {
            self.runs.pop();
        }
        if !cell.is_empty() {
            self.undone.push((cell, style));
        }
        self.accents = MAX_ACCENTS;
    }

    /// Ends the line.
    pub(super) fn newline(&mut self, sink: &mut impl FnMut(StyledLine)) {
        self.restore();
        sink(self.take(false));
    }

    /// Ends the line if there is one.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(StyledLine)) {
        self.restore();
        if !self.text.is_empty() {
            sink(self.take(false));
        }
        self.returned = false;
    }

    /// The line as it stands, for showing a prompt or a progress bar before its newline.
    pub(super) fn pending(&self) -> Option<StyledLine> {
        if self.text.is_empty() && self.undone.is_empty() {
            return None;
        }
        let mut copy =
            Self { text: self.text.clone(), runs: self.runs.clone(), undone: self.undone.clone(), ..Self::new() };
        copy.restore();
        Some(copy.take(false))
    }

    /// Something is written after a carriage return: the line begins anew.
    fn overwrite(&mut self) {
        if self.returned {
            self.text.clear();
            self.runs.clear();
            self.undone.clear();
            self.column = 0;
            self.accents = MAX_ACCENTS;
            self.returned = false;
        }
    }

    /// Writes one letter at the cursor, over the one that a backspace went back to, if any.
    fn cell(&mut self, letter: &str, columns: usize, mut style: Style, sink: &mut impl FnMut(StyledLine)) {
        let mut kept = None;
        if let Some((old, old_style)) = self.undone.pop() {
            if old == letter && letter != " " {
                // Old printers made bold by striking twice, and underlined with a second pass; man pages still do.
                style.bold = true;
            } else if old == "_" {
                style.underline = letter != " " || style.underline;
            } else if letter == "_" && old != " " {
                style = Style { underline: true, ..old_style };
                kept = Some(old);
            }
        }
        let letter = kept.as_deref().unwrap_or(letter);
        self.make_room(letter.len(), style, sink);
        self.text.push_str(letter);
        self.column += if kept.is_some() { letter.chars().map(self::columns).sum() } else { columns };
        self.accents = 0;
    }

    /// Puts back what backspaces went over, as it still stands on the screen.
    fn restore(&mut self) {
        while let Some((cell, style)) = self.undone.pop() {
            if self.style() != Some(style) {
                self.runs.push((self.text.len(), style));
            }
            self.column += cell.chars().map(columns).sum::<usize>();
            self.text.push_str(&cell);
        }
    }

    fn style(&self) -> Option<Style> {
        self.runs.last().map(|(_, style)| *style)
    }

    /// Splits the line if this many bytes in this style would break a bound, then begins a run for the style if needed.
    fn make_room(&mut self, bytes: usize, style: Style, sink: &mut impl FnMut(StyledLine)) {
        let new_run = self.style() != Some(style);
        if self.text.len() + bytes > MAX_LINE || (new_run && self.runs.len() >= MAX_RUNS) {
            self.restore();
            sink(self.take(true));
        }
        if self.style() != Some(style) {
            self.runs.push((self.text.len(), style));
        }
    }

    /// Takes the line out and begins an empty one.
    fn take(&mut self, split: bool) -> StyledLine {
        let text = std::mem::take(&mut self.text);
        let runs = std::mem::take(&mut self.runs);
        self.column = 0;
        self.accents = MAX_ACCENTS;
        self.returned = false;
        let ends = runs.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
        let mut spans: Vec<Span> = if let [(_, style)] = *runs.as_slice() {
            vec![Span::trusted(text, style)]
        } else {
            let span = |((start, style), end): (&(usize, Style), usize)| {
                Some(Span::trusted(text.get(*start..end).filter(|text| !text.is_empty())?.to_owned(), *style))
            };
            runs.iter().zip(ends).filter_map(span).collect()
        };
        if split {
            spans.push(Span::trusted(SPLIT_NOTE.to_owned(), Style::faint().bold()));
        }
        StyledLine::new(spans, split)
    }
}

/// Columns of a character that is in the text.
fn columns(c: char) -> usize {
    match log_class(c) {
        LogClass::Shown(columns) => columns,
        LogClass::Accent | LogClass::Hidden => 0,
    }
}
