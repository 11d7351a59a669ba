//! What people registered for agents to read.

use super::field::Arguments;
use super::{Given, Tool, ToolFault, Who, limits};
use crate::domain::{Entry, EntryKind, shortened};
use crate::store::View;
use serde_json::{Value, json};

/// Most that are looked at.
const MOST: u32 = 500;

pub(super) fn list(view: &View<'_>, who: Who, tool: Tool, arguments: &Arguments) -> Given {
    let kind = match tool {
        Tool::Datasets => EntryKind::Dataset,
        _ => EntryKind::Feature,
    };
    let most = arguments.number("limit").unwrap_or(limits::ROWS) as usize;
    let all = view.entries(Some(kind), Some(who.project), MOST)?;
    if let Some(name) = arguments.text("name") {
        let found: Vec<Value> =
            all.iter().filter(|one| one.name == name).map(|one| told(one, limits::LONG_TEXT)).collect();
        if found.is_empty() {
            let words = format!("no {} is registered under this name: call `{}` without one", kind.name(), tool.name());
            return Err(ToolFault::refused(words));
        }
        return Ok(json!({ "entries": found }));
    }
    let rows: Vec<Value> = all.iter().take(most).map(|one| told(one, limits::TEXT)).collect();
    Ok(json!({ "entries": rows, "more": all.len() > most }))
}

fn told(entry: &Entry, most: usize) -> Value {
    let mut value = json!({
        "name": shortened(&entry.name, 200), "text": shortened(&entry.text, most), "for_all_projects": entry.project.is_none(),
        "from": format!("registered by the operator {} at {}", shortened(entry.by.label(), 60), entry.at.rfc3339()),
    });
    if entry.kind == EntryKind::Feature
        && let Some(object) = value.as_object_mut()
    {
        let criteria: Vec<String> = entry.criteria.iter().take(30).map(|one| shortened(one, limits::TEXT)).collect();
        object.insert("criteria".to_owned(), json!(criteria));
    }
    value
}
