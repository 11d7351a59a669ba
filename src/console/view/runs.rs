//! The list of runs.

use super::split::{name, nothing_passes};
use super::{URGENT, empty, first_shown, inset, mark, rows, title, trend};
use crate::console::app::{App, List};
use crate::console::keymap::Command;
use crate::domain::{LiveFate, Run, RunState};
use crate::protocol::RunView;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// Columns of the iteration and the cap.
const ITERATION: u16 = 7;
/// Columns from which some of the newest iterations have a bar for their failed tests, and from which more have.
const FEW_BARS: u16 = 60;
const MANY_BARS: u16 = 70;
/// Most columns of a project's name.
const PROJECT: u16 = 14;
/// Columns from which cost, project and task are told as well.
const WIDE: u16 = 90;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let listed = app.listed();
    let over = app.runs.len() - app.runs.values().filter(|view| !view.run.state.is_final()).count();
    let right = if app.all { safe!("{} over", over) } else { SafeText::empty() };
    // Those that would be listed without a filter.
    let all = app.runs.len() - if app.all { 0 } else { over };
    let below = title(canvas, area, focused, &name(app, List::Runs, &safe!("Runs"), listed.len(), all), &right);
    if listed.is_empty() {
        let words = if let Some(words) = nothing_passes(app, List::Runs) {
            words
        } else if over > 0 {
            let key = app.keys.first(Command::All);
            let many = if app.cut.contains(&List::Runs) {
                safe!("More than {} are over: `{}` shows the newest.", over, key)
            } else {
                safe!("{} are over: `{}` shows them.", over, key)
            };
            safe!("No run is at work. {} `dogwatch run TASK` starts one.", many)
        } else {
            safe!("No runs yet. In a repository, `dogwatch init` and `dogwatch run TASK` start the first one.")
        };
        empty(canvas, below, &words);
        return;
    }
    let selected = listed.iter().position(|view| Some(view.run.id) == app.run);
    let first = first_shown(selected.unwrap_or(0), listed.len(), usize::from(below.height));
    let project = listed.iter().map(|view| safe!("{}", view.project).width()).max().unwrap_or(0);
    let project = u16::try_from(project).unwrap_or(PROJECT).min(PROJECT);
    for (row, (place, view)) in rows(below).zip(listed.iter().enumerate().skip(first)) {
        line(app, canvas, row, view, project);
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
}

/// One run, its project in so many columns: a mark, its id, its state, the iteration, tests and how they went, and in the rest what it waits for or what it is about.
fn line(app: &App, canvas: &mut Canvas<'_>, row: Rect, view: &RunView, project: u16) {
    let run = &view.run;
    let (sign, state) = standing(run);
    let slow = view.slow && !run.state.is_final() && !run.state.awaits_person();
    let sign = if slow { safe!("~").styled(Style::fg(Colour::Magenta).bold()) } else { sign };
    let tests = view.tests.map_or_else(SafeText::empty, |(passed, failed, _)| {
        if failed == 0 && passed > 0 {
            safe!("{} pass", passed).styled(Style::fg(Colour::Green))
        } else if failed > 0 && failed == view.flaky {
            safe!("{} flaky", failed).styled(Style::fg(Colour::Yellow))
        } else {
            safe!("{} fail", failed).styled(Style::fg(Colour::Red))
        }
    });
    let iteration = words::iteration(run);
    // The number of one beyond the cap may be left out, the counts may not.
    let counted = safe!("{}/{}", run.spent.iterations, run.budget.iterations);
    let iteration = if iteration.width() > ITERATION.into() { counted } else { iteration };
    let mut cells = vec![(1, sign), (5, safe!("{}", run.id)), (10, state), (ITERATION, iteration), (8, tests)];
    let bars = match row.width {
        ..FEW_BARS => 0,
        FEW_BARS..MANY_BARS => 3,
        _ => 5,
    };
    if bars > 0 {
        cells.push((bars, trend::bars(&view.trend, bars.into())));
    }
    cells.push((4, words::age(run.created, app.now)));
    let wide = row.width >= WIDE;
    if wide {
        cells.push((6, words::dollars(view.microusd()).pad_left(6)));
        cells.push((project, safe!("{}", view.project)));
    }
    let row = inset(row);
    let mut x = row.x;
    for (width, text) in cells {
        let cell = Rect { x, width, ..row }.intersection(row);
        canvas.text(cell, &text);
        x = x.saturating_add(width + 1);
    }
    let rest = Rect { x, width: row.right().saturating_sub(x), ..row };
    let task = safe!("{}", run.task).styled(Style::faint());
    let words = match about(app, view) {
        None => task,
        // What it is about says more of a run in the queue than that it is there, unless it follows others.
        Some(words) if run.state == RunState::Queued && run.after.is_empty() => safe!("{} · {}", task, words),
        Some(words) if wide => safe!("{} · {}", words, task),
        Some(words) => words,
    };
    let words = if slow { safe!("{} · {}", safe!("slow").styled(Style::strong()), words) } else { words };
    canvas.text(rest, &words);
}

