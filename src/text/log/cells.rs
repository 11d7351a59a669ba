//! What lies right of the cursor once it went back: a stack of cells, the nearest on top.

use crate::text::style::Style;

/// One cell: a letter with its accents, or a mark, which takes no column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Bytes of its text.
    len: usize,
    /// How it looks.
    pub style: Style,
    /// Whether it is a mark.
    pub mark: bool,
    /// Whether a backspace went over it, and not a carriage return.
    pub struck: bool,
}

/// The stack. The texts of all cells lie in one string, so that a long line costs no allocation a letter.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    text: String,
    stack: Vec<Cell>,
    /// How often the style changes from one cell to the next.
    changes: usize,
}

impl Cells {
    pub(super) fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Bytes of all texts.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Runs of one style that the cells need.
    pub(super) fn runs(&self) -> usize {
        if self.stack.is_empty() { 0 } else { self.changes + 1 }
    }

    pub(super) fn push(&mut self, text: &str, style: Style, mark: bool, struck: bool) {
        self.changes += usize::from(self.stack.last().is_some_and(|below| below.style != style));
        self.stack.push(Cell { len: text.len(), style, mark, struck });
        self.text.push_str(text);
    }

    /// The nearest cell and its text.
    pub(super) fn top(&self) -> Option<(Cell, &str)> {
        let cell = *self.stack.last()?;
        Some((cell, self.text.get(self.text.len().checked_sub(cell.len)?..)?))
    }

    /// Takes the nearest cell off, writing its text to the end of `to`.
    pub(super) fn pop_to(&mut self, to: &mut String) -> Option<Cell> {
        let (cell, text) = self.top()?;
        to.push_str(text);
        self.drop_top();
        Some(cell)
    }

    /// Takes the nearest cell off.
    pub(super) fn drop_top(&mut self) {
        if let Some(cell) = self.stack.pop() {
            self.text.truncate(self.text.len().saturating_sub(cell.len));
            self.changes -= usize::from(self.stack.last().is_some_and(|below| below.style != cell.style));
        }
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.stack.clear();
        self.changes = 0;
    }
}
