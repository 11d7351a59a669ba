//! The log of the selected run.

use super::{empty, rows, title};
use crate::console::app::App;
use crate::console::log::{LogPane, Shown};
use crate::domain::Millis;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use ratatui::layout::Rect;

/// Columns of a time and the blank behind it.
const TIME: u16 = 13;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let log = &app.log;
    let name = match log.run {
        Some(run) if log.step.is_empty() => safe!("Log of {}", run),
        Some(_) => safe!("Log {}", log.step.clone()),
        None => safe!("Log"),
    };
    let below = title(canvas, area, focused, &name, &state(log));
    if log.total == 0 {
        empty(canvas, below, &nothing(log));
        return;
    }
    let mut free = rows(below);
    let mut number = log.first_row();
    // Where lines are wrapped the last ones take more rows than there are, so the view begins later.
    if log.follow && log.wrap {
        number = wrapped_start(log, below);
    }
    while number < log.total {
        let Some(row) = free.next() else { break };
        match log.line(number) {
            Some(parts) => {
                for (place, part) in parts.into_iter().enumerate() {
                    let row = if place == 0 { Some(row) } else { free.next() };
                    let Some(row) = row else { break };
                    draw(log, canvas, row, &mut free, part);
                }
            }
            None => {
                canvas.text(row, &safe!("...").styled(Style::faint()));
            }
        }
        number += 1;
    }
}

fn text_area(log: &LogPane, row: Rect) -> Rect {
    let left = if log.times { TIME.min(row.width) } else { 0 };
    Rect { x: row.x + left, width: row.width - left, ..row }
}

/// One line, or part of a long one.
fn draw(log: &LogPane, canvas: &mut Canvas<'_>, row: Rect, free: &mut impl Iterator<Item = Rect>, shown: &Shown) {
    if log.times {
        canvas.text(Rect { width: TIME.min(row.width), ..row }, &time(shown.time_ms).styled(Style::faint()));
    }
    let text = match shown.stream {
        3 => safe!("> {}", shown.text).styled(Style::fg(Colour::Magenta)),
        _ => shown.text.clone(),
    };
    let first = text_area(log, row);
    let hit = log.hit(shown);
    if log.wrap {
        let mut lines = text.wrap(usize::from(first.width)).into_iter();
        if let Some(line) = lines.next() {
            put(canvas, first, &line, 0, hit);
        }
        for line in lines {
            let Some(row) = free.next() else { return };
            put(canvas, text_area(log, row), &line, 0, hit);
        }
    } else {
        put(canvas, first, &text, log.side, hit);
    }
}

fn put(canvas: &mut Canvas<'_>, area: Rect, text: &SafeText, side: usize, hit: bool) {
    let used = canvas.text_from(area, text, side);
    if hit {
        canvas.shade(Rect { width: used.max(1).min(area.width), ..area }, Style { reverse: true, ..Style::PLAIN });
    }
}

/// The line to begin with, so that the last one is seen whole.
fn wrapped_start(log: &LogPane, below: Rect) -> u64 {
    let width = usize::from(text_area(log, below).width).max(2);
    let mut left = usize::from(below.height);
    let mut number = log.total;
    while number > 0 {
        let rows = log
            .line(number - 1)
            .map_or(1, |parts| parts.iter().map(|part| part.text.width().div_ceil(width).max(1)).sum());
        if rows > left {
            break;
        }
        left -= rows;
        number -= 1;
    }
    number.min(log.total - 1)
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
        parts.push(safe!("{} new below", unseen).styled(Style::fg(Colour::Yellow).bold()));
    }
    if !log.search.is_empty() {
        parts.push(safe!("/{}", log.search.clone()));
    }
    parts.push(match (log.follow, log.open) {
        (true, true) => safe!("follows"),
        (true, false) => safe!("at its end"),
        (false, _) => safe!("line {} of {}", log.first_row() + 1, log.total),
    });
    SafeText::join(&parts, &safe!(" · "))
}

fn nothing(log: &LogPane) -> SafeText {
    match (&log.fault, log.run) {
        (Some(fault), _) => safe!("The log cannot be shown: {}", fault),
        (None, Some(_)) => safe!("Nothing is written yet. What the agent and the tests print will be here."),
        (None, None) => safe!("What the programs of the selected run print will be here."),
    }
}
