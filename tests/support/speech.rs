//! What a played model says, in the language in which it is asked: a text, and a command for the shell of whoever asks.

use serde_json::{Value, json};

/// One turn of a model.
#[derive(Debug, Clone)]
pub struct Words {
    /// What it says.
    pub text: String,
    /// What it wants to be run.
    pub shell: Option<String>,
}

/// An answer: its type and its bytes.
pub type Spoken = (&'static str, String);

const EVENTS: &str = "text/event-stream; charset=utf-8";
const WHOLE: &str = "application/json";

/// Whether a request offers tools. Those without are about titles and the like.
pub fn offers_tools(body: &Value) -> bool {
    body["tools"].as_array().is_some_and(|tools| !tools.is_empty())
}

/// The answer to a request of any of the agents.
pub fn speak(path: &str, body: &Value, words: &Words) -> Spoken {
    let model = body["model"].as_str().unwrap_or("scripted");
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/messages") {
        anthropic(model, body, words)
    } else if path.ends_with("/responses") {
        (EVENTS, responses(model, body, words))
    } else if path.ends_with("/chat/completions") {
        (EVENTS, chat(model, body, words))
    } else if path.ends_with(":streamGenerateContent") {
        (EVENTS, event("", &gemini(body, words)))
    } else if path.ends_with(":generateContent") {
        (WHOLE, gemini(body, words).to_string())
    } else if path.ends_with("count_tokens") || path.ends_with(":countTokens") {
        (WHOLE, json!({"input_tokens": 10, "totalTokens": 10}).to_string())
    } else {
        (WHOLE, json!({"object": "list", "data": [], "models": [], "has_more": false}).to_string())
    }
}

fn event(name: &str, data: &Value) -> String {
    let head = if name.is_empty() { String::new() } else { format!("event: {name}\n") };
    format!("{head}data: {data}\n\n")
}

/// The names of all tools that are offered, and whether each takes free text.
fn offered(body: &Value) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for tool in body["tools"].as_array().into_iter().flatten() {
        let name = |tool: &Value| tool["name"].as_str().or(tool["function"]["name"].as_str()).map(str::to_owned);
        let inner = tool["functionDeclarations"].as_array().or(tool["tools"].as_array());
        match inner {
            Some(inner) => found.extend(inner.iter().filter_map(name).map(|name| (name, false))),
            None => found.extend(name(tool).map(|name| (name, tool["type"] == "custom"))),
        }
    }
    found
}

/// The shell's name among the tools, and what it is given: arguments, or free text.
fn shell(body: &Value, command: &str) -> (String, Result<Value, String>) {
    let tools = offered(body);
    let known = ["Bash", "run_shell_command", "shell_command", "bash", "exec_command", "shell"];
    let Some(name) = known.iter().find(|known| tools.iter().any(|(name, _)| name == *known)) else {
        let code =
            format!("const r = await tools.exec_command({{cmd: {}}}); text(JSON.stringify(r));", Value::from(command));
        return ("exec".to_owned(), Err(code));
    };
    let arguments = match *name {
        "exec_command" => json!({ "cmd": command }),
        "shell" => json!({ "command": ["bash", "-lc", command] }),
        _ => json!({ "command": command, "description": "as the model wants it" }),
    };
    ((*name).to_owned(), Ok(arguments))
}

