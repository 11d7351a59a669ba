//! GitHub Copilot CLI, as its version 1.0 is started.

mod events;

pub(super) use events::CopilotEvents;

use super::adapter::Session;
use super::coding::{Draft, KEY};
use serde_json::{Map, Value, json};

/// Whether a model is one of Anthropic's.
pub(super) fn is_claude(model: &str) -> bool {
    model.starts_with("claude")
}

/// Composes a turn. With a provider of one's own it needs no account.
pub(super) fn start(draft: &mut Draft<'_>) {
    draft.words(["--output-format", "json", "--allow-all", "--no-ask-user", "--no-color"]);
    if draft.audit {
        // What it would run is what it judges.
        draft.words(["--deny-tool", "shell"]);
    }
    match draft.session {
        Session::New(id) => draft.words(["--session-id", id]),
        Session::Resumed { id, .. } => draft.words([&format!("--resume={id}")]),
    }
    if !draft.servers.is_empty() {
        let servers: Map<String, Value> = draft
            .servers
            .iter()
            .map(|server| {
                let value = json!({"type": "http", "url": server.url, "tools": ["*"]});
                (server.name.clone(), value)
            })
            .collect();
        draft.words(["--additional-mcp-config", &json!({ "mcpServers": servers }).to_string()]);
    }
    draft.arguments();
    let model = draft.settings.model.as_deref().unwrap_or_default();
    let (address, gateway, home) = (format!("{}/v1", draft.gateway), draft.gateway, draft.home);
    let claude = is_claude(model);
    draft.variables([
        ("COPILOT_HOME", home),
        ("COPILOT_OFFLINE", "true"),
        ("COPILOT_AUTO_UPDATE", "false"),
        ("COPILOT_MODEL", model),
        ("COPILOT_PROVIDER_TYPE", if claude { "anthropic" } else { "openai" }),
        ("COPILOT_PROVIDER_BASE_URL", if claude { gateway } else { &address }),
        ("COPILOT_PROVIDER_API_KEY", KEY),
    ]);
}
