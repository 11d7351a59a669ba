//! What an agent notes.

use super::field::Arguments;
use super::standing::standing;
use super::{DATA, Given, Tool, ToolFault, Who, limits};
use crate::domain::{BadId, BugId, Note, NoteKind, Standing, shortened};
use crate::store::{StoreError, Tx, View};
use serde_json::{Value, json};

/// Takes a note. Nothing else changes.
pub(super) fn take(tx: &Tx<'_>, who: Who, tool: Tool, arguments: &Arguments) -> Given {
    let bug = arguments.text("bug").map(|text| bug(tx, who, text)).transpose()?;
    let kind = if tool == Tool::RecordAttempt { NoteKind::Attempt } else { NoteKind::Finding };
    let text = arguments.text("text").or_else(|| arguments.text("tried")).unwrap_or_default();
    let title = arguments.text("title").map_or_else(|| first_line(text), str::to_owned);
    let place = arguments.text("place").map(str::to_owned);
    let (count, bytes) = tx.notes_taken(who.run)?;
    let new = (title.len() + text.len() + place.as_ref().map_or(0, String::len)) as u64;
    if count >= limits::NOTES || bytes + new > limits::NOTE_BYTES {
        return Err(ToolFault::refused(format!(
            "a run may have {} notes of {} KiB together, and this one would be beyond that: `notes` shows what was noted",
            limits::NOTES,
            limits::NOTE_BYTES / 1024
        )));
    }
    let Who { run, iteration, now, .. } = who;
    let note = Note { id: 0, run, iteration, kind, bug, title, text: text.to_owned(), place, at: now };
    let id = tx.insert_note(&note)?;
    Ok(json!({
        "note": id,
        "says": "noted as your word: people see it, nothing follows from it, and other runs read it only once the engine's own \
                 tests bear it out",
    }))
}

/// What was noted in the run.
pub(super) fn list(view: &View<'_>, who: Who) -> Given {
    let notes = view.notes(who.run, 50)?;
    let notes: Vec<Value> = notes.iter().map(|note| told(view, note)).collect::<Result<_, StoreError>>()?;
    Ok(json!({ "says": DATA, "notes": notes }))
}

/// The notes about a bug that the agent of a run gets to read: its own run's, and those that tests bear out.
pub(super) fn about(view: &View<'_>, who: Who, bug: BugId) -> Result<Vec<Value>, StoreError> {
    let mut kept = Vec::new();
    for note in view.notes_about(bug, 50)? {
        if !who.across && view.run(note.run)?.is_none_or(|run| run.project != who.project) {
            continue;
        }
        if note.run == who.run || standing(view, &note)? == Standing::BorneOut {
            kept.push(told(view, &note)?);
        }
    }
    // The newest say most.
    let first = kept.len().saturating_sub(10);
    Ok(kept.split_off(first))
}

fn told(view: &View<'_>, note: &Note) -> Result<Value, StoreError> {
    let from = match standing(view, note)? {
        Standing::Unverified => "an agent said it; nothing bears it out",
        Standing::BorneOut => "an agent said it; by the engine's tests of that iteration the bug was gone",
        Standing::Refuted => "an agent said it; by the engine's tests of that iteration the bug was still there",
    };
    Ok(json!({
        "note": note.id, "kind": note.kind, "run": note.run.to_string(), "iteration": note.iteration,
        "bug": note.bug.map(|bug| bug.to_string()), "title": shortened(&note.title, limits::TEXT),
        "text": shortened(&note.text, limits::LONG_TEXT), "place": note.place, "from": from,
    }))
}

/// The bug that a text names, where the agent may read of it.
pub(super) fn bug(view: &View<'_>, who: Who, text: &str) -> Result<BugId, ToolFault> {
    let id: BugId = text.parse().map_err(|error: BadId| ToolFault::refused(error.to_string()))?;
    match view.bug(id)? {
        Some(bug) if view.may_read_bug(who.reader(), bug.id)? => Ok(bug.id),
        _ => Err(ToolFault::refused(format!("there is no bug {id}: `search_bugs` finds those that there are"))),
    }
}

fn first_line(text: &str) -> String {
    shortened(text.lines().next().unwrap_or_default(), 200)
}
