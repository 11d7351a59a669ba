//! What lies at a place of the screen, for the mouse.

use super::split::halves;
use super::{arrange, first_shown, run};
use crate::console::app::{App, Page, Pane, Spot};
use ratatui::layout::{Position, Rect};

/// What a place of a screen of this size shows.
pub fn hit(app: &App, screen: Rect, column: u16, row: u16) -> Option<Spot> {
    let at = Position { x: column, y: row };
    let places = arrange(app, screen);
    if app.page == Page::Watch {
        let pane = places.at(column, row)?;
        let area = places.of(pane)?;
        let (selected, count) = match pane {
            Pane::Runs => place(app.listed().iter().map(|view| Some(view.run.id) == app.run)),
            Pane::Bugs => place(app.listed_bugs().iter().map(|bug| Some(bug.id) == app.bug)),
            Pane::Questions => place(app.waiting().iter().map(|one| Some(one.id()) == app.question)),
            Pane::Log => (0, 0),
        };
        return Some(Spot::Pane(pane, item(area, 1, row, selected, count)));
    }
    let halves = halves(app, places.page);
    if halves.text.contains(at) {
        return Some(Spot::Text);
    }
    if !halves.list.contains(at) {
        return None;
    }
    let (selected, count) = match app.page {
        Page::Approvals => place(app.waiting().iter().map(|one| Some(one.id()) == app.question)),
        Page::Bugs => place(app.listed_bugs().iter().map(|bug| Some(bug.id) == app.bug)),
        Page::Fleet => place(app.listed_assets().iter().map(|view| Some(view.asset.id) == app.fleet.at)),
        Page::Knowledge => place(app.listed_known().iter().map(|known| Some(known.item()) == app.knowledge.at)),
        Page::Audit => (app.audit.place(), app.audit.events.len()),
        Page::Run => {
            let number = app.one.iteration().map(|one| one.number);
            let iterations = app.one.shown().map(|detail| detail.iterations.as_slice()).unwrap_or_default();
            place(iterations.iter().map(|one| Some(one.number) == number))
        }
        Page::Watch | Page::Health | Page::Metrics | Page::Proposal => return None,
    };
    let heads = if app.page == Page::Run { 1 + run::heads(halves.list.height.saturating_sub(1)) } else { 1 };
    Some(Spot::List(item(halves.list, heads, row, selected, count)))
}

/// The place of the selected item, or the first, and how many there are.
fn place(mut selected: impl ExactSizeIterator<Item = bool>) -> (usize, usize) {
    let count = selected.len();
    (selected.position(|one| one).unwrap_or(0), count)
}

/// The item in a row of a list whose title and heads take so many rows.
fn item(area: Rect, heads: u16, row: u16, selected: usize, count: usize) -> Option<usize> {
    let below = row.checked_sub(area.y + heads)?;
    let first = first_shown(selected, count, usize::from(area.height.saturating_sub(heads)));
    Some(first + usize::from(below)).filter(|place| *place < count)
}
