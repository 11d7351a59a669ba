//! The audit log: what changed, who changed it, the newest first.

use super::split::{halves, nothing_passes, opens, text};
use super::{empty, first_shown, inset, mark, rows, title, urgent};
use crate::audit::hex;
use crate::console::app::{App, Event, List};
use crate::console::keymap::Command;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style, exact};
use crate::words;
use ratatui::layout::Rect;
use sha2::{Digest, Sha256};

pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let halves = halves(app, area);
    let (list, audit) = (halves.list, &app.audit);
    let filter = app.filters.of(List::Audit);
    let below = title(canvas, list, !app.reading.inside, &heading(filter), &state(app));
    if audit.events.is_empty() {
        let words = match (&audit.fault, audit.begun && !audit.seeks()) {
            (Some(fault), _) => safe!("The log cannot be shown: {}", fault),
            (None, false) => safe!("The engine is asked."),
            (None, true) => nothing_passes(app, List::Audit).unwrap_or_else(|| {
                safe!("No event yet. Every change of the engine's state is recorded here with who made it.")
            }),
        };
        empty(canvas, below, &words);
    }
    let selected = audit.place();
    let first = first_shown(selected, audit.events.len(), usize::from(below.height));
    for (row, (place, event)) in rows(below).zip(audit.events.iter().enumerate().skip(first)) {
        canvas.text(inset(row), &line(app, event));
        if place == selected {
            mark(canvas, row, !app.reading.inside);
        }
    }
    if halves.text.height > 0 {
        let event = audit.selected().map_or_else(|| safe!("Event"), |event| safe!("Event {}", event.record.seq));
        let right = app.run_beside().map_or_else(SafeText::empty, |run| opens(app, run));
        text(app, canvas, halves.text, &event, &right);
    }
}

fn heading(filter: &str) -> SafeText {
    if filter.is_empty() { safe!("Audit log") } else { safe!("Audit log /{}", filter) }
}

/// How far back it was looked.
fn state(app: &App) -> SafeText {
    let audit = &app.audit;
    if audit.cut {
        return safe!("the newest were let go: {} shows them", app.keys.first(Command::First));
    }
    match (audit.seeks(), audit.next) {
        (true, Some(next)) => safe!("looked back to event {} ...", next),
        (_, Some(_)) => safe!("{} events, older ones follow", audit.events.len()),
        (true, None) => SafeText::empty(),
        (false, None) => safe!("{} events, to the beginning", audit.events.len()),
    }
}

fn line(app: &App, event: &Event) -> SafeText {
    let run = event.run.map_or_else(SafeText::empty, |run| safe!("{}", run));
    safe!(
        "{} {} {} {} {} {}",
        safe!("{}", event.record.seq).pad_left(6),
        words::age(event.wall, app.now).pad_right(4),
        safe!("{}", event.actor).truncate(10).pad_right(10),
        run.pad_right(5),
        kind(&event.kind).truncate(20).pad_right(20),
        safe!("{}", event.rest).styled(Style::faint())
    )
}

/// What happened. A yes for two persons is to be seen by whoever pages by.
fn kind(kind: &str) -> SafeText {
    if kind == "proposal.break_glass" { urgent(&safe!("{}", kind)) } else { safe!("{}", kind).styled(Style::strong()) }
}

/// The record in full: taken apart for reading, then as it stands in the log, with what its hash is worth.
pub(super) fn told(app: &App, event: &Event) -> Vec<SafeText> {
    let who = safe!("{} by {}", safe!("{}", event.kind).styled(Style::strong()), event.actor);
    let mut lines = vec![safe!("{}, {} ago, at {}", who, words::ago(event.wall, app.now), event.wall)];
    let fits = hex(&Sha256::digest(event.record.record.as_bytes())) == event.record.hash;
    let hash = safe!("{}", event.record.hash);
    lines.push(if fits {
        safe!("{} the record has its hash:", safe!("ok").styled(Style::fg(Colour::Green)))
    } else {
        let bad = safe!("FAIL").styled(Style::fg(Colour::Red).bold());
        safe!("{} this is NOT the hash of the record, run `dogwatch audit verify`:", bad)
    });
    lines.push(hash);
    lines.push(safe!("`dogwatch audit verify` checks the whole chain.").styled(Style::faint()));
    lines.push(SafeText::empty());
    let value: Result<serde_json::Value, _> = serde_json::from_str(&event.record.record);
    if let Some(text) = value.ok().and_then(|value| serde_json::to_string_pretty(&value).ok()) {
        lines.extend(text.lines().map(|line| exact::encode_indented(line.as_bytes())));
        lines.push(SafeText::empty());
    }
    lines.push(safe!("{}", event.record.record).styled(Style::faint()));
    lines
}
