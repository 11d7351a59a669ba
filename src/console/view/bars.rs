//! The line at the top, which says how things stand, and the one at the bottom, which says what can be done.

use crate::console::app::{App, Connection, Editing, Layer, Page};
use crate::console::keymap::{Command, Scope};
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use ratatui::layout::Rect;

/// Columns from which the name of the program is shown.
const ROOMY: u16 = 100;

pub(super) fn top(app: &App, canvas: &mut Canvas<'_>, row: Rect) {
    let name = safe!(" dogwatch ").styled(Style { reverse: true, ..Style::strong() });
    // Where there is little room, what waits is told before whose screen it is.
    let mut used = if row.width < ROOMY { 0 } else { canvas.text(row, &name) };
    let mut put = |text: &SafeText| {
        let rest = Rect { x: row.x + used, width: row.width - used, ..row };
        used += canvas.text(rest, &safe!(" {}", text));
    };
    for (command, page, name) in [
        (Command::Watch, Page::Watch, safe!("watch")),
        (Command::Approvals, Page::Approvals, safe!("approvals")),
        (Command::Bugs, Page::Bugs, safe!("bugs")),
        (Command::Health, Page::Health, safe!("health")),
        (Command::Audit, Page::Audit, safe!("audit")),
    ] {
        let words = safe!("{} {}", app.keys.first(command), name);
        put(&if page == app.page {
            words.styled(Style { underline: true, ..Style::strong() })
        } else {
            words.styled(Style::faint())
        });
    }
    let rest = Rect { x: row.x + used, width: row.width - used, ..row };
    canvas.text_right(rest, &safe!(" {} ", standing(app)));
}

/// The connection and what waits, the gravest first.
fn standing(app: &App) -> SafeText {
    let mut parts = Vec::new();
    match &app.connection {
        Connection::Opening => parts.push(safe!("looking for the engine").styled(Style::fg(Colour::Yellow))),
        Connection::Down(_) => parts.push(safe!("NO ENGINE, looking again").styled(Style::fg(Colour::Red).bold())),
        Connection::Up(_) => {}
    }
    if let Some(status) = &app.status {
        if status.rescue.is_some() {
            parts.push(safe!("RESCUE MODE").styled(Style::fg(Colour::Red).bold()));
        }
        if status.sandbox_fault.is_some() {
            parts.push(safe!("NO SANDBOX").styled(Style::fg(Colour::Red).bold()));
        }
        if status.halt.is_some() {
            parts.push(safe!("HALTED").styled(Style::fg(Colour::Red).bold()));
        }
    }
    if !app.questions.is_empty() {
        parts.push(super::urgent(&safe!("{} waiting for you", app.questions.len())));
    }
    let at_work =
        app.runs.values().filter(|view| !view.run.state.is_final() && !view.run.state.awaits_person()).count();
    parts.push(safe!("{} at work", at_work));
    if app.read_only {
        parts.push(safe!("read-only"));
    }
    SafeText::join(&parts, &safe!(" · "))
}

pub(super) fn bottom(app: &App, canvas: &mut Canvas<'_>, row: Rect) {
    if let Some((words, bad)) = &app.said {
        let style = if *bad { Style::fg(Colour::Red).bold() } else { Style::fg(Colour::Green) };
        canvas.text(row, &safe!(" {}", words).styled(style));
        return;
    }
    if let Connection::Down(reason) = &app.connection {
        canvas.text(row, &safe!(" {}", reason).styled(Style::fg(Colour::Red)));
        return;
    }
    let hints = match app.layer {
        Some(Layer::Help { .. }) => {
            let [down, up] = [Command::Down, Command::Up].map(|command| app.keys.first(command));
            SafeText::join(&[pair("esc", "back"), pair(&down, "down"), pair(&up, "up")], &safe!("  "))
        }
        Some(Layer::Edit { what: Editing::Redirect(_), .. }) => SafeText::join(
            &[pair("enter", "send"), pair("alt-enter", "new line"), pair("esc", "keep it for later")],
            &safe!("  "),
        ),
        Some(Layer::Edit { what, .. }) => {
            let words = if what.is_deed() { "do it" } else { "done" };
            SafeText::join(&[pair("enter", words), pair("esc", "leave it")], &safe!("  "))
        }
        None => {
            let listed = app.list().is_some();
            let here = app.keys.at(app.scope());
            let also = app.scope().also().into_iter().flat_map(|scope| app.keys.at(scope));
            let anywhere = app.keys.at(Scope::Anywhere).filter(|_| app.scope() != Scope::Anywhere);
            let hints: Vec<SafeText> = here
                .chain(also)
                .chain(anywhere)
                .filter(|(one, _)| !one.hint.is_empty() && (listed || one.command != Command::Filter))
                .filter_map(|(one, keys)| Some(pair(&keys.first()?.to_string(), one.hint)))
                .collect();
            SafeText::join(&hints, &safe!("  "))
        }
    };
    canvas.text(row, &safe!(" {}", hints));
}

fn pair(key: &str, words: &str) -> SafeText {
    safe!("{} {}", safe!("{}", key).styled(Style::strong()), safe!("{}", words).styled(Style::faint()))
}
