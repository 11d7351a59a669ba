//! What people registered for agents to read.

use super::field::Arguments;
use super::{Given, ToolFault, Who, limits};
use crate::domain::{DATASETS_INSIDE, Dataset, Entry, EntryKind, shortened};
use crate::store::View;
use serde_json::{Value, json};

/// Most that are looked at.
const MOST: u32 = 500;

pub(super) fn list(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    let most = arguments.number("limit").unwrap_or(limits::ROWS) as usize;
    let all = view.entries(EntryKind::Dataset, Some(who.project), MOST)?;
    let mut data = view.datasets()?;
    data.retain(|one| one.project.is_none_or(|only| only == who.project));
    if let Some(name) = arguments.text("name") {
        let found: Vec<Value> =
            all.iter().filter(|one| one.name == name).map(|one| told(one, limits::LONG_TEXT)).collect();
        let files = data.iter().filter(|one| one.name == name).map(|one| files(one, limits::LONG_TEXT));
        let found: Vec<Value> = found.into_iter().chain(files).collect();
        if found.is_empty() {
            let words = "no dataset is registered under this name: call `datasets` without one";
            return Err(ToolFault::refused(words.to_owned()));
        }
        return Ok(json!({ "entries": found }));
    }
    let files = data.iter().map(|one| files(one, limits::TEXT));
    let rows = all.iter().map(|one| told(one, limits::TEXT)).chain(files).take(most);
    Ok(json!({ "entries": rows.collect::<Vec<Value>>(), "more": all.len() + data.len() > most }))
}

fn told(entry: &Entry, most: usize) -> Value {
    json!({
        "name": shortened(&entry.name, 200), "text": shortened(&entry.text, most), "for_all_projects": entry.project.is_none(),
        "from": format!("registered by the operator {} at {}", shortened(entry.by.label(), 60), entry.at.rfc3339()),
    })
}

/// One whose files steps may see.
fn files(one: &Dataset, most: usize) -> Value {
    json!({
        "name": one.name, "text": shortened(&one.text, most), "files": one.files, "bytes": one.bytes, "state": one.state,
        "path": format!("{DATASETS_INSIDE}/{}, read-only, where dogwatch.toml names it under `datasets`", one.name),
        "from": format!("registered by the operator {} at {}", shortened(one.by.label(), 60), one.added.rfc3339()),
    })
}
