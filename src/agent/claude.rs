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
    draft.words(["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]);
    draft.words(["--dangerously-skip-permissions"]);
    if draft.audit {
        // What it would run is what it judges. Other words follow: the list ends at the next option.
        draft.words(["--disallowedTools", "Bash"]);
    }
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
    if !draft.audit {
        draft.words(["--append-system-prompt", MANNERS]);
    }
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

/// The type of the event by which it says that it has done what it was told.
pub(super) const DONE: &str = "result";

/// A message to it, as its standard input takes them.
pub(super) fn message(text: &str) -> Vec<u8> {
    let content = json!([{ "type": "text", "text": text }]);
    line(&json!({ "type": "user", "message": { "role": "user", "content": content } }))
}

/// What gives it guidance while it works: it stops what it is at, and its conversation goes on with the guidance. One that has
/// just ended its turn begins another.
pub(super) fn steer(number: u32, guidance: &str) -> Vec<u8> {
    let request = json!({ "subtype": "interrupt" });
    let interrupt =
        json!({ "type": "control_request", "request_id": format!("guidance-{number}"), "request": request });
    let text = format!(
        "The operator interrupts you with guidance. It overrides everything that you were told before:\n\n{guidance}\n\nGo on \
         with your task as this guidance says. What you have done so far is still in the working directory."
    );
    [line(&interrupt), message(&text)].concat()
}

fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
