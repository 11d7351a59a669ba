//! Screens with a list and what is selected in full below it, or beside it where there is the width. The text is never cut: it is wrapped and scrolls.

use super::{approvals, arrange, audit, bugs, fields, fleet, knowledge, metrics, proposal, rows, run, title};
use crate::console::app::{App, List, Of, Page, Tab, Waiting};
use crate::console::keymap::Command;
use crate::domain::RunId;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use ratatui::layout::Rect;

/// Rows below which only the part with the keys is shown.
const LOW: u16 = 12;

/// Columns from which the text stands beside the list instead of below it.
const WIDE: u16 = 160;

/// The two parts. One of them may have no room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Halves {
    pub list: Rect,
    pub text: Rect,
}

/// Divides a screen.
pub(super) fn halves(app: &App, page: Rect) -> Halves {
    let inside = app.reading.inside;
    if app.page == Page::Metrics {
        return Halves { list: page, text: Rect { height: 0, y: page.bottom(), ..page } };
    }
    if app.page == Page::Proposal {
        return Halves { list: Rect { height: 0, ..page }, text: proposal::body(page) };
    }
    if page.width >= WIDE && page.height >= LOW && !app.zoom && !app.page.is_one() {
        let list = Rect { width: page.width / 2, ..page };
        let text = Rect { x: list.right() + 1, width: page.width - list.width - 1, ..page };
        return Halves { list, text };
    }
    let list = match (app.zoom || page.height < LOW, inside) {
        (true, true) => 0,
        (true, false) => page.height,
        (false, _) => {
            let wanted = u16::try_from(items(app)).unwrap_or(u16::MAX).saturating_add(1);
            wanted.clamp(3, (page.height * 2 / 5).max(3))
        }
    };
    let text = page.height - list;
    Halves { list: Rect { height: list, ..page }, text: Rect { y: page.y + list, height: text, ..page } }
}

/// Rows that the list would like to have below its title.
fn items(app: &App) -> usize {
    match app.page {
        Page::Approvals => app.waiting().len(),
        Page::Bugs => app.listed_bugs().len(),
        Page::Audit => app.audit.events.len(),
        Page::Fleet => app.listed_assets().len(),
        Page::Knowledge => app.listed_known().len(),
        Page::Run => run::rows_wanted(app),
        Page::Watch | Page::Health | Page::Metrics | Page::Proposal => 0,
    }
}

/// What the text beside the list is, with its lines for this width.
enum Told {
    Lines(Vec<SafeText>),
    /// A diff is too long to become text as a whole.
    Diff,
}

fn told(app: &App) -> Option<(Of, Told)> {
    let found = match app.page {
        Page::Approvals => {
            let one = app.waiting().into_iter().find(|one| Some(one.id()) == app.question)?;
            let lines = match one {
                Waiting::Asked(question) => approvals::told(app, question),
                Waiting::Proposed(brief) => approvals::told_briefly(app, brief),
            };
            (Of::Question(one.id()), Told::Lines(lines))
        }
        Page::Bugs => {
            let bug = app.listed_bugs().into_iter().find(|bug| Some(bug.id) == app.bug)?;
            (Of::Bug(bug.id), Told::Lines(bugs::told(app, bug)))
        }
        Page::Fleet => {
            let view = app.selected_asset()?;
            (Of::Asset(view.asset.id), Told::Lines(fleet::told(app, view)))
        }
        Page::Knowledge => {
            let known = app.selected_known()?;
            (Of::Known(known.item()), Told::Lines(knowledge::told(app, known)))
        }
        Page::Audit => {
            let event = app.audit.selected()?;
            (Of::Event(event.record.seq), Told::Lines(audit::told(app, event)))
        }
        Page::Run => {
            let one = app.one.iteration()?;
            let of = Of::Round(one.run, one.number, app.one.tab);
            let diff = app.one.tab == Tab::Diff
                && app
                    .one
                    .diff_key()
                    .is_some_and(|key| matches!(app.one.diff.get(&key), Some(Ok(diff)) if diff.len() > 0));
            (of, if diff { Told::Diff } else { Told::Lines(run::told(app, one)) })
        }
        Page::Watch | Page::Health | Page::Metrics | Page::Proposal => return None,
    };
    Some(found)
}

