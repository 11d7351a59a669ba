//! What real agents ask passes; what their providers would do by themselves does not, however it is written.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn find(api: ModelApi, body: &Value, allowed: &[ProviderTool]) -> Option<Beyond> {
    let allowed = allowed.iter().copied().collect();
    Beyond::find(api, body.to_string().as_bytes(), &allowed).unwrap()
}

fn tools(api: ModelApi, tool: &Value) -> Option<Beyond> {
    find(api, &json!({ "model": "m", "tools": [tool] }), &[])
}

#[test]
fn what_real_agents_ask_passes() {
    use ModelApi::{Anthropic, Gemini, Openai};
    for (api, text) in [
        (Anthropic, include_str!("../../../tests/agents/asked/claude.json")),
        (Anthropic, include_str!("../../../tests/agents/asked/copilot-anthropic.json")),
        (Anthropic, include_str!("../../../tests/agents/asked/opencode-anthropic.json")),
        (Openai, include_str!("../../../tests/agents/asked/codex.json")),
        (Openai, include_str!("../../../tests/agents/asked/copilot.json")),
        (Openai, include_str!("../../../tests/agents/asked/opencode.json")),
        (Gemini, include_str!("../../../tests/agents/asked/gemini.json")),
    ] {
        let asked: Value = serde_json::from_str(text).unwrap();
        assert_eq!(find(api, &asked["body"], &[]), None, "{text}");
    }
    // What they ask when they are to search passes where the role may.
    for (api, text) in [
        (Anthropic, include_str!("../../../tests/agents/asked/claude-searches.json")),
        (Openai, include_str!("../../../tests/agents/asked/codex-searches.json")),
        (Gemini, include_str!("../../../tests/agents/asked/gemini-searches.json")),
    ] {
        let asked: Value = serde_json::from_str(text).unwrap();
        let search = Beyond { place: "tools", tool: Some(ProviderTool::WebSearch) };
        assert_eq!(find(api, &asked["body"], &[]), Some(search), "{text}");
        assert_eq!(find(api, &asked["body"], &[ProviderTool::WebSearch]), None, "{text}");
    }
}