/// What a run waits for or does, where there is anything to say of that.
fn about(app: &App, view: &RunView) -> Option<SafeText> {
    let run = &view.run;
    if let Some(question) = run.question.and_then(|id| app.questions.get(&id)) {
        return Some(safe!("{}", question.title).styled(Style::strong()));
    }
    if let Some(until) = run.not_before.filter(|until| *until > app.now && !run.state.is_final()) {
        return Some(safe!("waits until {}", until));
    }
    let note = view.note.as_deref()?;
    // What was told comes with the next prompt, not with the one that is being worked on, but an agent may hear it before.
    let waits = view.guidance.as_ref().filter(|guidance| guidance.applied < guidance.count);
    let waits = waits.map(|guidance| {
        let delivered = guidance.live.as_ref().is_some_and(|live| live.fate == LiveFate::Delivered);
        let word = if delivered { safe!("was delivered live") } else { safe!("waits for the next prompt") };
        safe!("; guidance {} {}", guidance.count, word)
    });
    // The iteration stands in a column of its own.
    let note = note.strip_prefix(&format!("iteration {}: ", run.iteration)).unwrap_or(note);
    Some(safe!("{}{}", note, waits.unwrap_or_default()))
}

/// A sign and a word. Who needs a person has both a sign and a colour of its own.
pub(super) fn standing(run: &Run) -> (SafeText, SafeText) {
    let (sign, word, style) = match run.state {
        RunState::Queued => (safe!("."), safe!("queued"), Style::faint()),
        RunState::Preparing => (safe!(">"), safe!("preparing"), Style::fg(Colour::Cyan)),
        RunState::Planning => (safe!(">"), safe!("planning"), Style::fg(Colour::Cyan)),
        RunState::Developing => (safe!(">"), safe!("developing"), Style::fg(Colour::Cyan)),
        RunState::Testing => (safe!(">"), safe!("testing"), Style::fg(Colour::Cyan)),
        RunState::Gathering => (safe!(">"), safe!("gathering"), Style::fg(Colour::Cyan)),
        RunState::Analysing => (safe!(">"), safe!("analysing"), Style::fg(Colour::Cyan)),
        RunState::Gating => (safe!(">"), safe!("gating"), Style::fg(Colour::Cyan)),
        RunState::Reviewing => (safe!(">"), safe!("reviewing"), Style::fg(Colour::Cyan)),
        RunState::Delivering => (safe!(">"), safe!("delivering"), Style::fg(Colour::Cyan)),
        RunState::AwaitingReview => (safe!("!"), safe!("REVIEW"), URGENT),
        RunState::AwaitingRedirect => (safe!("!"), safe!("STUCK"), URGENT),
        RunState::Escalated => (safe!("!"), safe!("NEEDS YOU"), URGENT),
        RunState::Paused => (safe!("="), safe!("paused"), Style::fg(Colour::Magenta)),
        RunState::Cancelling => (safe!(">"), safe!("cancelling"), Style::faint()),
        RunState::Succeeded => (safe!("+"), safe!("succeeded"), Style::fg(Colour::Green)),
        RunState::Cancelled => (safe!("-"), safe!("cancelled"), Style::faint()),
        RunState::Failed => (safe!("x"), safe!("FAILED"), Style::fg(Colour::Red).bold()),
    };
    (sign.styled(style), word.styled(style))
}
