//! Who gets which part of the screen.

use super::hints;
use crate::console::app::{App, Page, Pane};
use ratatui::layout::Rect;

/// Columns from which two columns of panes are shown.
const WIDE: u16 = 100;
/// Columns below which only two panes are shown.
const NARROW: u16 = 60;
/// Columns that a column of panes keeps.
const LEAST_COLUMN: u16 = 24;
/// Rows from which there is a line of its own for how the engine is.
const ROOMY: u16 = 20;

/// The parts of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The line at the top.
    pub top: Rect,
    /// What nobody may overlook, on every screen; empty where there is nothing of the kind.
    pub banner: Rect,
    /// Everything between the two lines.
    pub page: Rect,
    /// The line that says how the engine is; empty where the screen is low.
    pub status: Rect,
    /// What was done or went wrong, where that does not fit into the bottom line or that is wanted for keys.
    pub message: Rect,
    /// The line at the bottom.
    pub bottom: Rect,
    /// The panes of the watch that are shown.
    pub panes: Vec<(Pane, Rect)>,
    /// The line between two columns.
    pub between: Option<Rect>,
}

impl Places {
    /// The pane at a place of the screen.
    pub fn at(&self, column: u16, row: u16) -> Option<Pane> {
        self.panes.iter().find(|(_, area)| area.contains((column, row).into())).map(|(pane, _)| *pane)
    }

    /// The area of a pane, if it is shown.
    pub fn of(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(one, _)| *one == pane).map(|(_, area)| *area)
    }
}

/// Divides the screen.
pub fn arrange(app: &App, area: Rect) -> Places {
    let (top, rest) = split(area, 1);
    let (banner, rest) = split(rest, u16::from(app.unreviewed().next().is_some()));
    let (rest, bottom) = split(rest, rest.height.saturating_sub(1));
    let (rest, message) = split(rest, rest.height.saturating_sub(hints::message_rows(app, area)));
    let (page, status) = split(rest, rest.height.saturating_sub(u16::from(area.height >= ROOMY)));
    let mut places = Places { top, banner, page, status, message, bottom, panes: Vec::new(), between: None };
    if app.page != Page::Watch {
        return places;
    }
    if app.zoom {
        places.panes.push((app.pane, page));
    } else if page.width >= WIDE {
        columns(app, page, &mut places);
    } else if page.width >= NARROW && page.height >= 16 {
        let third = page.height / 3;
        let list = |pane| wanted(app, pane).min(third / 2 + 1).max(2);
        let panes = [
            (Pane::Runs, wanted(app, Pane::Runs).clamp(3, third.max(3))),
            (Pane::Log, page.height),
            (Pane::Questions, list(Pane::Questions)),
            (Pane::Bugs, list(Pane::Bugs)),
        ];
        places.panes = stack(app, page, Pane::Log, &panes);
    } else {
        let other = if app.pane == Pane::Runs { Pane::Log } else { app.pane };
        let runs = wanted(app, Pane::Runs).min(page.height / 2).max(3);
        places.panes = stack(app, page, other, &[(Pane::Runs, runs), (other, page.height)]);
    }
    places
}

/// Rows that a list would like to have, its title counted.
fn wanted(app: &App, pane: Pane) -> u16 {
    let items = match pane {
        Pane::Runs => app.listed().len(),
        Pane::Bugs => app.listed_bugs().len(),
        Pane::Questions => app.waiting().len(),
        Pane::Log => 0,
    };
    u16::try_from(items.max(1)).unwrap_or(u16::MAX).saturating_add(1)
}

fn columns(app: &App, page: Rect, places: &mut Places) {
    let half = i32::from((page.width / 20 * 11).clamp(48, 110)) + i32::from(app.sizes.left);
    let widest = i32::from(page.width.saturating_sub(LEAST_COLUMN)).max(1);
    let left = u16::try_from(half.clamp(i32::from(LEAST_COLUMN).min(widest), widest)).unwrap_or(page.width / 2);
    let (left, right) =
        (Rect { width: left, ..page }, Rect { x: page.x + left + 1, width: page.width - left - 1, ..page });
    places.between = Some(Rect { x: left.right(), width: 1, ..page });
    let runs = wanted(app, Pane::Runs).saturating_add(1).clamp(page.height * 2 / 5, page.height * 3 / 4);
    let questions = wanted(app, Pane::Questions).min(page.height / 3).max(3);
    places.panes = stack(app, left, Pane::Bugs, &[(Pane::Runs, runs), (Pane::Bugs, page.height)]);
    places.panes.extend(stack(app, right, Pane::Log, &[(Pane::Log, page.height), (Pane::Questions, questions)]));
}

/// Panes one above the other. Each has the rows it would like and what people gave it; `filler` has the rest, or where only its
/// title is shown, the last one that is open.
fn stack(app: &App, area: Rect, filler: Pane, panes: &[(Pane, u16)]) -> Vec<(Pane, Rect)> {
    let open = |pane: Pane| !app.sizes.is_collapsed(pane);
    let last_open = panes.iter().rev().map(|(pane, _)| *pane).find(|pane| open(*pane));
    let filler = if open(filler) { filler } else { last_open.unwrap_or(filler) };
    let titles = u16::try_from(panes.len()).unwrap_or(u16::MAX);
    // Each needs its title, and one row below it where it is open.
    let mut free = area.height.saturating_sub(titles);
    let mut rows = Vec::new();
    for (pane, liked) in panes.iter().filter(|(pane, _)| *pane != filler) {
        let given = app.sizes.rows(*pane) - app.sizes.rows(filler);
        let below = i32::from(liked.saturating_sub(1)) + i32::from(given);
        // The filler keeps a row as well.
        let below = if open(*pane) { below.clamp(1, i32::from(free.saturating_sub(1)).max(1)) } else { 0 };
        let below = u16::try_from(below).unwrap_or(0).min(free);
        free -= below;
        rows.push((*pane, 1 + below));
    }
    let mut rest = area;
    panes
        .iter()
        .map(|(pane, _)| {
            let height = rows.iter().find(|(one, _)| one == pane).map_or(1 + free, |(_, height)| *height);
            let (above, below) = split(rest, height);
            rest = below;
            (*pane, above)
        })
        .collect()
}

/// The first rows of an area and the others.
fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}
