//! What people registered for agents to read.

use super::field::Arguments;
use super::{Given, ToolFault, Who, limits};
use crate::domain::{Entry, EntryKind, shortened};
use crate::store::View;
use serde_json::{Value, json};

/// Most that are looked at.
const MOST: u32 = 500;

pub(super) fn list(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    let most = arguments.number("limit").unwrap_or(limits::ROWS) as usize;
    let all = view.entries(EntryKind::Dataset, Some(who.project), MOST)?;
    if let Some(name) = arguments.text("name") {
        let found: Vec<Value> =
            all.iter().filter(|one| one.name == name).map(|one| told(one, limits::LONG_TEXT)).collect();
        if found.is_empty() {
            let words = "no dataset is registered under this name: call `datasets` without one";
            return Err(ToolFault::refused(words.to_owned()));
        }
        return Ok(json!({ "entries": found }));
    }
    let rows: Vec<Value> = all.iter().take(most).map(|one| told(one, limits::TEXT)).collect();
    Ok(json!({ "entries": rows, "more": all.len() > most }))
}

fn told(entry: &Entry, most: usize) -> Value {
    json!({
        "name": shortened(&entry.name, 200), "text": shortened(&entry.text, most), "for_all_projects": entry.project.is_none(),
        "from": format!("registered by the operator {} at {}", shortened(entry.by.label(), 60), entry.at.rfc3339()),
    })
}
