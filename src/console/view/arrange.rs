//! Who gets which part of the screen.

use crate::console::app::{App, Page, Pane};
use ratatui::layout::Rect;

/// Columns from which two columns of panes are shown.
const WIDE: u16 = 100;
/// Columns below which only two panes are shown, one above the other.
const NARROW: u16 = 60;

/// The parts of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The line at the top.
    pub top: Rect,
    /// Everything between the two lines.
    pub page: Rect,
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
    let (page, bottom) = split(rest, rest.height.saturating_sub(1));
    let mut places = Places { top, page, bottom, panes: Vec::new(), between: None };
    if app.page != Page::Watch {
        return places;
    }
    if app.zoom {
        places.panes.push((app.pane, page));
    } else if page.width >= WIDE {
        columns(app, page, &mut places);
    } else if page.width >= NARROW && page.height >= 16 {
        stack(app, page, &mut places);
    } else {
        let other = if app.pane == Pane::Runs { Pane::Log } else { app.pane };
        let (above, below) = split(page, wanted(app, Pane::Runs).min(page.height / 2).max(3));
        places.panes.extend([(Pane::Runs, above), (other, below)]);
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
    let left = (page.width / 2).clamp(48, 96);
    let (left, right) =
        (Rect { width: left, ..page }, Rect { x: page.x + left + 1, width: page.width - left - 1, ..page });
    places.between = Some(Rect { x: left.right(), width: 1, ..page });
    let runs = wanted(app, Pane::Runs).saturating_add(1).clamp(page.height * 2 / 5, page.height * 3 / 4);
    let (runs, bugs) = split(left, runs);
    let questions = wanted(app, Pane::Questions).min(page.height / 3).max(3);
    let (log, questions) = split(right, right.height.saturating_sub(questions));
    places.panes.extend([(Pane::Runs, runs), (Pane::Log, log), (Pane::Bugs, bugs), (Pane::Questions, questions)]);
}

fn stack(app: &App, page: Rect, places: &mut Places) {
    let third = page.height / 3;
    let runs = wanted(app, Pane::Runs).clamp(3, third.max(3));
    let questions = wanted(app, Pane::Questions).min(third / 2 + 1).max(2);
    let bugs = wanted(app, Pane::Bugs).min(third / 2 + 1).max(2);
    let (runs_area, rest) = split(page, runs);
    let (log, rest) = split(rest, rest.height.saturating_sub(questions + bugs));
    let (questions_area, bugs_area) = split(rest, questions);
    places.panes.extend([
        (Pane::Runs, runs_area),
        (Pane::Log, log),
        (Pane::Questions, questions_area),
        (Pane::Bugs, bugs_area),
    ]);
}

/// The first rows of an area and the others.
fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}
