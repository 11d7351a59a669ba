//! Drawing on the cells of a screen. Only safe text can be drawn: this is the one place where text becomes cells.

use super::layout;
use super::safe::SafeText;
use super::style::Style;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style as CellStyle};
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// It has colours, and they are wanted.
    pub colour: bool,
    /// It has more than ASCII.
    pub unicode: bool,
}

/// A screen that is being painted.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    look: Look,
}

impl<'a> Canvas<'a> {
    /// Paints on these cells.
    pub fn new(buffer: &'a mut Buffer, look: Look) -> Self {
        Self { buffer, look }
    }

    /// All there is of the screen.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// What the terminal can show.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Draws a text from the left of an area's first row on; what does not fit is cut, with `~` in its place. Gives the columns
    /// that were used.
    pub fn text(&mut self, area: Rect, text: &SafeText) -> u16 {
        let room = usize::from(area.width);
        if text.width() <= room { self.cells(area, text, 0) } else { self.cells(area, &text.truncate(room), 0) }
    }

    /// The same at the right end.
    pub fn text_right(&mut self, area: Rect, text: &SafeText) -> u16 {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width);
        self.text(Rect { x: area.x + (area.width - width), width, ..area }, text)
    }

    /// Draws the part of a text that begins `skip` columns from its left; what does not fit is left out.
    pub fn text_from(&mut self, area: Rect, text: &SafeText, skip: usize) -> u16 {
        self.cells(area, text, skip)
    }

    fn cells(&mut self, area: Rect, text: &SafeText, skip: usize) -> u16 {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return 0;
        }
        let (mut column, mut x) = (0, area.x);
        let mut style = Style::PLAIN;
        for piece in layout::pieces(text.as_str()) {
            if piece.sgr {
                style = Style::of_sgr(piece.text);
                continue;
            }
            for grapheme in piece.text.graphemes(true) {
                let shown = if self.look.unicode || grapheme.is_ascii() { None } else { Some(spelled(grapheme)) };
                let width = shown.as_deref().unwrap_or(grapheme).width();
                column += width;
                if column <= skip || width == 0 {
                    continue;
                }
                // A wide letter of which only the right half would be seen leaves a blank.
                let seen = width.min(column - skip);
                let Some(end) = u16::try_from(seen).ok().and_then(|seen| x.checked_add(seen)) else {
                    return x - area.x;
                };
                if end > area.right() {
                    return x - area.x;
                }
                let cell_style = self.style(style);
                match shown {
                    _ if seen < width => self.put(x, area.y, " ", cell_style),
                    Some(ascii) => {
                        for (at, letter) in (x..end).zip(ascii.split("").filter(|letter| !letter.is_empty())) {
                            self.put(at, area.y, letter, cell_style);
                        }
                    }
                    None => {
                        self.put(x, area.y, grapheme, cell_style);
                        for rest in x + 1..end {
                            self.put(rest, area.y, "", cell_style);
                        }
                    }
                }
                x = end;
            }
        }
        x - area.x
    }

    fn put(&mut self, x: u16, y: u16, symbol: &str, style: CellStyle) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Adds a style to whatever an area shows.
    pub fn shade(&mut self, area: Rect, style: Style) {
        let style = self.style(style);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Makes a bar of an area: its own colours go, so that the bar is one.
    pub fn bar(&mut self, area: Rect) {
        let bar = CellStyle::new().fg(Color::Reset).bg(Color::Reset).add_modifier(Modifier::REVERSED);
        self.buffer.set_style(area.intersection(self.buffer.area), bar);
    }

    /// Fills an area with one letter of ours, or blanks.
    pub fn fill(&mut self, area: Rect, text: &SafeText) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.cells(Rect { x, y, width: 1, height: 1 }, text, 0);
            }
        }
    }

    /// Empties an area, whatever was there.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    fn style(&self, style: Style) -> CellStyle {
        let colour = |colour: Option<super::Colour>| colour.filter(|_| self.look.colour);
        let mut cells = CellStyle::new();
        if let Some(fg) = colour(style.fg) {
            cells = cells.fg(Color::Indexed(fg.number()));
        }
        if let Some(bg) = colour(style.bg) {
            cells = cells.bg(Color::Indexed(bg.number()));
        }
        let on = [
            (style.bold, Modifier::BOLD),
            (style.dim, Modifier::DIM),
            (style.italic, Modifier::ITALIC),
            (style.underline, Modifier::UNDERLINED),
            (style.reverse, Modifier::REVERSED),
        ];
        on.into_iter().filter(|(on, _)| *on).fold(cells, |cells, (_, modifier)| cells.add_modifier(modifier))
    }
}

