//! What was said last, whole: a message stands at the bottom only until the next key.

use super::fields::{reach, room, window};
use super::rows;
use crate::console::app::App;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// Columns of the window, and of how long ago something was said.
const COLUMNS: u16 = 100;
const AGE: usize = 5;

/// The newest first.
pub(super) fn lines(app: &App, page: Rect) -> Vec<SafeText> {
    if app.messages.is_empty() {
        return vec![safe!("Nothing was said yet.").styled(Style::faint())];
    }
    let width = room(page, COLUMNS).saturating_sub(AGE).max(2);
    let mut lines = Vec::new();
    for (at, message, bad) in app.messages.iter().rev() {
        let style = if *bad { Style::fg(Colour::Red) } else { Style::PLAIN };
        let mut age = words::age(*at, app.now).styled(Style::faint()).pad_right(AGE);
        for line in message.styled(style).flow(width) {
            lines.push(safe!("{}{}", age, line));
            age = SafeText::empty().pad_right(AGE);
        }
    }
    lines
}

pub(super) fn messages(app: &App, canvas: &mut Canvas<'_>, page: Rect, top: usize) {
    let lines = lines(app, page);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let body = window(canvas, page, COLUMNS, height, &safe!("Messages"), &reach(top, lines.len(), page));
    for (row, line) in rows(body).zip(lines.iter().skip(top)) {
        canvas.text(row, line);
    }
}
