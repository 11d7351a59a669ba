//! A page of documentation as lines of a terminal. The pages are our own, so only as much of Markdown is known as they use:
//! headings, paragraphs, lists, tables, code, bold words and links.

use crate::cli::complaint;
use crate::safe;
use crate::text::{Align, SafeText, Style, Table};

/// How far code and the cells of a table are set in.
const SET_IN: usize = 4;

/// Columns between two of a table, and the least that a column of prose is worth.
const GAP: usize = 2;
const PROSE: usize = 30;

/// Paragraphs and items that are being read.
#[derive(Default)]
struct Reader {
    columns: usize,
    lines: Vec<SafeText>,
    /// What stands before the first line of the paragraph, and its text so far.
    head: String,
    text: String,
    table: Vec<Vec<String>>,
}

/// The lines of a page, none wider than this.
pub(super) fn page(text: &str, columns: usize) -> Vec<SafeText> {
    let mut reader = Reader { columns: columns.max(20), ..Reader::default() };
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            reader.flush();
            code = !code;
        } else if code {
            reader.code(line);
        } else {
            reader.line(line);
        }
    }
    reader.flush();
    reader.lines
}

impl Reader {
    fn line(&mut self, line: &str) {
        let words = line.trim_start();
        if let Some(row) = words.strip_prefix('|') {
            self.paragraph();
            let cells = cells(row);
            if !cells.iter().all(|cell| cell.starts_with("---")) {
                self.table.push(cells);
            }
            return;
        }
        if words.is_empty() {
            self.flush();
            if self.lines.last().is_some_and(|last| !last.is_empty()) {
                self.lines.push(SafeText::empty());
            }
        } else if let Some(heading) = words.strip_prefix('#') {
            self.flush();
            let heading = heading.trim_start_matches('#').trim();
            self.lines.extend(inline(heading).styled(Style::strong()).flow(self.columns));
        } else if let Some(item) = words.strip_prefix("- ") {
            self.flush();
            "- ".clone_into(&mut self.head);
            item.clone_into(&mut self.text);
        } else {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(words.trim_end());
        }
    }

    fn code(&mut self, line: &str) {
        let line = SafeText::join(&complaint::help(line), &SafeText::empty());
        let indent = SafeText::empty().pad_right(SET_IN);
        let room = self.columns - SET_IN;
        if line.width() <= room {
            self.lines.push(safe!("{}{}", indent, line));
        } else {
            self.lines.extend(line.flow(room).iter().map(|part| safe!("{}{}", indent, part)));
        }
    }

    fn flush(&mut self) {
        self.paragraph();
        let table = std::mem::take(&mut self.table);
        let Some((headers, rows)) = table.split_first() else { return };
        let mut whole = Table::new(headers.iter().map(|header| (inline(header), Align::Left)), None);
        for row in rows {
            whole.row(row.iter().map(|cell| inline(cell)));
        }
        let whole = whole.lines();
        if whole.iter().all(|line| line.width() <= self.columns) {
            self.lines.extend(whole);
            return;
        }
        if let Some(lines) = self.hanging(&table) {
            self.lines.extend(lines);
            return;
        }
        for row in rows {
            self.row(headers, row);
        }
    }

    /// A table whose last column alone is too wide: it is broken into lines within itself. `None` where it would be too narrow.
    fn hanging(&self, table: &[Vec<String>]) -> Option<Vec<SafeText>> {
        let last = table.first()?.len().checked_sub(1)?;
        let width = |column: usize| {
            table.iter().filter_map(|row| row.get(column)).map(|cell| inline(cell).width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..last).map(|column| width(column) + GAP).collect();
        let room = self.columns.checked_sub(widths.iter().sum()).filter(|room| *room >= PROSE)?;
        let mut lines = Vec::new();
        for row in table {
            let cells = row.iter().zip(&widths).map(|(cell, width)| inline(cell).pad_right(*width));
            let mut head = SafeText::join(&cells.collect::<Vec<_>>(), &SafeText::empty());
            for line in row.get(last).map_or_else(SafeText::empty, |cell| inline(cell)).flow(room) {
                lines.push(safe!("{}{}", head, line));
                head = SafeText::empty().pad_right(head.width());
            }
        }
        Some(lines)
    }

    /// A row of a table that is too wide: each cell by itself.
    fn row(&mut self, headers: &[String], row: &[String]) {
        let Some((name, cells)) = row.split_first() else { return };
        self.lines.extend(inline(name).styled(Style::strong()).flow(self.columns));
        let indent = SafeText::empty().pad_right(SET_IN);
        for (header, cell) in headers.iter().skip(1).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let cell = if header.is_empty() { inline(cell) } else { safe!("{}: {}", inline(header), inline(cell)) };
            self.lines.extend(cell.flow(self.columns - SET_IN).iter().map(|line| safe!("{}{}", indent, line)));
        }
    }