#[test]
fn tools_that_the_provider_runs_are_known_by_their_types() {
    use ProviderTool::{CodeExecution, FileSearch, ImageGeneration, Mcp, WebFetch, WebSearch};
    for (kind, tool) in [
        ("web_search_20250305", Some(WebSearch)),
        ("web_search", Some(WebSearch)),
        ("web_search_preview_2025_03_11", Some(WebSearch)),
        ("web_fetch_20250910", Some(WebFetch)),
        ("code_execution_20250825", Some(CodeExecution)),
        ("code_interpreter", Some(CodeExecution)),
        ("shell", Some(CodeExecution)),
        ("file_search", Some(FileSearch)),
        ("image_generation", Some(ImageGeneration)),
        ("mcp", Some(Mcp)),
        ("mcp_toolset", Some(Mcp)),
        ("advisor_20260301", None),
        ("Function", None),
        ("functions", None),
        ("bashful", None),
    ] {
        for api in [ModelApi::Anthropic, ModelApi::Openai, ModelApi::Ollama] {
            let found = tools(api, &json!({"name": "x", "type": kind}));
            assert_eq!(found, Some(Beyond { place: "tools", tool }), "{kind}");
        }
    }
    for ours in [
        json!({"name": "x", "input_schema": {"type": "object", "properties": {"type": {"const": "web_search"}}}}),
        json!({"type": null, "name": "x"}),
        json!({"type": "custom", "name": "x"}),
        json!({"type": "function", "function": {"name": "web_search", "parameters": {"tools": [{"type": "mcp"}]}}}),
        json!({"type": "bash_20250124", "name": "bash"}),
        json!({"type": "text_editor_20250728"}),
        json!({"type": "computer_use_preview"}),
        json!({"type": "memory_20250818"}),
        json!({"type": "local_shell"}),
        json!({"type": "shell", "environment": {"type": "local"}}),
        json!({"type": "tool_search", "execution": "client"}),
        json!({"type": "tool_search_tool_regex_20251119"}),
        json!({"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}),
    ] {
        assert_eq!(tools(ModelApi::Openai, &ours), None, "{ours}");
    }
    let nested =
        json!({"type": "namespace", "name": "n", "tools": [{"type": "mcp", "server_url": "https://a.example"}]});
    assert!(tools(ModelApi::Openai, &nested).is_some());
    let there = json!({"type": "shell", "environment": {"type": "container_auto"}});
    assert!(tools(ModelApi::Openai, &there).is_some());
}

#[test]
fn googles_tools_are_known_by_their_names() {
    let functions = json!({"functionDeclarations": [{"name": "google_web_search", "parameters": {"googleSearch": 1}}]});
    assert_eq!(tools(ModelApi::Gemini, &functions), None);
    assert_eq!(tools(ModelApi::Gemini, &json!({"googleSearch": null, "function_declarations": []})), None);
    for (tool, is) in [
        (json!({"googleSearch": {}}), Some(ProviderTool::WebSearch)),
        (json!({"google_search": {}}), Some(ProviderTool::WebSearch)),
        (json!({"functionDeclarations": [], "urlContext": {}}), Some(ProviderTool::WebFetch)),
        (json!({"codeExecution": {}}), Some(ProviderTool::CodeExecution)),
        (json!({"fileSearch": {"fileSearchStoreNames": ["a"]}}), Some(ProviderTool::FileSearch)),
        (json!({"mcpServers": [{"url": "https://a.example"}]}), Some(ProviderTool::Mcp)),
        (json!({"somethingNew": {}}), None),
    ] {
        assert_eq!(tools(ModelApi::Gemini, &tool), Some(Beyond { place: "tools", tool: is }), "{tool}");
        let one = json!({"tools": tool, "contents": []});
        assert_eq!(find(ModelApi::Gemini, &one, &[]), Some(Beyond { place: "tools", tool: is }), "{one}");
    }
    // Whoever speaks another language with Google behind it takes the same word.
    assert!(tools(ModelApi::Openai, &json!({"googleSearch": {}})).is_some());
}

#[test]
fn servers_and_links_are_found_wherever_they_are() {
    let link = "https://a.example/secret";
    for body in [
        json!({"mcp_servers": [{"type": "url", "url": link, "authorization_token": "x"}]}),
        json!({"web_search_options": {"a": 1}}),
        json!({"plugins": [{"id": "web"}]}),
        json!({"search_parameters": {"mode": "on"}}),
        json!({"enable_search": true}),
        json!({"container": "c_1"}),
        json!({"prompt": {"id": "pmpt_1"}}),
        json!({"cachedContent": "cachedContents/1"}),
        json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": link}}]}]}),
        json!({"messages": [{"content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]}]}),
        json!({"messages": [{"content": [{"type": "tool_result", "content": [{"source": {"url": link}}]}]}]}),
        json!({"messages": [{"content": [{"source": {"type": "content", "content": [{"source": {"type": "url"}}]}}]}]}),
        json!({"system": [{"type": "document", "source": {"type": "url", "url": link}}]}),
        json!({"messages": [{"content": [{"type": "container_upload", "file_id": "f"}]}]}),
        json!({"messages": [{"content": [{"type": "image_url", "image_url": {"url": link}}]}]}),
        json!({"messages": [{"content": [{"type": "image_url", "image_url": link}]}]}),
        json!({"messages": [{"content": [{"type": "image_url", "image_url": "//a.example/x"}]}]}),
        json!({"messages": [{"content": [{"type": "file", "file": {"file_data": link}}]}]}),
        json!({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": link}]}]}),
        json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_url": link}]}]}),
        json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}),
        json!({"input": [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": link}]}]}),
        json!({"input": [{"type": "computer_call_output", "output": {"image_url": link}}]}),
        json!({"input": [{"type": "tool_search_output", "tools": [{"type": "mcp", "server_url": link}]}]}),
        json!({"contents": [{"parts": [{"fileData": {"fileUri": link}}]}]}),
        json!({"contents": [{"parts": [{"file_data": {"file_uri": link}}]}]}),
        json!({"contents": {"parts": {"functionResponse": {"parts": [{"fileData": {"fileUri": link}}]}}}}),
        json!({"systemInstruction": {"parts": [{"fileData": {"fileUri": link}}]}}),
    ] {
        for api in ModelApi::ALL {
            assert!(find(api, &body, &[]).is_some(), "{body}");
            // Google has no types of tools, so there this is a tool that nobody knows.
            let unknown = api == ModelApi::Gemini && body.to_string().contains("tool_search_output");
            assert!(unknown || find(api, &body, &ProviderTool::ALL).is_none(), "{body}");
        }
    }
}

#[test]
fn what_only_looks_like_one_passes() {
    let link = "https://a.example/x";
    for body in [
        json!({"messages": [{"role": "user", "content": link}], "mcp_servers": [], "container": null, "prompt": "say"}),
        json!({"messages": [{"content": [{"type": "text", "text": format!("{{\"file_id\":\"{link}\"}}")}]}]}),
        json!({"messages": [{"content": [{"type": "tool_use", "input": {"source": {"type": "url", "url": link}, "tools": [{"type": "mcp"}]}}]}]}),
        json!({"messages": [{"content": [{"type": "image", "source": {"type": "base64", "data": "AAAA"}}]}]}),
        json!({"messages": [{"content": [{"type": "search_result", "source": link, "content": [{"type": "text"}]}]}]}),
        json!({"messages": [{"content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}]}),
        json!({"messages": [{"content": [{"type": "file", "file": {"filename": "a", "file_data": "AAAA"}}]}]}),
        json!({"messages": [{"tool_calls": [{"type": "function", "function": {"arguments": link}}]}]}),
        json!({"input": [{"type": "input_image", "image_url": "DATA:image/png;base64,AA", "file_id": null}]}),
        json!({"input": [{"type": "function_call_output", "output": link}]}),
        json!({"contents": [{"parts": [{"functionResponse": {"response": {"fileData": {"fileUri": link}}}}]}]}),
        json!({"contents": [{"parts": [{"inlineData": {"data": "AAAA"}}, {"functionCall": {"args": {"file_id": 1}}}]}]}),
        json!({"metadata": {"tools": [{"type": "mcp"}]}, "tools": null}),
    ] {
        assert_eq!(find(ModelApi::Anthropic, &body, &[]), None, "{body}");
    }
}

#[test]
fn no_way_of_writing_hides_it() {
    for body in [
        r#"{"tools":[{"type":"web_search"}],"tools":[]}"#,
        r#"{"tools":[],"tools":[{"type":"web_search"}]}"#,
        r#"{"to\u006fls":[{"t\u0079pe":"web\u005fsearch"}]}"#,
        r#"{"Tools":[{"TYPE":"web_search"}]}"#,
        r#"{"toolſ":[{"type":"web_search"}]}"#,
        r#"{"tools":[{"type":"function","type":"web_search"}]}"#,
        r#"{"tools":[{"type":"web_search","type":"function"}]}"#,
        r#"{"tools":[{"type":"shell","environment":{"type":"container_auto"},"environment":{"type":"local"}}]}"#,
        r#"{"mcpServers":[{}]}"#,
    ] {
        assert!(Beyond::find(ModelApi::Openai, body.as_bytes(), &BTreeSet::new()).unwrap().is_some(), "{body}");
    }
    for body in ["", "[]", "[{}]x", "{} {}", "{", "\u{feff}{}", r#"{"tools":[{"type":["web_search"]}]}"#] {
        let read = Beyond::find(ModelApi::Openai, body.as_bytes(), &BTreeSet::new());
        assert!(read.is_err(), "{body}");
    }
    let deep = format!("{{\"messages\":{}", "[".repeat(100_000));
    assert!(Beyond::find(ModelApi::Openai, deep.as_bytes(), &BTreeSet::new()).is_err());
    let none = BTreeSet::new();
    assert!(Beyond::model(ModelApi::Openai, "gpt-4o-search-preview", &none).is_some());
    assert!(Beyond::model(ModelApi::Openai, "gpt-4o-search-preview", &[ProviderTool::WebSearch].into()).is_none());
    assert!(Beyond::model(ModelApi::Openai, "gpt-5-codex", &none).is_none());
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for api in ModelApi::ALL {
            let _any = Beyond::find(api, &body, &BTreeSet::new());
        }
    }
}