/// Makes the lines of the text that are in view, for a screen of this size.
pub fn settle(app: &mut App, area: Rect) {
    let page = arrange::arrange(app, area).page;
    app.metrics.top = app.metrics.top.min(metrics::last_top(page));
    fields::settle(app, page);
    let text = halves(app, page).text;
    let width = usize::from(text.width.saturating_sub(2)).max(2);
    if app.page == Page::Proposal {
        return settle_proposal(app, area, width, usize::from(text.height));
    }
    let free = usize::from(text.height.saturating_sub(1));
    let (of, lines) = match told(app) {
        None => (None, Vec::new()),
        // Of what is decided on, and of records, every blank counts.
        Some((of @ (Of::Question(_) | Of::Event(_)), Told::Lines(lines))) => {
            (Some(of), lines.iter().flat_map(|line| line.wrap(width)).collect())
        }
        Some((of, Told::Lines(lines))) => (Some(of), lines.iter().flat_map(|line| line.flow(width)).collect()),
        Some((of, Told::Diff)) => {
            let total = app.one.diff.ok().map_or(0, crate::console::diff::Diff::len);
            let shown = app.reading.turn(Some(of), total, free);
            let diff = app.one.diff.ok();
            app.reading.lines = shown.filter_map(|number| diff?.line(number)).collect();
            return;
        }
    };
    let shown = app.reading.turn(of, lines.len(), free);
    app.reading.lines = lines.get(shown).unwrap_or_default().to_vec();
}

/// The same for the dialog, whose rows are kept, with which of them were on the screen.
fn settle_proposal(app: &mut App, area: Rect, width: usize, free: usize) {
    app.dialog.settle(width, (area.width, area.height), app.ascii, proposal::lines);
    let known = app.dialog.shown().is_some();
    let total = if known { app.dialog.rows.len() } else { 0 };
    let shown = app.reading.turn(app.dialog.id.map(Of::Proposal), total, free);
    app.reading.lines = app.dialog.rows.get(shown.clone()).to_vec();
    app.frame_proposal(shown);
}

/// Draws the text below its title.
pub(super) fn text(app: &App, canvas: &mut Canvas<'_>, area: Rect, name: &SafeText, right: &SafeText) {
    let reading = &app.reading;
    // A text beside its list has a line between them.
    if let Some(x) = area.x.checked_sub(1) {
        canvas.fill(Rect { x, width: 1, ..area }, &safe!("│").styled(Style::faint()));
    }
    let place = if reading.total > reading.rows {
        let last = (reading.top + reading.rows).min(reading.total);
        safe!("{}-{} of {}", reading.top + 1, last, reading.total)
    } else {
        SafeText::empty()
    };
    let parts = [right.clone(), place];
    let right = SafeText::join(parts.iter().filter(|part| !part.is_empty()), &safe!(" · "));
    let body = title(canvas, area, reading.inside, name, &right);
    for (row, line) in rows(body).zip(&reading.lines) {
        let row = Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row };
        if reading.side == 0 {
            canvas.text(row, line);
        } else {
            canvas.text_from(row, line, reading.side);
        }
    }
}

/// The name of a list with what it is filtered by and how many of its items are listed.
pub(super) fn name(app: &App, list: List, name: &SafeText, listed: usize, all: usize) -> SafeText {
    let filter = app.filters.of(list);
    let name = if filter.is_empty() {
        safe!("{} {}", name, listed)
    } else {
        safe!("{} {} of {} /{}", name, listed, all, filter)
    };
    // Runs that are not over are all there, whatever else is left out.
    let whole = !app.cut.contains(&list) || (list == List::Runs && !app.all);
    if whole { name } else { safe!("{}, older ones left out", name) }
}

/// What a list says that a filter has emptied.
pub(super) fn nothing_passes(app: &App, list: List) -> Option<SafeText> {
    let filter = app.filters.of(list);
    let keys = [Command::Back, Command::Filter].map(|command| app.keys.first(command));
    let [back, change] = keys.map(|key| safe!("{}", key));
    (!filter.is_empty()).then(|| {
        safe!("Nothing here passes the filter `{}`. {} shows everything again, {} changes it.", filter, back, change)
    })
}

/// Which run opens from a text that has the keys.
pub(super) fn opens(app: &App, run: RunId) -> SafeText {
    safe!("{}: {}", app.keys.first(Command::Open), run)
}
