//! Lists for the command line: columns aligned by blanks, ASCII only, no frames, so that they read well in any terminal.

use super::safe::SafeText;
use crate::safe;

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// The head of a column of words.
pub fn left(header: &'static str) -> (SafeText, Align) {
    (safe!("{}", header), Align::Left)
}

/// The head of a column of numbers.
pub fn right(header: &'static str) -> (SafeText, Align) {
    (safe!("{}", header), Align::Right)
}

/// Blanks between two columns.
const GAP: usize = 2;
/// No column is narrowed below this.
const NARROWEST: usize = 4;

/// Rows of cells under headers.
#[derive(Debug, Clone)]
pub struct Table {
    headers: Vec<(SafeText, Align)>,
    rows: Vec<Vec<SafeText>>,
    limit: Option<usize>,
}

impl Table {
    /// A table with these columns, and how many of a terminal a line may take, if that has an end. The widest columns are
    /// narrowed first, down to four; a cell that no longer fits is cut with `~`. Never limit what a person decides on.
    pub fn new(headers: impl IntoIterator<Item = (SafeText, Align)>, limit: Option<usize>) -> Self {
        Self { headers: headers.into_iter().collect(), rows: vec![], limit }
    }

    /// Adds a row. Missing cells are empty; cells past the last header are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = SafeText>) -> &mut Self {
        self.rows.push(cells.into_iter().take(self.headers.len()).collect());
        self
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The header line and one line a row, without blanks at the end.
    pub fn lines(&self) -> Vec<SafeText> {
        let widths = self.widths();
        let headers: Vec<SafeText> = self.headers.iter().map(|(header, _)| header.clone()).collect();
        std::iter::once(&headers).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.headers.iter().map(|(header, _)| header.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        while let Some(limit) = self.limit
            && widths.iter().sum::<usize>() + gaps > limit
            && let Some(widest) = widths.iter_mut().max().filter(|w| **w > NARROWEST)
        {
            *widest -= 1;
        }
        widths
    }

    fn line(&self, row: &[SafeText], widths: &[usize]) -> SafeText {
        let mut line = SafeText::empty();
        let empty = SafeText::empty();
        let mut blanks = 0;
        for (i, ((_, align), width)) in self.headers.iter().zip(widths).enumerate() {
            let cell = row.get(i).unwrap_or(&empty).truncate(*width);
            let room = width - cell.width().min(*width);
            let (before, after) = if *align == Align::Right { (room, 0) } else { (0, room) };
            // Blanks are written only when something follows them.
            if cell.is_empty() {
                blanks += width + GAP;
            } else {
                line.push(&SafeText::empty().pad_left(blanks + before));
                line.push(&cell);
                blanks = after + GAP;
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(limit: Option<usize>) -> Table {
        let mut table = Table::new([left("RUN"), right("N"), left("TASK")], limit);
        table.row([safe!("r1"), safe!("7"), safe!("{}", "日本 fix the bug")]);
        table.row([safe!("r12"), safe!("120")]);
        table
    }

    fn shown(table: &Table) -> Vec<String> {
        table.lines().iter().map(SafeText::plain).collect()
    }

    #[test]
    fn columns_are_aligned_by_width() {
        assert_eq!(shown(&sample(None)), ["RUN    N  TASK", "r1     7  日本 fix the bug", "r12  120"]);
        assert_eq!(shown(&Table::new([], None)), [""]);
    }

    #[test]
    fn the_widest_column_gives_way() {
        let lines = sample(Some(20)).lines();
        assert!(lines.iter().all(|line| line.width() <= 20), "{lines:?}");
        assert_eq!(lines.get(1).map(SafeText::plain).as_deref(), Some("r1     7  日本 fix ~"));
        let narrow = sample(Some(3)).lines();
        assert_eq!(narrow.first().map(SafeText::plain).as_deref(), Some("RUN    N  TASK"));
    }
}
