//! The line at the bottom: what can be done here, or what has just been done.

use super::rows;
use crate::console::app::{App, Connection, Editing, Layer};
use crate::console::keymap::{Command, Scope};
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use ratatui::layout::Rect;

/// Columns between two hints.
const GAP: usize = 2;
/// Most rows of a message.
const MOST: usize = 3;

/// What there is to say: what was done or went wrong last, or else that there is no engine.
fn words(app: &App) -> Option<SafeText> {
    match (&app.said, &app.connection) {
        (Some((words, true)), _) => Some(words.styled(Style::fg(Colour::Red).bold())),
        (Some((words, false)), _) => Some(words.styled(Style::fg(Colour::Green))),
        (None, Connection::Down(reason)) => Some(safe!("{}", reason).styled(Style::fg(Colour::Red))),
        (None, _) => None,
    }
}

/// A message in rows of this width, as many as there may be.
fn message_lines(app: &App, width: u16) -> Vec<SafeText> {
    let room = usize::from(width.saturating_sub(2)).max(2);
    let mut lines = words(app).map_or_else(Vec::new, |words| words.flow(room));
    if lines.len() > MOST {
        // Words of others may be long; the key that has them all is told in help.
        lines.truncate(MOST);
        if let Some(last) = lines.last_mut() {
            *last = safe!("{}...", last.truncate(room.saturating_sub(3)));
        }
    }
    lines
}

/// Rows above the bottom line that a message takes: none where it fits there and no dialog needs that line for its keys.
pub(super) fn message_rows(app: &App, screen: Rect) -> u16 {
    let lines = message_lines(app, screen.width).len();
    if lines <= 1 && app.layer.is_none() {
        return 0;
    }
    // The page keeps the most of a low screen.
    u16::try_from(lines).unwrap_or(0).min((screen.height / 4).max(1))
}

/// The message, above the bottom line.
pub(super) fn message(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    for (row, line) in rows(area).zip(message_lines(app, area.width)) {
        canvas.text(row, &safe!(" {}", line));
    }
}

/// The bottom line, which has a message only where no other place has it.
pub(super) fn line(app: &App, canvas: &mut Canvas<'_>, row: Rect, speaks: bool) {
    if let Some(words) = words(app).filter(|_| speaks) {
        canvas.text(row, &safe!(" {}", words));
        return;
    }
    let mut hints = match app.layer {
        Some(Layer::Help { .. } | Layer::Tour { .. } | Layer::Messages { .. }) => {
            let [down, up] = [Command::Down, Command::Up].map(|command| app.keys.first(command));
            vec![pair("esc", "back"), pair(&down, "down"), pair(&up, "up")]
        }
        Some(Layer::Edit { what: Editing::Redirect(_), .. }) => {
            vec![pair("enter", "send"), pair("esc", "keep it for later"), pair("alt-enter", "new line")]
        }
        Some(Layer::Edit { what: Editing::Criteria(_) | Editing::Rewrite(_), .. }) => {
            vec![pair("enter", "send"), pair("esc", "leave it"), pair("alt-enter", "new line")]
        }
        Some(Layer::Edit { what, .. }) => {
            let words = if what.is_deed() { "do it" } else { "done" };
            vec![pair("enter", words), pair("esc", "leave it")]
        }
        None => commands(app, usize::from(row.width.saturating_sub(1))),
    };
    let room = usize::from(row.width.saturating_sub(1));
    let mut used = 0;
    hints.retain(|hint| {
        used += hint.width() + GAP;
        used <= room + GAP
    });
    canvas.text(row, &safe!(" {}", SafeText::join(&hints, &safe!("  "))));
}

/// As many commands as there is room for: whoever knows no key needs the help most, so that one is always there, then what
/// works only here. None is cut.
fn commands(app: &App, room: usize) -> Vec<SafeText> {
    let here = app.keys.at(app.scope());
    let also = app.scope().also().into_iter().flat_map(|scope| app.keys.at(scope));
    let anywhere = app.keys.at(Scope::Anywhere).filter(|_| app.scope() != Scope::Anywhere);
    let mut hints: Vec<(bool, SafeText)> = here
        .chain(also)
        .chain(anywhere)
        .filter(|(one, _)| !one.hint.is_empty() && app.works(one.command))
        .filter_map(|(one, keys)| Some((one.command == Command::Help, pair(&keys.first()?.to_string(), one.hint))))
        .collect();
    let help = hints.iter().find(|(help, _)| *help).map_or(0, |(_, hint)| hint.width() + GAP);
    let mut left = (room + GAP).saturating_sub(help);
    let mut full = false;
    hints.retain(|(help, hint)| {
        let width = hint.width() + GAP;
        full |= !help && width > left;
        if !help && !full {
            left -= width;
        }
        *help || !full
    });
    hints.into_iter().map(|(_, hint)| hint).collect()
}

fn pair(key: &str, words: &str) -> SafeText {
    safe!("{} {}", safe!("{}", key).styled(Style::strong()), safe!("{}", words).styled(Style::faint()))
}
