//! The line at the bottom: what can be done here, or what has just been done.

use crate::console::app::{App, Connection, Editing, Layer};
use crate::console::keymap::{Command, Scope};
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use ratatui::layout::Rect;

/// Columns between two hints.
const GAP: usize = 2;

pub(super) fn line(app: &App, canvas: &mut Canvas<'_>, row: Rect) {
    if let Some((words, bad)) = &app.said {
        let style = if *bad { Style::fg(Colour::Red).bold() } else { Style::fg(Colour::Green) };
        canvas.text(row, &safe!(" {}", words).styled(style));
        return;
    }
    if let Connection::Down(reason) = &app.connection {
        canvas.text(row, &safe!(" {}", reason).styled(Style::fg(Colour::Red)));
        return;
    }
    let mut hints = match app.layer {
        Some(Layer::Help { .. } | Layer::Tour { .. }) => {
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
    let listed = app.list().is_some();
    let here = app.keys.at(app.scope());
    let also = app.scope().also().into_iter().flat_map(|scope| app.keys.at(scope));
    let anywhere = app.keys.at(Scope::Anywhere).filter(|_| app.scope() != Scope::Anywhere);
    let mut hints: Vec<(bool, SafeText)> = here
        .chain(also)
        .chain(anywhere)
        .filter(|(one, _)| !one.hint.is_empty() && (listed || one.command != Command::Filter))
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
