//! Claude Code, as its version 2.1 is started.

mod events;
mod wire;

pub(super) use events::ClaudeEvents;

use super::adapter::Session;
use super::coding::{Draft, KEY, MANNERS};
use serde_json::{Map, Value, json};

/// Composes a turn. Settings, hooks and tool servers of the repository are left out: without being asked it would run them.
/// `CLAUDE.md` is left out with them, so the agent is told to read it.
pub(super) fn start(draft: &mut Draft<'_>) {
    draft.words(["-p", "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"]);
    draft.words(["--setting-sources", "user", "--strict-mcp-config"]);
    if !draft.servers.is_empty() {
        let servers: Map<String, Value> = draft
            .servers
            .iter()
            .map(|server| (server.name.clone(), json!({"type": "http", "url": server.url})))
            .collect();
        draft.words(["--mcp-config", &json!({ "mcpServers": servers }).to_string()]);
    }
    match draft.session {
        Session::New(id) => draft.words(["--session-id", id]),
        Session::Resumed { id, .. } => draft.words(["--resume", id]),
    }
    draft.model("--model");
    draft.words(["--append-system-prompt", MANNERS]);
    draft.arguments();
    let (gateway, home) = (draft.gateway, draft.home);
    draft.variables([
        ("CLAUDE_CONFIG_DIR", home),
        ("ANTHROPIC_BASE_URL", gateway),
        ("ANTHROPIC_API_KEY", KEY),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("CLAUDE_CODE_MAX_RETRIES", "3"),
        ("API_TIMEOUT_MS", "120000"),
        // As root it refuses to work without asking, unless it is told that there is a wall around it.
        ("IS_SANDBOX", "1"),
    ]);
}
