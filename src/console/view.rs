//! What the console shows: one file a part. Everything is drawn by way of [`Canvas`], which takes safe text only.

mod approvals;
mod arrange;
mod audit;
mod bars;
mod bugs;
mod decide;
mod fields;
mod fleet;
mod health;
mod hints;
mod hit;
mod knowledge;
mod log;
mod messages;
mod metrics;
mod odd;
mod plot;
mod proposal;
mod redirect;
mod rollback;
mod run;
mod runs;
mod split;
mod status;
mod tour;
mod trend;

pub use arrange::arrange;
pub use hit::hit;
pub use split::settle;

use super::app::{App, Editing, Layer, Page, Pane};
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use arrange::Places;
use ratatui::layout::{Position, Rect};

/// What a screen must have to be of use.
const LEAST: (u16, u16) = (40, 10);

/// Paints everything; gives the place of the cursor where one is seen.
pub fn paint(app: &App, canvas: &mut Canvas<'_>) -> Option<Position> {
    let area = canvas.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let words = safe!("dogwatch needs {}x{}; this is {}x{}", LEAST.0, LEAST.1, area.width, area.height);
        let mut row = Rect { height: 1, ..area };
        for line in words.wrap(usize::from(area.width)) {
            canvas.text(row.intersection(area), &line);
            row.y = row.y.saturating_add(1);
        }
        return None;
    }
    let places = arrange(app, area);
    bars::top(app, canvas, places.top);
    bars::banner(app, canvas, places.banner);
    match app.page {
        Page::Watch => watch(app, canvas, &places),
        Page::Approvals => approvals::page(app, canvas, places.page),
        Page::Bugs => bugs::page(app, canvas, places.page),
        Page::Health => health::page(app, canvas, places.page),
        Page::Audit => audit::page(app, canvas, places.page),
        Page::Fleet => fleet::page(app, canvas, places.page),
        Page::Knowledge => knowledge::page(app, canvas, places.page),
        Page::Metrics => metrics::page(app, canvas, places.page),
        Page::Run => run::page(app, canvas, places.page),
        Page::Proposal => proposal::page(app, canvas, places.page),
    }
    status::line(app, canvas, places.status);
    hints::message(app, canvas, places.message);
    hints::line(app, canvas, places.bottom, places.message.height == 0);
    match &app.layer {
        None => None,
        Some(Layer::Help { top }) => {
            fields::help(app, canvas, places.page, *top);
            None
        }
        Some(Layer::Tour { top }) => {
            tour::tour(app, canvas, places.page, *top);
            None
        }
        Some(Layer::Messages { top }) => {
            messages::messages(app, canvas, places.page, *top);
            None
        }
        Some(Layer::Edit { what: Editing::Redirect(run), text, .. }) => {
            redirect::edit(app, canvas, places.page, *run, text)
        }
        Some(Layer::Edit { what, text, chosen, .. }) => fields::edit(app, canvas, places.page, (*what, text, *chosen)),
    }
}

fn watch(app: &App, canvas: &mut Canvas<'_>, places: &Places) {
    if let Some(between) = places.between {
        canvas.fill(between, &safe!("│").styled(Style::faint()));
    }
    for (pane, area) in &places.panes {
        let focused = *pane == app.pane;
        match pane {
            Pane::Runs => runs::pane(app, canvas, *area, focused),
            Pane::Log => log::pane(app, canvas, *area, focused),
            Pane::Bugs => bugs::pane(app, canvas, *area, focused),
            Pane::Questions => approvals::pane(app, canvas, *area, focused),
        }
    }
}

/// Draws a pane's title line and gives what is below it.
fn title(canvas: &mut Canvas<'_>, area: Rect, focused: bool, name: &SafeText, right: &SafeText) -> Rect {
    let row = Rect { height: area.height.min(1), ..area };
    canvas.fill(row, &safe!("─").styled(Style::faint()));
    // Not by colour alone: the pane with the keys has a mark and bold letters.
    let name = if focused {
        safe!("▌{} ", name).styled(Style::strong())
    } else {
        safe!(" {} ", name).styled(Style::faint())
    };
    let used = canvas.text(row, &name);
    if !right.is_empty() {
        let rest = Rect { x: row.x + used, width: row.width - used, ..row };
        canvas.text_right(rest, &safe!(" {} ", right));
    }
    Rect { y: area.y + row.height, height: area.height - row.height, ..area }
}

/// The rows of an area, from the top.
fn rows(area: Rect) -> impl Iterator<Item = Rect> {
    (area.top()..area.bottom()).map(move |y| Rect { y, height: 1, ..area })
}

/// The first of `count` items to show in `rows` rows so that the selected one is seen.
fn first_shown(selected: usize, count: usize, rows: usize) -> usize {
    let last = count.saturating_sub(rows);
    selected.saturating_sub(rows.saturating_sub(1) / 2).min(last)
}

/// Marks the selected row. Reversed where the list has the keys, underlined where another has them.
fn mark(canvas: &mut Canvas<'_>, row: Rect, focused: bool) {
    if focused {
        canvas.bar(row);
    } else {
        canvas.shade(row, Style { underline: true, ..Style::PLAIN });
    }
}

/// What an empty list says in its place.
fn empty(canvas: &mut Canvas<'_>, area: Rect, words: &SafeText) {
    let lines = words.flow(usize::from(area.width.saturating_sub(2)).max(2));
    for (row, line) in rows(area).zip(lines) {
        canvas.text(Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row }, &line.styled(Style::faint()));
    }
}

/// What needs a person: dark on yellow, which stands out on light and dark terminals alike; bold where there is no colour.
const URGENT: Style = Style { bg: Some(Colour::Yellow), ..Style::fg(Colour::Black).bold() };

/// Something that needs a person, in few words.
fn urgent(words: &SafeText) -> SafeText {
    words.styled(URGENT)
}

/// A row of a list without its edges, so that its text begins below the words of the title and touches nothing.
fn inset(row: Rect) -> Rect {
    Rect { x: row.x + row.width.min(1), width: row.width.saturating_sub(2), ..row }
}
