//! The log of the selected run.

use super::{empty, rows, title, urgent};
use crate::console::app::App;
use crate::console::log::{LogPane, Shown};
use crate::domain::Millis;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use ratatui::layout::Rect;

/// Columns of a time and the blank behind it.
const TIME: u16 = 13;
/// Columns that are left in the title for what is looked for.
const WORDS: usize = 24;
/// Columns of why a log does not go on; below its title there is room for lines alone.
const FAULT: usize = 40;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let log = &app.log;
    let name = match log.run {
        Some(run) if log.step.is_empty() => safe!("Log of {}", run),
        Some(_) => match log.steps.iter().position(|one| one.step == log.step) {
            Some(at) if log.steps.len() > 1 => safe!("Log {} ({} of {})", log.step, at + 1, log.steps.len()),
            _ => safe!("Log {}", log.step),
        },
        None => safe!("Log"),
    };
    let beside: Vec<SafeText> = log.beside().into_iter().map(|service| safe!("{}", service)).collect();
    let name = match beside.as_slice() {
        [] => name,
        beside => safe!("{} beside {}", name, SafeText::join(beside, &safe!(", "))),
    };
    let below = title(canvas, area, focused, &name, &state(log));
    if log.total == 0 {
        empty(canvas, below, &nothing(log));
        return;
    }
    let below = Rect { x: below.x + below.width.min(1), width: below.width.saturating_sub(1), ..below };
    let mut free = rows(below);
    // Where lines are wrapped the last ones take more rows than there are, so the view begins later.
    let first = if log.follow && log.wrap { wrapped_start(log, below) } else { log.first_row() };
    let mut last = None;
    for number in log.numbers_from(first) {
        let Some(row) = free.next() else { return };
        last = Some(number);
        match log.line(number) {
            Some(parts) => {
                for (place, part) in parts.into_iter().enumerate() {
                    let row = if place == 0 { Some(row) } else { free.next() };
                    let Some(row) = row else { break };
                    draw(log, canvas, row, &mut free, (number, part));
                }
            }
            None => {
                canvas.text(row, &safe!("...").styled(Style::faint()));
            }
        }
    }
    let Some(row) = free.next() else { return };
    if let Some((fit, looked)) = log.sifted().filter(|_| last.is_none()) {
        let words = match (fit, looked < log.total) {
            (_, true) => safe!("Looking for lines that fit the filter: {} of {}", looked, log.total),
            (0, false) => safe!("None of the {} lines fits the filter. Esc shows them all.", log.total),
            (_, false) => safe!("..."),
        };
        canvas.text(row, &safe!(" {}", words).styled(Style::faint()));
    } else if let Some(next) = log.neighbour(true).filter(|_| log.has_end_mark()) {
        canvas.fill(row, &safe!("─").styled(Style::faint()));
        canvas.text(row, &safe!("── end; `]` goes on to {} ", next.step).styled(Style::faint()));
    }
}

fn text_area(log: &LogPane, row: Rect) -> Rect {
    let left = if log.times { TIME.min(row.width) } else { 0 };
    Rect { x: row.x + left, width: row.width - left, ..row }
}

/// One line, or part of a long one.
fn draw(
    log: &LogPane,
    canvas: &mut Canvas<'_>,
    row: Rect,
    free: &mut impl Iterator<Item = Rect>,
    (number, shown): (u64, &Shown),
) {
    if log.times {
        canvas.text(Rect { width: TIME.min(row.width), ..row }, &time(shown.time_ms).styled(Style::faint()));
    }
    let hits = log.hits(shown.stream, &shown.text.plain());
    let text = match shown.stream {
        3 => safe!("{}{}", safe!("> ").styled(OWN), shown.text.styled(OWN).marked(&hits)),
        _ => shown.text.marked(&hits),
    };
    let selected = log.selected().map(|lines| lines.contains(&number));
    let mut put = |row: Rect, text: &SafeText, side| {
        canvas.text_from(text_area(log, row), text, side);
        // Not by colour: what is selected is reversed, the line that was gone to has a line under it.
        match selected {
            Some(true) => canvas.bar(row),
            None if log.picked == Some(number) => canvas.shade(row, Style { underline: true, ..Style::PLAIN }),
            _ => {}
        }
    };
    if !log.wrap {
        return put(row, &text, log.side);
    }
    let lines = text.wrap(usize::from(text_area(log, row).width));
    for (place, line) in lines.iter().enumerate() {
        let row = if place == 0 { Some(row) } else { free.next() };
        let Some(row) = row else { return };
        put(row, line, 0);
    }
}

