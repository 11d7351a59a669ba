//! One run: its iterations, the newest in view, and what is known of the selected one.

mod told;

pub(super) use told::{head, stack, told};

use super::runs::standing;
use super::split::{halves, text};
use super::{URGENT, empty, first_shown, inset, mark, rows, title, urgent};
use crate::console::app::{App, Tab};
use crate::domain::{Iteration, Outcome, RunState};
use crate::protocol::{Round, RunDetail};
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// Rows of the list: what the run waits for, the heads of the columns, its iterations.
pub(super) fn rows_wanted(app: &App) -> usize {
    app.one.shown().map_or(1, |detail| detail.iterations.len() + 2)
}

pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let halves = halves(app, area);
    let focused = !app.reading.inside;
    let Some(run) = app.one.run else { return };
    let detail = match app.one.detail.get(&run) {
        Some(Ok(detail)) => detail,
        other => {
            let below = title(canvas, area, true, &safe!("{}", run), &SafeText::empty());
            let words = other.and_then(Result::err).map_or_else(
                || safe!("The engine is asked for {}.", run),
                |fault| safe!("{} cannot be shown: {}", run, fault.to_owned()),
            );
            empty(canvas, below, &words);
            return;
        }
    };
    timeline(app, canvas, halves.list, focused, detail);
    if halves.text.height > 0 {
        let (name, right) = (tabs(app), changes(app));
        text(app, canvas, halves.text, &name, &right);
    }
}

