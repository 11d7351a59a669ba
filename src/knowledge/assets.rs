//! The live systems, for agents whose role sees them. What leads to one, such as the file of a key, is not for them.

use super::field::Arguments;
use super::{Given, ToolFault, limits};
use crate::domain::{Asset, AssetState, Reach, Sighting, shortened};
use crate::store::{StoreError, View};
use serde_json::{Value, json};

/// Most that are looked at.
const MOST: u32 = 1000;

pub(super) fn list(view: &View<'_>, arguments: &Arguments) -> Given {
    if let Some(name) = arguments.text("name") {
        let found = view.asset_named(name)?.ok_or_else(|| {
            ToolFault::refused("no asset is registered under this name: call `assets` without one".to_owned())
        })?;
        let seen = view.sightings(found.id, 1)?.pop();
        return Ok(json!({ "assets": [told(&found, full(seen.as_ref()), limits::LONG_TEXT)] }));
    }
    let most = arguments.number("limit").unwrap_or(limits::ROWS) as usize;
    let all = view.assets(MOST)?;
    let rows = all.iter().take(most).map(|one| {
        let seen = view.sightings(one.id, 1)?.pop();
        Ok(told(one, brief(seen.as_ref()), limits::TEXT))
    });
    let rows = rows.collect::<Result<Vec<Value>, StoreError>>()?;
    Ok(json!({ "assets": rows, "more": all.len() > most }))
}

/// Whether it is up, for a list.
fn brief(seen: Option<&Sighting>) -> Value {
    let is = |seen: &Sighting| if matches!(seen.state, AssetState::Up { .. }) { "up" } else { "down" };
    json!(seen.map(|seen| json!({ "at": seen.at.rfc3339(), "is": is(seen) })))
}

/// All that it says of itself.
fn full(seen: Option<&Sighting>) -> Value {
    json!(seen.map(|seen| json!({ "at": seen.at.rfc3339(), "said_by_itself": seen.state })))
}

#[expect(clippy::needless_pass_by_value, reason = "it becomes part of what is told")]
fn told(asset: &Asset, seen: Value, most: usize) -> Value {
    let spec = &asset.spec;
    let host = match &spec.reach {
        Reach::Ssh { host, .. } => Some(host.as_str()),
        Reach::Docker { container, .. } => Some(container.as_str()),
        Reach::Local | Reach::Nowhere => None,
    };
    json!({
        "name": spec.name, "version": asset.version, "reached_by": spec.reach.name(), "host": host,
        "environment": spec.environment, "critical": spec.critical, "labels": spec.labels,
        "note": shortened(&spec.note, most), "seen": seen,
        "from": format!("registered by the operator {} at {}", shortened(asset.by.label(), 60), asset.changed.rfc3339()),
    })
}
