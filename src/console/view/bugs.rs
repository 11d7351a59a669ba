//! The bug table.

use super::run::{head, stack};
use super::split::{halves, name, nothing_passes, opens, text};
use super::{empty, first_shown, inset, mark, rows, title};
use crate::console::app::{App, List};
use crate::console::keymap::Command;
use crate::domain::{Bug, BugState};
use crate::protocol::BugDetail;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style, exact};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let listed = app.listed_bugs().len();
    let below =
        title(canvas, area, focused, &name(app, List::Bugs, &safe!("Bugs"), listed, app.bugs.len()), &solved(app));
    if listed == 0 {
        let words = nothing_passes(app, List::Bugs).unwrap_or_else(|| {
            let key = app.keys.first(Command::AllBugs);
            safe!(
                "No bug is open. What tests of any run find, and what people tell, is kept here until it is solved; `{}` shows those \
                 that are.",
                key
            )
        });
        empty(canvas, below, &words);
        return;
    }
    list(app, canvas, below, focused);
}

fn list(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let bugs = app.listed_bugs();
    let selected = bugs.iter().position(|bug| Some(bug.id) == app.bug);
    let first = first_shown(selected.unwrap_or(0), bugs.len(), usize::from(area.height));
    for (row, (place, bug)) in rows(area).zip(bugs.iter().enumerate().skip(first)) {
        let end = if bug.state == BugState::Solved {
            safe!("{} ", safe!("+ solved").styled(Style::fg(Colour::Green)))
        } else {
            SafeText::empty()
        };
        let words = safe!(
            "{} {} {} {}{}",
            safe!("{}", bug.id).pad_right(5),
            safe!("{}x", bug.seen).pad_left(4),
            words::age(bug.last_seen, app.now).pad_right(4),
            end,
            told_short(bug)
        );
        canvas.text(inset(row), &words);
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
}

/// How many of those that are known are solved, where these are listed.
fn solved(app: &App) -> SafeText {
    let solved = app.bugs.iter().filter(|bug| bug.state == BugState::Solved).count();
    if app.all_bugs { safe!("{} solved", solved) } else { SafeText::empty() }
}

/// Its kind, or who told it, and the first line of its message, which often begins with the kind.
fn told_short(bug: &Bug) -> SafeText {
    let first = words::bug::headline(bug);
    if bug.told.is_none() && first.starts_with(&bug.kind) {
        safe!("{}", first)
    } else {
        safe!("{} {}", words::bug::kind(bug).truncate(24), first)
    }
}

/// The whole screen: the list above, what is known of the selected bug below.
pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let (listed, all) = (app.listed_bugs().len(), app.bugs.len());
    let name = name(app, List::Bugs, &safe!("Bugs"), listed, all);
    if listed == 0 {
        let below = title(canvas, area, true, &name, &solved(app));
        let words = nothing_passes(app, List::Bugs).unwrap_or_else(|| {
            let key = app.keys.first(Command::AllBugs);
            safe!(
                "No bug is open. A failing test, a panic or an error that a run's tests show becomes a bug; each is listed once, \
                 however many runs and iterations see it, with what was tried against it. `dogwatch bug add` tells one that no \
                 run has met. `{}` shows those that are solved, with what repaired them.",
                key
            )
        });
        empty(canvas, below, &words);
        return;
    }
    let halves = halves(app, area);
    let focused = !app.reading.inside;
    let below = title(canvas, halves.list, focused, &name, &solved(app));
    list(app, canvas, below, focused);
    let Some(bug) = app.listed_bugs().into_iter().find(|bug| Some(bug.id) == app.bug) else { return };
    if halves.text.height > 0 {
        let right = app.run_beside().map_or_else(SafeText::empty, |run| opens(app, run));
        text(app, canvas, halves.text, &safe!("{} {}", bug.id, words::bug::seen(bug)), &right);
    }
}

/// A bug in full.
pub(super) fn told(app: &App, bug: &Bug) -> Vec<SafeText> {
    let mut lines = vec![words::bug::kind(bug).styled(Style::strong())];
    lines.extend(bug.message.lines().map(|line| exact::encode_indented(line.as_bytes())));
    let (first, last) = (words::ago(bug.first_seen, app.now), words::ago(bug.last_seen, app.now));
    lines.push(SafeText::empty());
    lines.push(if bug.first_run.is_some() {
        safe!("{}, {} ago; last seen {} ago", words::bug::origin(bug), first, last)
    } else {
        safe!("{}; {} ago", words::bug::origin(bug), first)
    });
    match app.known.get(&bug.id) {
        None => lines.push(safe!("The engine is asked for the rest.").styled(Style::faint())),
        Some(Err(fault)) => lines.push(safe!("The rest cannot be shown: {}", fault.to_owned())),
        Some(Ok(detail)) => lines.extend(known(detail)),
    }
    if bug.told.is_none() {
        lines.push(SafeText::empty());
        lines.push(safe!("fingerprint {}", bug.exact.0.clone()).styled(Style::faint()));
    }
    lines
}

/// Where it is, who saw it, what was tried.
fn known(detail: &BugDetail) -> Vec<SafeText> {
    let mut lines = Vec::new();
    if let Some(finding) = &detail.latest {
        lines.push(safe!("last as {}", head(finding)));
        lines.extend(stack(finding));
    }
    lines.extend([SafeText::empty(), safe!("Runs that saw it").styled(Style::strong())]);
    if detail.runs.is_empty() {
        lines.push(safe!("  None yet.").styled(Style::faint()));
    }
    for seen in &detail.runs {
        let state = words::state(seen.state);
        let times = if seen.iterations == 1 {
            safe!("iteration {}", seen.first)
        } else {
            safe!("{} iterations, {} to {}", seen.iterations, seen.first, seen.last)
        };
        let end = match seen.gone {
            Some(number) => safe!("gone in iteration {}", number).styled(Style::fg(Colour::Green)),
            None => safe!("still there in its last tests").styled(Style::fg(Colour::Red)),
        };
        lines.push(safe!("  {} {}: {}; {}", seen.run, state, times, end));
    }
    lines.extend([SafeText::empty(), safe!("Tried against it").styled(Style::strong())]);
    for tried in &detail.attempts {
        let end = if tried.gone {
            safe!("+ gone").styled(Style::fg(Colour::Green))
        } else {
            safe!("x still there").styled(Style::fg(Colour::Red))
        };
        lines.push(safe!("  {} iteration {}: {}: {}", tried.run, tried.iteration, end, tried.said));
    }
    if detail.attempts.is_empty() {
        lines.push(safe!("  Nothing yet: no turn has begun where it was.").styled(Style::faint()));
    }
    lines.extend(words::repair::told(&detail.repairs));
    lines.extend(words::bug::kin(detail));
    if detail.more {
        lines.push(safe!("  older runs and attempts are left out").styled(Style::faint()));
    }
    lines
}