fn timeline(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool, detail: &RunDetail) {
    let run = &detail.view.run;
    let (sign, state) = standing(run);
    let name = safe!("{} of {} {} {}", run.id, detail.view.project, sign, state);
    let best = detail.best.map_or_else(SafeText::empty, |best| safe!(" · best {}", best));
    let cost = safe!("{}, {} of work", words::dollars(detail.view.microusd()), milliseconds(run.spent.milliseconds));
    let below = title(canvas, area, focused, &name, &safe!("iteration {}{} · {}", words::iteration(run), best, cost));
    let mut free = rows(below);
    let heads = heads(below.height);
    if heads > 1
        && let Some(row) = free.next()
    {
        canvas.text(row, &safe!(" {}", about(app, detail)));
    }
    if detail.iterations.is_empty() {
        if let Some(row) = free.next() {
            let words = safe!("No iteration yet. The first one, 0, tests the base once there is a place for the run.");
            empty(canvas, Rect { height: below.bottom() - row.y, ..row }, &words);
        }
        return;
    }
    if heads > 0
        && let Some(row) = free.next()
    {
        let heads = [
            safe!(""),
            safe!("#"),
            safe!("outcome"),
            safe!("tests"),
            safe!("findings"),
            safe!("tokens"),
            safe!("cost"),
            safe!("took"),
            safe!("checkpoint"),
        ];
        cells(canvas, row, &heads.map(|head| head.styled(Style::faint())));
    }
    let shown: Vec<Rect> = free.collect();
    let selected =
        app.one.iteration().and_then(|one| detail.iterations.iter().position(|other| other.number == one.number));
    let first = first_shown(selected.unwrap_or(0), detail.iterations.len(), shown.len());
    for (row, (place, one)) in shown.into_iter().zip(detail.iterations.iter().enumerate().skip(first)) {
        let round = detail.rounds.iter().find(|round| round.number == one.number);
        cells(canvas, row, &line(app, detail, one, round));
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
}

/// Rows above the iterations that a list of this height has: its columns' heads, and what the run is about.
pub(super) fn heads(height: u16) -> u16 {
    height.saturating_sub(1).min(2)
}

/// What the run waits for, why it is where it is, or its task.
fn about(app: &App, detail: &RunDetail) -> SafeText {
    let run = &detail.view.run;
    let waits = words::waits_for(&detail.view, app.now);
    if let Some(question) = run.question.and_then(|id| app.questions.get(&id)) {
        return safe!(
            "{} {}",
            urgent(&safe!("{} asks:", question.id)),
            safe!("{}", question.title).styled(Style::strong())
        );
    }
    match (&detail.view.note, waits.is_empty(), run.reason.is_empty()) {
        (_, false, _) => safe!("waits for {}", waits).styled(Style::strong()),
        (Some(note), ..) => safe!("{}", note),
        (None, _, false) => safe!("{}", run.reason),
        (None, _, true) => safe!("{}", run.task).styled(Style::faint()),
    }
}

fn cells(canvas: &mut Canvas<'_>, row: Rect, texts: &[SafeText; 9]) {
    let row = inset(row);
    let mut x = row.x;
    for (width, text) in [1, 3, 12, 9, 12, 7, 7, 7, 10].into_iter().zip(texts) {
        let cell = Rect { x, width, ..row }.intersection(row);
        canvas.text(cell, text);
        x = x.saturating_add(width + 1);
    }
}

fn line(app: &App, detail: &RunDetail, one: &Iteration, round: Option<&Round>) -> [SafeText; 9] {
    let run = &detail.view.run;
    let rests = one.outcome.is_none() && run.state.awaits_person();
    let (sign, style) = match one.outcome {
        None if rests => (safe!("!"), URGENT),
        None => (safe!(">"), Style::fg(Colour::Cyan)),
        Some(Outcome::Red) => (safe!("x"), Style::fg(Colour::Red)),
        Some(Outcome::Green) => (safe!("+"), Style::fg(Colour::Green)),
        Some(Outcome::Suspicious) => (safe!("!"), URGENT),
        Some(Outcome::Neutral) => (safe!("."), Style::faint()),
    };
    let outcome = match (one.outcome, run.state) {
        // An iteration that does not end any more is not at work.
        (None, state) if state.is_final() => safe!("broken off"),
        (None, RunState::Paused) => safe!("paused"),
        (None, _) if rests => safe!("waits"),
        (outcome, _) => words::outcome(outcome),
    };
    let (passed, failed, skipped) = one.tests;
    let tests = match (passed + failed + skipped, failed) {
        (0, _) => SafeText::empty(),
        (_, 0) => safe!("{} pass", passed).styled(Style::fg(Colour::Green)),
        _ => safe!("{}/{} {}", passed, failed, safe!("fail").styled(Style::fg(Colour::Red))),
    };
    let used = round.map(|round| round.used).unwrap_or_default();
    let end = one.ended.unwrap_or(if run.state.is_final() { run.updated } else { app.now });
    let checkpoint = match (&one.commit, one.number) {
        (_, 0) => safe!("base").styled(Style::faint()),
        (Some(commit), _) => safe!("{}", commit.chars().take(8).collect::<String>()),
        (None, _) => SafeText::empty(),
    };
    // Where a rollback goes that names none.
    let checkpoint = if detail.best == Some(one.number) { safe!("{} *", checkpoint) } else { checkpoint };
    [
        sign.styled(style),
        safe!("{}", one.number),
        outcome.styled(style),
        tests,
        round.and_then(|round| round.findings).map_or_else(SafeText::empty, counted),
        if used.tokens > 0 { thousands(used.tokens) } else { SafeText::empty() },
        if used.microusd > 0 { words::dollars(used.microusd) } else { SafeText::empty() },
        words::ago(one.started, end),
        checkpoint,
    ]
}

/// Findings that came, went and stay, those that are none left out.
fn counted((new, gone, still): (u32, u32, u32)) -> SafeText {
    let part = |sign: SafeText, count: u32, style: Style| (count > 0).then(|| safe!("{}{}", sign, count).styled(style));
    let parts: Vec<SafeText> = [
        part(safe!("+"), new, Style::fg(Colour::Red)),
        part(safe!("-"), gone, Style::fg(Colour::Green)),
        part(safe!("="), still, Style::PLAIN),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { safe!("none") } else { SafeText::join(&parts, &safe!(" ")) }
}

fn thousands(count: u64) -> SafeText {
    match count {
        0..1_000 => safe!("{}", count),
        1_000..1_000_000 => safe!("{}.{}k", count / 1_000, count % 1_000 / 100),
        _ => safe!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

fn milliseconds(ms: u64) -> SafeText {
    words::span(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn tabs(app: &App) -> SafeText {
    let parts = Tab::ALL.map(|tab| {
        let name = match tab {
            Tab::Findings => safe!("findings"),
            Tab::Diff => safe!("diff"),
            Tab::Verdict => safe!("verdict"),
            Tab::Prompt => safe!("prompt"),
            Tab::Guidance => safe!("guidance"),
            Tab::Task => safe!("task"),
        };
        if tab == app.one.tab { safe!("[{}]", name) } else { safe!(" {} ", name) }
    });
    let number = app.one.iteration().map_or_else(SafeText::empty, |one| safe!("#{} ", one.number));
    safe!("{}{}", number, SafeText::join(&parts, &SafeText::empty()))
}

/// What a diff comes to.
fn changes(app: &App) -> SafeText {
    let diff = app.one.diff_key().filter(|_| app.one.tab == Tab::Diff).and_then(|key| app.one.diff.get(&key)?.ok());
    diff.map_or_else(SafeText::empty, |diff| {
        let (files, added, removed) = diff.sums();
        if files == 0 {
            SafeText::empty()
        } else if files == 1 {
            safe!("1 file +{} -{}", added, removed)
        } else {
            safe!("{} files +{} -{}", files, added, removed)
        }
    })
}