/// A letter for terminals that have no more than ASCII: our own lines by a letter that looks alike, others by number.
pub(super) fn spelled(grapheme: &str) -> String {
    let own = match grapheme {
        "│" => "|",
        "─" | "·" => "-",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┴" | "┼" => "+",
        "▌" | "→" => ">",
        // Bars, by letters that grow darker.
        "▁" => ".",
        "▂" => ":",
        "▃" => ";",
        "▄" => "=",
        "▅" => "o",
        "▆" => "*",
        "▇" | "█" => "#",
        "▲" => "^",
        "▼" => "v",
        _ => {
            let mut spelled = String::new();
            for letter in grapheme.chars() {
                // Writing to a String cannot fail.
                let _ = write!(spelled, "<U+{:04X}>", u32::from(letter));
            }
            return spelled;
        }
    };
    own.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::safe;
    use crate::text::{Colour, exact};
    use proptest::prelude::*;

    const LOOK: Look = Look { colour: true, unicode: true };

    fn drawn(text: &SafeText, width: u16, skip: usize, look: Look) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        Canvas::new(&mut buffer, look).text_from(area, text, skip);
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn text_is_cut_and_shifted_by_columns() {
        assert_eq!(drawn(&safe!("abcdef"), 4, 0, LOOK), "abcd");
        assert_eq!(drawn(&safe!("abcdef"), 4, 3, LOOK), "def ");
        let wide = exact::encode("日本".as_bytes());
        assert_eq!(drawn(&wide, 5, 0, LOOK), "日本 ");
        assert_eq!(drawn(&wide, 5, 1, LOOK), " 本  ");
        assert_eq!(drawn(&wide, 3, 0, LOOK), "日 ");
        assert_eq!(drawn(&safe!("a│"), 4, 0, Look { unicode: false, ..LOOK }), "a|  ");
        assert_eq!(drawn(&exact::encode("é".as_bytes()), 9, 0, Look { unicode: false, ..LOOK }), "<U+00E9> ");
    }

    #[test]
    fn colours_are_left_out_where_they_are_not_wanted_and_the_rest_stays() {
        let text = safe!("x").styled(Style::fg(Colour::BrightRed).bold());
        let area = Rect::new(0, 0, 1, 1);
        for colour in [true, false] {
            let mut buffer = Buffer::empty(area);
            Canvas::new(&mut buffer, Look { colour, unicode: true }).text(area, &text);
            let cell = buffer.cell((0, 0)).unwrap();
            assert_eq!(cell.fg == Color::Indexed(9), colour);
            assert!(cell.modifier.contains(Modifier::BOLD));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_drawn_outside_and_no_control_gets_through(
            bytes: Vec<u8>, words in "\\PC{0,40}", x in 0_u16..30, width in 0_u16..40, skip in 0_usize..50, unicode: bool,
        ) {
            for text in [exact::encode(&bytes), exact::encode(words.as_bytes())] {
                let screen = Rect::new(0, 0, 20, 3);
                let mut buffer = Buffer::empty(screen);
                let area = Rect { x, y: 1, width, height: 1 };
                let used = Canvas::new(&mut buffer, Look { colour: true, unicode }).text_from(area, &text, skip);
                prop_assert!(used <= width);
                for position in screen.positions() {
                    let symbol = buffer.cell(position).unwrap().symbol();
                    prop_assert!(!symbol.chars().any(char::is_control));
                    prop_assert!(area.contains(position) || symbol == " ");
                    prop_assert!(unicode || symbol.is_ascii());
                }
            }
        }
    }
}
