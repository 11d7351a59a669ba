//! The line at the top, which says how things stand.

use crate::console::app::{App, Connection, Page};
use crate::console::keymap::Command;
use crate::domain::RunState;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// Columns from which the name of the program is shown, and how many runs are queued.
const ROOMY: u16 = 100;

pub(super) fn top(app: &App, canvas: &mut Canvas<'_>, row: Rect) {
    let name = safe!(" dogwatch ").styled(Style { reverse: true, ..Style::strong() });
    // Where there is little room, what waits is told before whose screen it is.
    let mut used = if row.width < ROOMY { 0 } else { canvas.text(row, &name) };
    let words = safe!(" {} ", standing(app, row.width >= ROOMY));
    let pages = [
        (Command::Watch, Page::Watch, safe!("watch")),
        (Command::Approvals, Page::Approvals, safe!("approvals")),
        (Command::Bugs, Page::Bugs, safe!("bugs")),
        (Command::Health, Page::Health, safe!("health")),
        (Command::Audit, Page::Audit, safe!("audit")),
        (Command::Fleet, Page::Fleet, safe!("fleet")),
        (Command::Knowledge, Page::Knowledge, safe!("knowledge")),
        (Command::Metrics, Page::Metrics, safe!("metrics")),
    ]
    .map(|(command, page, name)| (page, safe!("{}", app.keys.first(command)), name));
    // Where both do not fit, the screens are told by their keys alone.
    let full: usize = pages.iter().map(|(_, key, name)| key.width() + name.width() + 2).sum();
    let fits = usize::from(used) + full + words.width() <= usize::from(row.width);
    let mut put = |text: &SafeText| {
        let rest = Rect { x: row.x + used, width: row.width - used, ..row };
        used += canvas.text(rest, &safe!(" {}", text));
    };
    for (page, key, name) in pages {
        let words = if fits || page == app.page { safe!("{} {}", key, name) } else { key };
        put(&if page == app.page {
            words.styled(Style { underline: true, ..Style::strong() })
        } else {
            words.styled(Style::faint())
        });
    }
    let rest = Rect { x: row.x + used, width: row.width - used, ..row };
    canvas.text_right(rest, &words);
}

/// One person decided for two somewhere: every console says so until somebody else has looked at it.
pub(super) fn banner(app: &App, canvas: &mut Canvas<'_>, row: Rect) {
    if row.height == 0 {
        return;
    }
    let which: Vec<SafeText> = app.unreviewed().map(|brief| safe!("{} on {}", brief.id, brief.asset)).collect();
    let words =
        safe!(" BREAK-GLASS: one person decided for two, look at it: {} ", SafeText::join(&which, &safe!(", ")));
    canvas.text(row, &super::urgent(&words));
}

/// The connection and what waits, the gravest first.
fn standing(app: &App, roomy: bool) -> SafeText {
    let mut parts = Vec::new();
    match &app.connection {
        Connection::Opening => parts.push(safe!("looking for the engine").styled(Style::fg(Colour::Magenta))),
        Connection::Down(_) => parts.push(safe!("NO ENGINE, looking again").styled(Style::fg(Colour::Red).bold())),
        Connection::Up(_) => {
            if let Some(since) = app.slow {
                let words = safe!("ENGINE SILENT for {}", words::span(app.now.since(since)));
                parts.push(words.styled(Style::fg(Colour::Red).bold()));
            }
        }
    }
    if app.alarm.is_some() {
        parts.push(super::urgent(&safe!(" AUDIT LOG CHANGED, see health ")));
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
    let needing = app.needing();
    if needing > 0 {
        parts.push(super::urgent(&safe!(" {} waiting for you ", needing)));
    }
    if app.status.as_ref().is_some_and(|status| status.stale.is_some()) {
        // After what waits, which people must see on a narrow screen, too.
        parts.push(safe!("CONFIG CHANGED, see health").styled(Style::fg(Colour::Magenta)));
    }
    let count = |counts: fn(RunState) -> bool| app.runs.values().filter(|view| counts(view.run.state)).count();
    let queued = count(|state| state == RunState::Queued);
    let at_work = count(|state| !state.is_final() && !state.awaits_person() && state != RunState::Queued);
    parts.push(safe!("{} at work", at_work));
    if queued > 0 && roomy {
        parts.push(safe!("{} queued", queued));
    }
    if app.read_only {
        parts.push(safe!("read-only"));
    }
    SafeText::join(&parts, &safe!(" · "))
}
