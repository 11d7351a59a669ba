//! Gemini CLI, as its version 0.61 is started.

mod events;

pub(super) use events::GeminiEvents;

use super::adapter::Session;
use super::coding::{Draft, KEY};
use serde_json::{Map, Value, json};

/// Some settings have no option, so a shell writes them into the agent's own directory and then becomes the agent.
const WRITE_SETTINGS: &str = "umask 077 && mkdir -p \"$GEMINI_CLI_HOME/.gemini\" && printf %s \"$DOGWATCH_SETTINGS\" \
                              >\"$GEMINI_CLI_HOME/.gemini/settings.json\" && exec \"$@\"";

/// Composes a turn.
pub(super) fn start(draft: &mut Draft<'_>) {
    let program = std::mem::take(&mut draft.argv);
    draft.words(["/bin/sh", "-c", WRITE_SETTINGS, "sh"]);
    draft.argv.extend(program);
    draft.words(["-o", "stream-json", "-y", "--skip-trust"]);
    match draft.session {
        Session::New(id) => draft.words(["--session-id", id]),
        Session::Resumed { id, .. } => draft.words(["--resume", id]),
    }
    draft.model("-m");
    draft.arguments();
    let servers: Map<String, Value> = draft
        .servers
        .iter()
        .map(|server| (server.name.clone(), json!({"httpUrl": server.url, "trust": true})))
        .collect();
    let mut settings = json!({
        // Needed where the address of the model is not the maker's.
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": false},
        "telemetry": {"enabled": false},
        "general": {"enableAutoUpdate": false, "maxAttempts": 3},
        "mcpServers": servers,
    });
    if draft.audit
        && let Some(settings) = settings.as_object_mut()
    {
        // What it would run is what it judges.
        settings.insert("tools".to_owned(), json!({"exclude": ["run_shell_command"]}));
    }
    let (settings, gateway, home) = (settings.to_string(), draft.gateway, draft.home);
    draft.variables([
        ("GEMINI_CLI_HOME", home),
        ("DOGWATCH_SETTINGS", settings.as_str()),
        ("GEMINI_API_KEY", KEY),
        ("GOOGLE_GEMINI_BASE_URL", gateway),
        // It would start itself a second time for more memory.
        ("GEMINI_CLI_NO_RELAUNCH", "true"),
    ]);
}
