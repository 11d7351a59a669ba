//! What people want of the project, as agents read it.

use super::field::Arguments;
use super::{Given, ToolFault, Who, limits};
use crate::domain::{BadId, Feature, FeatureId, RunState, shortened};
use crate::store::{StoreError, View};
use serde_json::{Value, json};

/// Most that are looked at.
const MOST: u32 = 500;

pub(super) fn list(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    let yours = view.run(who.run)?.and_then(|run| run.feature());
    if let Some(id) = arguments.text("id") {
        let id: FeatureId = id.parse().map_err(|error: BadId| ToolFault::refused(error.to_string()))?;
        let found = view.feature(id)?.filter(|feature| feature.project == who.project);
        let words = || format!("this project has no feature {id}: call `features` without an id");
        let found = found.ok_or_else(|| ToolFault::refused(words()))?;
        return Ok(json!({ "features": [told(view, &found, yours, limits::LONG_TEXT * 3)?] }));
    }
    let most = arguments.number("limit").unwrap_or(limits::ROWS) as usize;
    let all = view.features(Some(who.project), false, MOST)?;
    let rows = all.iter().take(most).map(|one| told(view, one, yours, limits::TEXT));
    let rows: Vec<Value> = rows.collect::<Result<_, StoreError>>()?;
    Ok(json!({ "features": rows, "more": all.len() > most }))
}

fn told(view: &View<'_>, feature: &Feature, yours: Option<FeatureId>, most: usize) -> Result<Value, StoreError> {
    let runs: Vec<RunState> = view.runs_of_feature(feature.id)?.into_iter().map(|(_, state)| state).collect();
    Ok(json!({
        "id": feature.id.to_string(), "title": feature.title, "text": shortened(&feature.text, most),
        "criteria": feature.criteria, "notes": shortened(&feature.notes, most), "state": feature.state(&runs),
        "your_run_builds_it": yours == Some(feature.id),
        "from": format!("added by the operator {} at {}", shortened(feature.by.label(), 60), feature.added.rfc3339()),
    }))
}
