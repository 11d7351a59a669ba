//! opencode, as its version 1.18 is started.

mod events;

pub(super) use events::OpencodeEvents;

use super::adapter::Session;
use super::coding::{Draft, KEY};
use serde_json::{Map, Value, json};

/// The provider that stands for the gateway.
const PROVIDER: &str = "dogwatch";

/// Who makes a model, as it is written.
pub(super) fn provider(model: &str) -> &str {
    model.split_once('/').map_or("", |(provider, _)| provider)
}

/// Composes a turn. The model is written as there, `PROVIDER/MODEL`: the provider decides in which language the gateway is
/// spoken to, `anthropic` in its own and any other in that of chat completions.
pub(super) fn start(draft: &mut Draft<'_>) {
    draft.words(["run", "--format", "json"]);
    if let Session::Resumed { id, .. } = draft.session {
        draft.words(["-s", id]);
    }
    draft.arguments();
    let written = draft.settings.model.as_deref().unwrap_or_default();
    let model = written.split_once('/').map_or(written, |(_, model)| model);
    let package = if provider(written) == "anthropic" { "@ai-sdk/anthropic" } else { "@ai-sdk/openai-compatible" };
    let servers: Map<String, Value> = draft
        .servers
        .iter()
        .map(|server| (server.name.clone(), json!({"type": "remote", "url": server.url, "enabled": true})))
        .collect();
    // What it would run is what it judges.
    let permission = if draft.audit { json!({"*": "allow", "bash": "deny"}) } else { json!("allow") };
    let settings = json!({
        "autoupdate": false,
        "share": "disabled",
        "model": format!("{PROVIDER}/{model}"),
        "small_model": format!("{PROVIDER}/{model}"),
        "permission": permission,
        "provider": {PROVIDER: {
            "npm": package,
            "options": {"baseURL": format!("{}/v1", draft.gateway), "apiKey": KEY},
            "models": {model: {"tool_call": true}},
        }},
        "mcp": servers,
    })
    .to_string();
    let home = draft.home;
    draft.variables([
        ("XDG_DATA_HOME", home),
        ("OPENCODE_CONFIG_CONTENT", settings.as_str()),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
        // Without being asked it would start tool servers that the repository names.
        ("OPENCODE_DISABLE_PROJECT_CONFIG", "1"),
    ]);
}
