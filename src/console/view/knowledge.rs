//! What is wanted, tested by a clock and taught, and the selected one in full.

use super::split::{halves, name, nothing_passes, opens, text};
use super::{empty, first_shown, inset, mark, rows, title};
use crate::console::app::{App, Known, List};
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// Columns of a project's name.
const PROJECT: usize = 12;

pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let listed = app.listed_known();
    let name = name(app, List::Known, &safe!("Knowledge"), listed.len(), app.knowledge.count());
    if listed.is_empty() {
        let below = title(canvas, area, true, &name, &SafeText::empty());
        empty(canvas, below, &nothing(app));
        return;
    }
    let halves = halves(app, area);
    let focused = !app.reading.inside;
    let below = title(canvas, halves.list, focused, &name, &SafeText::empty());
    let selected = listed.iter().position(|known| Some(known.item()) == app.knowledge.at);
    let first = first_shown(selected.unwrap_or(0), listed.len(), usize::from(below.height));
    for (row, (place, known)) in rows(below).zip(listed.iter().enumerate().skip(first)) {
        canvas.text(inset(row), &line(app, *known));
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
    if halves.text.height > 0
        && let Some(known) = app.selected_known()
    {
        let right = app.run_beside().map_or_else(SafeText::empty, |run| opens(app, run));
        text(app, canvas, halves.text, &head(known), &right);
    }
}

/// Why nothing is listed.
fn nothing(app: &App) -> SafeText {
    if let Some(fault) = app.knowledge.fault() {
        return safe!("What is known cannot be shown: {}", fault.to_owned());
    }
    if !app.knowledge.is_there() {
        return safe!("The engine is asked.");
    }
    nothing_passes(app, List::Known).unwrap_or_else(|| {
        safe!(
            "Nothing is wanted, scheduled or taught yet. `dogwatch feature add` keeps what you want of a project, `dogwatch task add` \
             has its suites run by a clock, `dogwatch dataset add` registers data for them, and `dogwatch lesson add` teaches its agents \
             something."
        )
    })
}

fn head(known: Known<'_>) -> SafeText {
    match known {
        Known::Feature(view) => safe!("{} of {}", view.feature.id, view.project),
        Known::Task(view) => safe!("{} of {}", view.schedule.id, view.project),
        Known::Dataset(view) => safe!("{}", view.dataset.name),
        Known::Lesson(view) => safe!("{} of {}", view.lesson.id, view.project),
    }
}

fn line(app: &App, known: Known<'_>) -> SafeText {
    let (id, kind, state, project, words) = match known {
        Known::Feature(view) => {
            let feature = &view.feature;
            let state = words::feature::state(view.state);
            (safe!("{}", feature.id), safe!("feature"), state, view.project.as_str(), safe!("{}", feature.title))
        }
        Known::Task(view) => {
            let (next, last) = (words::schedule::next(&view.schedule, app.now), words::schedule::last(view));
            let words = safe!("{}: {}", words::schedule::what(&view.schedule), last);
            (safe!("{}", view.schedule.id), safe!("tests"), next, view.project.as_str(), words)
        }
        Known::Lesson(view) => {
            let quoted = if view.quoted { safe!("quoted") } else { safe!("no room").styled(Style::faint()) };
            let text = safe!("{}", view.lesson.text);
            (safe!("{}", view.lesson.id), safe!("lesson"), quoted, view.project.as_str(), text)
        }
        Known::Dataset(view) => {
            let (dataset, whose) = (&view.dataset, view.project.as_deref().unwrap_or("any"));
            let words = safe!("{}: {}", dataset.name, dataset.path);
            (safe!("{}", dataset.id), safe!("data"), words::dataset::state(dataset.state), whose, words)
        }
    };
    safe!(
        "{} {} {} {} {}",
        id.pad_right(5),
        kind.pad_right(7),
        state.truncate(10).pad_right(10),
        safe!("{}", project).truncate(PROJECT).pad_right(PROJECT),
        words
    )
}

/// One in full.
pub(super) fn told(app: &App, known: Known<'_>) -> Vec<SafeText> {
    let (lines, fault) = match known {
        Known::Feature(view) => match app.knowledge.feature.get(&view.feature.id) {
            Some(Ok(detail)) => (Some(words::feature::told(detail)), None),
            Some(Err(fault)) => (None, Some(fault)),
            None => (None, None),
        },
        Known::Task(view) => match app.knowledge.task.get(&view.schedule.id) {
            Some(Ok(detail)) => (Some(words::schedule::told(detail, app.now)), None),
            Some(Err(fault)) => (None, Some(fault)),
            None => (None, None),
        },
        Known::Dataset(view) => (Some(words::dataset::told(view)), None),
        Known::Lesson(view) => (Some(words::lesson::told(view)), None),
    };
    match (lines, fault) {
        (Some(lines), _) => lines,
        (None, Some(fault)) => vec![safe!("It cannot be shown: {}", fault.to_owned())],
        (None, None) => vec![safe!("The engine is asked.").styled(Style::faint())],
    }
}