/// How the engine's own remarks look.
const OWN: Style = Style::fg(Colour::Magenta);

/// The line to begin with, so that the last one is seen whole.
fn wrapped_start(log: &LogPane, below: Rect) -> u64 {
    let width = usize::from(text_area(log, below).width).max(2);
    let mut left = usize::from(below.height).saturating_sub(usize::from(log.has_end_mark()));
    let mut start = log.numbers_before(u64::MAX).next().unwrap_or(0);
    for number in log.numbers_before(u64::MAX) {
        let rows = |part: &&Shown| part.text.width().div_ceil(width).max(1);
        let rows = log.line(number).map_or(1, |parts| parts.iter().map(rows).sum());
        if rows > left {
            break;
        }
        left -= rows;
        start = number;
    }
    start
}

/// Hours to milliseconds of an instant, in UTC.
fn time(time_ms: i64) -> SafeText {
    let text = safe!("{}", Millis(time_ms)).plain();
    let clock = text.split('T').nth(1).unwrap_or(&text).trim_end_matches('Z').to_owned();
    safe!("{}", clock)
}

fn state(log: &LogPane) -> SafeText {
    if log.run.is_none() {
        return SafeText::empty();
    }
    let mut parts = Vec::new();
    let unseen = log.unseen();
    if unseen > 0 {
        parts.push(urgent(&safe!("{} new below", unseen)));
    }
    if let (Some((fit, looked)), Some(filter)) = (log.sifted(), &log.filter) {
        let far = if looked < log.total { safe!(" so far") } else { SafeText::empty() };
        let words = safe!("{}", filter.words).truncate(WORDS);
        parts.push(safe!("&{}: {} of {} lines{}", words, fit, looked, far));
    }
    if let Some(find) = &log.find {
        let words = safe!("{}", find.words).truncate(WORDS);
        let progress = log.progress().map(|percent| safe!("looking for {}: {}%, esc stops", words, percent));
        parts.push(progress.unwrap_or_else(|| safe!("/{}", words)));
    }
    if let Some(lines) = log.selected() {
        parts.push(safe!("{} selected", lines.end() - lines.start() + 1).styled(Style::strong()));
    }
    if log.side > 0 && !log.wrap {
        parts.push(safe!("from column {}", log.side + 1));
    }
    let place = match (log.follow, log.open) {
        (true, true) => safe!("follows"),
        // Nothing is at an end that nobody has seen, or that a fault cut off.
        (true, false) if log.total == 0 || log.fault.is_some() => SafeText::empty(),
        (true, false) => safe!("at its end"),
        (false, _) => safe!("line {} of {}", log.first_row() + 1, log.total),
    };
    parts.extend(Some(place).filter(|place| !place.is_empty()));
    if let Some(fault) = log.fault.as_ref().filter(|_| log.total > 0) {
        parts.push(safe!("cut off: {}", safe!("{}", fault).truncate(FAULT)).styled(Style::fg(Colour::Red)));
    }
    SafeText::join(&parts, &safe!(" · "))
}

fn nothing(log: &LogPane) -> SafeText {
    match (&log.fault, log.run) {
        (Some(fault), _) => safe!("The log cannot be shown: {}", fault),
        (None, Some(_)) => safe!("Nothing is written yet. What the agent and the tests print will be here."),
        (None, None) => safe!("What the programs of the selected run print will be here."),
    }
}