fn anthropic(model: &str, body: &Value, words: &Words) -> Spoken {
    let mut blocks = vec![json!({"type": "text", "text": words.text})];
    if let Some(command) = &words.shell {
        let (name, input) = shell(body, command);
        blocks
            .push(json!({"type": "tool_use", "id": format!("toolu_{}", id()), "name": name, "input": input.unwrap()}));
    }
    let stop = if blocks.len() > 1 { "tool_use" } else { "end_turn" };
    let usage = json!({"input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 20});
    let message = |content: &[Value], stop: Value| {
        json!({"id": format!("msg_{}", id()), "type": "message", "role": "assistant", "model": model, "content": content,
               "stop_reason": stop, "stop_sequence": null, "usage": usage})
    };
    if body["stream"] != true {
        return (WHOLE, message(&blocks, stop.into()).to_string());
    }
    let mut all = event("message_start", &json!({"type": "message_start", "message": message(&[], Value::Null)}));
    for (index, block) in blocks.iter().enumerate() {
        let (start, delta) = if block["type"] == "text" {
            (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": block["text"]}))
        } else {
            let mut start = block.clone();
            start["input"] = json!({});
            (start, json!({"type": "input_json_delta", "partial_json": block["input"].to_string()}))
        };
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        all += &event("content_block_start", &start);
        all += &event("content_block_delta", &json!({"type": "content_block_delta", "index": index, "delta": delta}));
        all += &event("content_block_stop", &json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    all += &event("message_delta", &json!({"type": "message_delta", "delta": delta, "usage": usage}));
    all += &event("message_stop", &json!({"type": "message_stop"}));
    (EVENTS, all)
}

fn responses(model: &str, body: &Value, words: &Words) -> String {
    let mut items =
        vec![json!({"id": format!("msg_{}", id()), "type": "message", "status": "completed", "role": "assistant",
                                "content": [{"type": "output_text", "text": words.text, "annotations": []}]})];
    if let Some(command) = &words.shell {
        let (name, input) = shell(body, command);
        let call = format!("call_{}", id());
        items.push(match input {
            Ok(arguments) => json!({"id": format!("fc_{}", id()), "type": "function_call", "status": "completed",
                                    "call_id": call, "name": name, "arguments": arguments.to_string()}),
            Err(text) => json!({"id": format!("ctc_{}", id()), "type": "custom_tool_call", "status": "completed",
                                "call_id": call, "name": name, "input": text}),
        });
    }
    let usage = json!({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20,
                       "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 120});
    let response = |status: &str, output: &[Value], usage: Value| {
        json!({"id": format!("resp_{}", id()), "object": "response", "created_at": 1, "model": model, "status": status,
               "output": output, "usage": usage, "error": null})
    };
    let started = json!({"type": "response.created", "response": response("in_progress", &[], Value::Null)});
    let mut all = event("response.created", &started);
    for (index, item) in items.iter().enumerate() {
        let mut head = item.clone();
        head["status"] = "in_progress".into();
        if item["type"] == "message" {
            head["content"] = json!([]);
        }
        let place = |name: &str, item: &Value| event(name, &json!({"type": name, "output_index": index, "item": item}));
        all += &place("response.output_item.added", &head);
        if item["type"] == "message" {
            let delta = json!({"type": "response.output_text.delta", "item_id": item["id"], "output_index": index,
                               "content_index": 0, "delta": words.text});
            all += &event("response.output_text.delta", &delta);
        }
        all += &place("response.output_item.done", item);
    }
    let completed = json!({"type": "response.completed", "response": response("completed", &items, usage)});
    all + &event("response.completed", &completed)
}

fn chat(model: &str, body: &Value, words: &Words) -> String {
    let name = format!("chatcmpl-{}", id());
    let chunk = |choices: Value, usage: Value| {
        let data = json!({"id": name, "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices,
                          "usage": usage});
        event("", &data)
    };
    let delta = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let mut all = chunk(delta(json!({"role": "assistant", "content": words.text}), Value::Null), Value::Null);
    if let Some(command) = &words.shell {
        let (name, input) = shell(body, command);
        let function = json!({"name": name, "arguments": input.unwrap().to_string()});
        let call = json!([{"index": 0, "id": format!("call_{}", id()), "type": "function", "function": function}]);
        all += &chunk(delta(json!({ "tool_calls": call }), Value::Null), Value::Null);
    }
    let stop = if words.shell.is_some() { "tool_calls" } else { "stop" };
    all += &chunk(delta(json!({}), stop.into()), Value::Null);
    all += &chunk(json!([]), json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}));
    all + "data: [DONE]\n\n"
}

fn gemini(body: &Value, words: &Words) -> Value {
    let mut parts = vec![json!({ "text": words.text })];
    if let Some(command) = &words.shell {
        let (name, input) = shell(body, command);
        parts.push(json!({"functionCall": {"name": name, "args": input.unwrap()}}));
    }
    json!({"modelVersion": "scripted", "responseId": id(),
           "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
           "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120}})
}

/// A name that no other has.
fn id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:024x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
