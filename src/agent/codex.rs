//! Codex, as its version 0.169 is started.

mod events;

pub(super) use events::CodexEvents;

use super::adapter::Session;
use super::coding::{Draft, KEY};
use serde_json::json;

/// Composes a turn. Its own sandbox cannot work inside of a container, so it is switched off.
pub(super) fn start(draft: &mut Draft<'_>) {
    draft.words(["exec", "--json"]);
    draft.model("-m");
    // Values are TOML, whose strings take JSON's.
    let address = json!(format!("{}/v1", draft.gateway));
    let provider = format!(
        "model_providers.dogwatch={{name=\"dogwatch\",base_url={address},env_key=\"OPENAI_API_KEY\",wire_api=\"responses\",\
         request_max_retries=2,stream_max_retries=3,stream_idle_timeout_ms=120000}}"
    );
    draft.words(["-c", "model_provider=\"dogwatch\"", "-c", &provider]);
    draft.words(["-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false", "--disable", "plugins"]);
    // Its provider would search, which the gateway refuses where the operator has not allowed it.
    draft.words(["-c", "web_search=\"disabled\""]);
    for server in draft.servers {
        // Not `required`: an agent that cannot reach its tools for a moment works without them.
        let value = format!("mcp_servers.{}={{url={}}}", server.name, json!(server.url));
        draft.words(["-c", &value]);
    }
    draft.words(["--dangerously-bypass-approvals-and-sandbox", "--skip-git-repo-check"]);
    draft.arguments();
    if let Session::Resumed { id, .. } = draft.session {
        draft.words(["resume", id]);
    }
    draft.words(["-"]);
    let home = draft.home;
    draft.variables([("CODEX_HOME", home), ("OPENAI_API_KEY", KEY)]);
}