    fn paragraph(&mut self) {
        let (head, text) = (std::mem::take(&mut self.head), std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        let width = head.len();
        let mut head = safe!("{}", head.trim_end()).pad_right(width);
        for line in inline(&text).flow(self.columns - width) {
            self.lines.push(safe!("{}{}", head, line));
            head = SafeText::empty().pad_right(width);
        }
    }
}

/// The cells of a row, behind its first stroke. A stroke with a backslash before it belongs to its cell.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim_end();
    let row = row.strip_suffix('|').unwrap_or(row);
    let mut cells: Vec<String> = Vec::new();
    for part in row.split('|') {
        match cells.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push('|');
                last.push_str(part);
            }
            None => cells.push(part.to_owned()),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Bold words are strong, and links are their words. What stands between backquotes stays as it is.
fn inline(text: &str) -> SafeText {
    let (mut plain, mut strong) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        plain.push_str(before);
        let (words, bold, length) = marked(from);
        let begins = plain.len();
        plain.push_str(words);
        if bold {
            strong.push((begins..plain.len(), Style::strong()));
        }
        rest = from.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    safe!("{}", plain).painted(&strong)
}

/// What begins with a mark: its words, whether they are bold, and how many bytes it takes.
fn marked(from: &str) -> (&str, bool, usize) {
    if let Some((code, _)) = from.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        let length = code.len() + 2;
        return (from.get(..length).unwrap_or_default(), false, length);
    }
    if let Some((bold, _)) = from.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        return (bold, true, bold.len() + 4);
    }
    if let Some((words, rest)) = from.strip_prefix('[').and_then(|rest| rest.split_once("]("))
        && let Some((place, _)) = rest.split_once(')')
    {
        return (words, false, words.len() + place.len() + 4);
    }
    if let Some((soft, _)) = from.strip_prefix('*').and_then(|rest| rest.split_once('*'))
        && !soft.starts_with(' ')
    {
        return (soft, false, soft.len() + 2);
    }
    let first = from.chars().next().map_or(0, char::len_utf8);
    (from.get(..first).unwrap_or_default(), false, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, columns: usize) -> Vec<String> {
        page(text, columns).iter().map(SafeText::plain).collect()
    }

    #[test]
    fn a_page_is_set_for_its_columns() {
        let text = "# Title\n\nSome **bold** words and\na [link](x.md) with `code`.\n\n- one item that is long\n  and goes on\n- two\n\n```sh\nls   -l\n```\n";
        assert_eq!(
            plain(text, 30),
            [
                "Title",
                "",
                "Some bold words and a link ",
                "with `code`.",
                "",
                "- one item that is long and ",
                "  goes on",
                "- two",
                "",
                "    ls   -l"
            ]
        );
    }

    #[test]
    fn a_table_stands_as_one_or_row_by_row() {
        let text = "| key | | meaning |\n| --- | --- | --- |\n| `a` | 1 | first |\n";
        assert_eq!(plain(text, 40), ["key     meaning", "`a`  1  first"]);
        let prose = "| key | meaning |\n| --- | --- |\n| `a` | what the first one of all the keys means |\n";
        assert_eq!(plain(prose, 40), ["key  meaning", "`a`  what the first one of all the keys ", "     means"]);
        let narrow = "| key | is | meaning |\n| --- | --- | --- |\n| `a` |  | what the first one of all means |\n";
        assert_eq!(plain(narrow, 24), ["`a`", "    meaning: what the ", "    first one of all ", "    means"]);
    }

    #[test]
    fn a_stroke_that_is_meant_stays_in_its_cell() {
        assert_eq!(cells(" `add\\|rm` | | both |"), ["`add|rm`", "", "both"]);
    }

    #[test]
    fn marks_that_mean_nothing_stay() {
        assert_eq!(plain("2 * 3 and [x] and `open", 80), ["2 * 3 and [x] and `open"]);
        assert_eq!(plain("names end in `*`, and *so* on", 80), ["names end in `*`, and so on"]);
    }
}
