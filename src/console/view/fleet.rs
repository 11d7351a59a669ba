//! The live systems: how each is, and everything that is known of the selected one.

use super::split::{halves, name, nothing_passes, text};
use super::{empty, first_shown, inset, mark, rows, title};
use crate::console::app::{App, List};
use crate::domain::{AssetState, Reach};
use crate::protocol::AssetView;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let (listed, all) = (app.listed_assets(), app.fleet.all.get(&()));
    let count = all.and_then(Result::ok).map_or(0, Vec::len);
    let name = name(app, List::Assets, &safe!("Fleet"), listed.len(), count);
    if listed.is_empty() {
        let below = title(canvas, area, true, &name, &SafeText::empty());
        let words = match all {
            None => safe!("The engine is asked."),
            Some(Err(fault)) => safe!("The fleet cannot be shown: {}", fault.to_owned()),
            Some(Ok(_)) => nothing_passes(app, List::Assets).unwrap_or_else(|| {
                safe!(
                    "No live system is registered. `dogwatch asset add` registers a host, a container or this machine; the engine \
                     then looks at it now and then, and nothing is ever done there without a person's yes."
                )
            }),
        };
        empty(canvas, below, &words);
        return;
    }
    let halves = halves(app, area);
    let focused = !app.reading.inside;
    let below = title(canvas, halves.list, focused, &name, &standing(&listed));
    let selected = listed.iter().position(|view| Some(view.asset.id) == app.fleet.at);
    let first = first_shown(selected.unwrap_or(0), listed.len(), usize::from(below.height));
    for (row, (place, view)) in rows(below).zip(listed.iter().enumerate().skip(first)) {
        canvas.text(inset(row), &line(app, view, usize::from(row.width)));
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
    if halves.text.height > 0
        && let Some(view) = app.selected_asset()
    {
        let of = safe!("{} version {}", view.asset.spec.name, view.asset.version);
        text(app, canvas, halves.text, &of, &SafeText::empty());
    }
}

/// How many are not as they should be.
fn standing(listed: &[&AssetView]) -> SafeText {
    let down = listed
        .iter()
        .filter(|view| matches!(view.seen.as_ref().map(|seen| &seen.state), Some(AssetState::Down { .. })));
    match down.count() {
        0 => SafeText::empty(),
        down => safe!("{} down", down).styled(Style::fg(Colour::Red)),
    }
}

fn line(app: &App, view: &AssetView, width: usize) -> SafeText {
    let spec = &view.asset.spec;
    let critical = if spec.critical { safe!("!").styled(Style::strong()) } else { SafeText::empty() };
    let state = if spec.reach == Reach::Nowhere {
        safe!("known").styled(Style::faint())
    } else {
        words::asset::state(view.seen.as_ref())
    };
    let age = view.seen.as_ref().map_or_else(SafeText::empty, |seen| words::age(seen.at, app.now));
    let (load, memory, disk) = match view.seen.as_ref().map(|seen| &seen.state) {
        Some(AssetState::Up { vitals }) => {
            (words::asset::load(vitals), words::asset::memory(vitals), words::asset::disk(vitals))
        }
        _ => (SafeText::empty(), SafeText::empty(), SafeText::empty()),
    };
    // What narrow lists do without stands beside them.
    let wide = width >= 70;
    let numbers = if wide {
        safe!(" load {} mem {} disk {}", load.pad_left(5), memory.pad_left(4), disk.pad_left(4))
    } else {
        safe!(" {} {}", load.pad_left(5), disk.pad_left(4))
    };
    let numbers = if load.is_empty() { SafeText::empty().pad_right(if wide { 31 } else { 11 }) } else { numbers };
    let environment = spec.environment.as_ref().map_or_else(SafeText::empty, |word| safe!("{} ", word.as_str()));
    safe!(
        "{} {} {} {}{} {}{}",
        critical.pad_right(1),
        safe!("{}", spec.name).truncate(18).pad_right(18),
        state.pad_right(8),
        age.pad_left(4),
        numbers,
        environment,
        safe!("{}", spec.reach.place()).styled(Style::faint())
    )
}

/// One asset in full.
pub(super) fn told(app: &App, view: &AssetView) -> Vec<SafeText> {
    match app.fleet.known.get(&view.asset.id) {
        Some(Ok(whole)) => words::asset::page(whole, app.now),
        Some(Err(fault)) => vec![safe!("It cannot be shown: {}", fault.to_owned())],
        None => {
            let mut lines = words::asset::page(view, app.now);
            lines.push(safe!("The engine is asked for the rest.").styled(Style::faint()));
            lines
        }
    }
}
