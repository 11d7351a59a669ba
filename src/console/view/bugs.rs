//! The bug table.

use super::{empty, first_shown, mark, rows, title};
use crate::console::app::App;
use crate::domain::Bug;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let below = title(canvas, area, focused, &safe!("Bugs {}", app.bugs.len()), &SafeText::empty());
    if app.bugs.is_empty() {
        empty(canvas, below, &safe!("No bug is open. What tests of any run find is kept here until it is solved."));
        return;
    }
    list(app, canvas, below, focused);
}

fn list(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let first = first_shown(app.bug, app.bugs.len(), usize::from(area.height));
    for (row, (place, bug)) in rows(area).zip(app.bugs.iter().enumerate().skip(first)) {
        let words = safe!(
            "{} {} {} {} {}",
            safe!("{}", bug.id).pad_right(5),
            safe!("{}x", bug.seen).pad_left(4),
            words::ago(bug.last_seen, app.now).pad_right(7),
            safe!("{}", bug.kind).truncate(24),
            safe!("{}", bug.message)
        );
        canvas.text(row, &words);
        if place == app.bug {
            mark(canvas, row, focused);
        }
    }
}

/// The whole screen: the list above, the selected bug below.
pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let above = Rect { height: area.height - area.height / 3, ..area };
    let below = title(canvas, above, true, &safe!("Bugs {}", app.bugs.len()), &SafeText::empty());
    if app.bugs.is_empty() {
        let words = safe!(
            "No bug is open. A failing test, a panic or an error that a run's tests show becomes a bug; each is listed once, however \
             many runs and iterations see it, with what was tried against it."
        );
        empty(canvas, below, &words);
        return;
    }
    list(app, canvas, below, true);
    let Some(bug) = app.bugs.get(app.bug) else { return };
    let rest = Rect { y: above.bottom(), height: area.bottom().saturating_sub(above.bottom()), ..area };
    let body = title(canvas, rest, false, &safe!("{}", bug.id), &safe!("seen {} times", bug.seen));
    let width = usize::from(body.width.saturating_sub(2)).max(2);
    let lines = told(app, bug).into_iter().flat_map(|line| line.wrap(width));
    for (row, line) in rows(body).zip(lines) {
        canvas.text(Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row }, &line);
    }
}

fn told(app: &App, bug: &Bug) -> Vec<SafeText> {
    vec![
        safe!("{}", bug.kind).styled(Style::strong()),
        safe!("{}", bug.message),
        SafeText::empty(),
        safe!(
            "first seen by {} {} ago, last seen {} ago",
            bug.first_run,
            words::ago(bug.first_seen, app.now),
            words::ago(bug.last_seen, app.now)
        ),
        safe!("fingerprint {}", bug.exact.0.clone()).styled(Style::faint()),
    ]
}
