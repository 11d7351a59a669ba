//! Builds one line from characters, marks, tabs, returns and backspaces, within the bounds of this room.
//!
//! The cursor moves as on a terminal: what stands right of it after a return or a backspace stays until something is
//! written over it, column by column. Marks take no column and are written over by nothing.

use super::cells::Cells;
use super::line::{Span, StyledLine, write_hidden};
use super::{MAX_ACCENTS, MAX_BACK, MAX_LINE, MAX_OVERWRITTEN, MAX_RUNS};
use crate::text::chars::{LogClass, is_selector, log_class, takes_selector};
use crate::text::style::Style;

/// Columns from one tab stop to the next.
const TAB: usize = 8;
/// Ends a line that goes on in the next one.
const SPLIT_NOTE: &str = "<line goes on>";

/// The line in the making.
#[derive(Debug)]
pub(super) struct Builder {
    /// What stands left of the cursor.
    text: String,
    /// Where in the text each style begins.
    runs: Vec<(usize, Style)>,
    /// Where in the text each mark begins and ends.
    marks: Vec<(usize, usize)>,
    /// Column of the cursor.
    column: usize,
    /// Accents on the last letter; at the maximum where there is no letter to carry one.
    accents: usize,
    /// A carriage return came and nothing was written since.
    returned: bool,
    /// Backspaces since something was written.
    back: usize,
    /// What stands right of the cursor.
    right: Cells,
    /// Up to where in the text a sequence erased the line; a carriage return leaves these letters behind.
    erased: usize,
    /// Marks of earlier states of the line that were only counted.
    counted: usize,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            text: String::new(),
            runs: vec![],
            marks: vec![],
            column: 0,
            accents: MAX_ACCENTS,
            returned: false,
            back: 0,
            right: Cells::default(),
            erased: 0,
            counted: 0,
        }
    }

    /// Writes printable ASCII.
    pub(super) fn ascii(&mut self, mut run: &str, style: Style, sink: &mut impl FnMut(StyledLine)) {
        self.go_back();
        while !self.right.is_empty()
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
            self.back = 0;
            run = tail;
        }
    }

    /// Writes any character outside ASCII, in the way of its class.
    pub(super) fn char(&mut self, c: char, style: Style, sink: &mut impl FnMut(StyledLine)) {
        match log_class(c) {
            LogClass::Shown(columns) => {
                self.go_back();
                self.cell(c.encode_utf8(&mut [0; 4]), columns, style, sink);
            }
            // An accent belongs to the letter before it and has its style; it cannot follow a move of the cursor.
            LogClass::Accent
                if self.accents < MAX_ACCENTS
                    && !self.returned
                    && self.text.len() + self.right.bytes() + c.len_utf8() <= MAX_LINE =>
            {
                self.text.push(c);
                self.accents += 1;
            }
            // Behind a symbol it only says how to draw it, and every log has such symbols.
            LogClass::Hidden
                if is_selector(c)
                    && self.accents == 0
                    && !self.returned
                    && self.text.chars().next_back().is_some_and(takes_selector) =>
            {
                self.accents = MAX_ACCENTS;
            }
            LogClass::Accent | LogClass::Hidden => {
                let mut mark = String::new();
                write_hidden(&mut mark, c);
                self.mark(&mark, sink);
            }
        }
    }

    /// Writes a mark: the visible form of something that is not text. It pushes nothing aside and takes no column.
    pub(super) fn mark(&mut self, mark: &str, sink: &mut impl FnMut(StyledLine)) {
        self.go_back();
        self.make_room(mark.len(), Style::faint(), sink);
        self.push_mark(mark);
    }

    /// Writes the mark of a sequence that erases what is right of the cursor, or the whole line. Letters there would
    /// otherwise come to stand behind a shorter text, though no screen shows them any more.
    pub(super) fn erase(&mut self, mark: &str, whole: bool, sink: &mut impl FnMut(StyledLine)) {
        self.mark(mark, sink);
        if whole {
            self.erased = self.text.len();
        }
        while !self.right.is_empty() {
            self.pass_marks();
            self.right.drop_top();
        }
    }

    fn push_mark(&mut self, mark: &str) {
        let start = self.text.len();
        self.text.push_str(mark);
        self.marks.push((start, self.text.len()));
        self.accents = MAX_ACCENTS;
    }

    /// Goes to the next tab stop, over what stands there.
    pub(super) fn tab(&mut self, style: Style, sink: &mut impl FnMut(StyledLine)) {
        self.go_back();
        let stop = (self.column / TAB + 1) * TAB;
        while self.column < stop && !self.right.is_empty() {
            self.restore_one();
        }
        let blanks = "        ";
        let (_, blanks) =
            blanks.split_at_checked(TAB.saturating_sub(stop.saturating_sub(self.column))).unwrap_or(("", ""));
        if !blanks.is_empty() && self.right.is_empty() {
            self.ascii(blanks, style, sink);
        }
    }

    /// Goes back to the start of the line.
    pub(super) fn carriage_return(&mut self) {
        self.returned = true;
    }

    /// Goes one letter back. At the start of a line it does nothing, as on a terminal.
    pub(super) fn backspace(&mut self, sink: &mut impl FnMut(StyledLine)) {
        if self.returned || self.column == 0 {
            return;
        }
        if self.back >= MAX_BACK {
            self.mark("\u{2408}", sink);
            return;
        }
        self.back += 1;
        while let Some(mark) = self.undo(true) {
            if !mark {
                break;
            }
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
        if self.text.is_empty() && self.right.is_empty() {
            return None;
        }
        let mut copy = Self {
            text: self.text.clone(),
            runs: self.runs.clone(),
            right: self.right.clone(),
            counted: self.counted,
            ..Self::new()
        };
        copy.restore();
        Some(copy.take(false))
    }

    /// Something is written after a carriage return: the cursor goes to the start of the line.
    fn go_back(&mut self) {
        if self.returned {
            while self.undo(false).is_some() {}
            self.returned = false;
            self.erased = 0;
            self.accents = MAX_ACCENTS;
            self.back = 0;
        }
    }

    /// Takes the cell left of the cursor to its right; whether it was a mark, and nothing at the start of the line.
    fn undo(&mut self, struck: bool) -> Option<bool> {
        let mark = self.marks.last().filter(|(_, end)| *end == self.text.len()).map(|(start, _)| *start);
        let at = match mark {
            Some(start) => start,
            None => self.text.char_indices().rev().find(|(_, c)| !is_accent(*c)).map(|(at, _)| at)?,
        };
        let cell = self.text.get(at..).unwrap_or_default();
        let style = self.runs.last().map_or(Style::PLAIN, |(_, style)| *style);
        if mark.is_some() {
            self.marks.pop();
        } else {
            self.column = self.column.saturating_sub(cell.chars().map(columns).sum());
        }
        if struck || mark.is_some() || at >= self.erased {
            self.right.push(cell, style, mark.is_some(), struck);
        }
        self.text.truncate(at);
        if self.runs.last().is_some_and(|(start, _)| *start >= at) {
            self.runs.pop();
        }
        Some(mark.is_some())
    }

    /// Writes one letter at the cursor, over what stands there.
    fn cell(&mut self, letter: &str, columns: usize, mut style: Style, sink: &mut impl FnMut(StyledLine)) {
        self.pass_marks();
        let mut kept = None;
        if let Some((old, text)) = self.right.top().filter(|(old, _)| old.struck) {
            if text == letter && letter != " " {
                // Old printers made bold by striking twice, and underlined with a second pass; man pages still do.
                style.bold = true;
            } else if text == "_" {
                style.underline = letter != " " || style.underline;
            } else if letter == "_" && text != " " {
                style = Style { underline: true, ..old.style };
                kept = Some(text.to_owned());
            }
        }
        let letter = kept.as_deref().unwrap_or(letter);
        let columns = if kept.is_some() { letter.chars().map(self::columns).sum() } else { columns };
        self.clear_columns(columns);
        self.make_room(letter.len(), style, sink);
        self.text.push_str(letter);
        self.column += columns;
        self.accents = 0;
        self.back = 0;
    }

    /// Removes the letters on the next columns. Of a wide letter that is hit in part, the rest becomes blank.
    fn clear_columns(&mut self, columns: usize) {
        let mut free = 0;
        while free < columns && !self.right.is_empty() {
            self.pass_marks();
            let Some((old, text)) = self.right.top() else { return };
            free += text.chars().map(self::columns).sum::<usize>();
            self.right.drop_top();
            for _ in columns..free {
                self.right.push(" ", old.style, false, old.struck);
            }
        }
    }

    /// Takes marks at the cursor to its left. After a carriage return they belong to an earlier state of the line: a few
    /// different ones are kept, the others counted.
    fn pass_marks(&mut self) {
        while let Some((cell, text)) = self.right.top().filter(|(cell, _)| cell.mark) {
            let last = self.marks.last().and_then(|(start, end)| self.text.get(*start..*end));
            let again = last == Some(text);
            if !cell.struck && (again || self.marks.len() >= MAX_OVERWRITTEN) {
                self.counted += 1;
                self.right.drop_top();
            } else {
                self.restore_one();
            }
        }
    }

    /// Puts the cell right of the cursor back to its left.
    fn restore_one(&mut self) {
        let start = self.text.len();
        let Some(cell) = self.right.pop_to(&mut self.text) else { return };
        if self.style() != Some(cell.style) {
            self.runs.push((start, cell.style));
        }
        if cell.mark {
            self.marks.push((start, self.text.len()));
        } else {
            self.column += self.text.get(start..).unwrap_or_default().chars().map(columns).sum::<usize>();
        }
        self.accents = MAX_ACCENTS;
    }

    /// Puts back everything right of the cursor, as it still stands on the screen.
    fn restore(&mut self) {
        while !self.right.is_empty() {
            self.restore_one();
        }
    }

    fn style(&self) -> Option<Style> {
        self.runs.last().map(|(_, style)| *style)
    }

    /// Splits the line if this many bytes in this style would break a bound, then begins a run for the style if needed.
    fn make_room(&mut self, bytes: usize, style: Style, sink: &mut impl FnMut(StyledLine)) {
        let new_run = self.style() != Some(style);
        let runs = self.runs.len() + self.right.runs();
        if self.text.len() + self.right.bytes() + bytes > MAX_LINE || (new_run && runs >= MAX_RUNS) {
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
        self.marks.clear();
        self.right.clear();
        self.column = 0;
        self.accents = MAX_ACCENTS;
        self.returned = false;
        (self.back, self.erased) = (0, 0);
        let ends = runs.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
        let mut spans: Vec<Span> = if let [(_, style)] = *runs.as_slice() {
            vec![Span::trusted(text, style)]
        } else {
            let span = |((start, style), end): (&(usize, Style), usize)| {
                Some(Span::trusted(text.get(*start..end).filter(|text| !text.is_empty())?.to_owned(), *style))
            };
            runs.iter().zip(ends).filter_map(span).collect()
        };
        let counted = std::mem::take(&mut self.counted);
        if counted > 0 {
            let marks = if counted == 1 { "mark" } else { "marks" };
            spans.push(Span::trusted(format!("<{counted} {marks} overwritten>"), Style::faint().bold()));
        }
        if split {
            spans.push(Span::trusted(SPLIT_NOTE.to_owned(), Style::faint().bold()));
        }
        StyledLine::new(spans, split)
    }
}

/// Columns of a character that is in the text.
fn columns(c: char) -> usize {
    if c.is_ascii() {
        return 1;
    }
    match log_class(c) {
        LogClass::Shown(columns) => columns,
        LogClass::Accent | LogClass::Hidden => 0,
    }
}

fn is_accent(c: char) -> bool {
    !c.is_ascii() && log_class(c) == LogClass::Accent
}
