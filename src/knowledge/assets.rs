//! The live systems, for agents whose role sees them. What leads to one, such as the file of a key, is not for them.

use super::field::Arguments;
use super::{Given, ToolFault, limits};
use crate::domain::{Asset, Reach, shortened};
use crate::store::View;
use serde_json::{Value, json};

/// Most that are looked at.
const MOST: u32 = 1000;

pub(super) fn list(view: &View<'_>, arguments: &Arguments) -> Given {
    if let Some(name) = arguments.text("name") {
        let found = view.asset_named(name)?.ok_or_else(|| {
            ToolFault::refused("no asset is registered under this name: call `assets` without one".to_owned())
        })?;
        return Ok(json!({ "assets": [told(&found, limits::LONG_TEXT)] }));
    }
    let most = arguments.number("limit").unwrap_or(limits::ROWS) as usize;
    let all = view.assets(MOST)?;
    let rows: Vec<Value> = all.iter().take(most).map(|one| told(one, limits::TEXT)).collect();
    Ok(json!({ "assets": rows, "more": all.len() > most }))
}

fn told(asset: &Asset, most: usize) -> Value {
    let spec = &asset.spec;
    let host = match &spec.reach {
        Reach::Ssh { host, .. } => Some(host.as_str()),
        Reach::Docker { container, .. } => Some(container.as_str()),
        Reach::Local | Reach::Nowhere => None,
    };
    json!({
        "name": spec.name, "version": asset.version, "reached_by": spec.reach.name(), "host": host,
        "environment": spec.environment, "critical": spec.critical, "labels": spec.labels,
        "note": shortened(&spec.note, most),
        "from": format!("registered by the operator {} at {}", shortened(asset.by.label(), 60), asset.changed.rfc3339()),
    })
}
