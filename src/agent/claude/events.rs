//! The events of Claude Code (`--output-format stream-json`, read of version 2.1).

use crate::agent::stream::Dialect;
use crate::agent::stream::event::{Event, Tokens, bounded, microusd, name};
use crate::agent::stream::fault::Fault;
use crate::agent::stream::soft::{Few, Soft, Text, text};
use crate::agent::stream::verdict::{Claim, Exits, Facts};
use crate::agent::stream::wait::{Wait, instant};
use crate::domain::Ending;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What the program writes to its error stream when it cannot begin.
const REFUSALS: &[(&str, Ending)] = &[
    ("unknown option", Ending::Misconfigured),
    ("error: option", Ending::Misconfigured),
    ("Error: When using", Ending::Misconfigured),
    ("cannot be used with root", Ending::Misconfigured),
    ("is already in use", Ending::Misconfigured),
    ("Invalid MCP configuration", Ending::Misconfigured),
    ("Invalid API key", Ending::Auth),
    ("Please run /login", Ending::Auth),
];
/// The model that stands for texts of the program itself.
const SYNTHETIC: &str = "<synthetic>";

/// What is known of the stream so far.
#[derive(Debug, Default)]
pub(in crate::agent) struct ClaudeEvents {
    /// The call to the model that the last event belongs to: its tokens are stated with every block of its answer.
    call: String,
    /// The class of the last text that the program wrote itself.
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    subtype: Soft<Text<'a>>,
    session_id: Soft<Text<'a>>,
    model: Soft<Text<'a>>,
    claude_code_version: Soft<Text<'a>>,
    mcp_servers: Soft<Few<Server<'a>>>,
    message: Soft<Message<'a>>,
    error: Soft<Text<'a>>,
    error_status: Soft<u16>,
    retry_delay_ms: Soft<f64>,
    rate_limit_info: Soft<Limit<'a>>,
    is_error: Soft<bool>,
    api_error_status: Soft<u16>,
    result: Soft<Text<'a>>,
    terminal_reason: Soft<Text<'a>>,
    total_cost_usd: Soft<f64>,
    usage: Soft<Usage>,
    #[serde(rename = "modelUsage")]
    models: Soft<BTreeMap<String, ModelUsage>>,
    permission_denials: Soft<Few<Denial<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Server<'a> {
    #[serde(borrow)]
    name: Soft<Text<'a>>,
    status: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Soft<Text<'a>>,
    model: Soft<Text<'a>>,
    content: Soft<Few<Block<'a>>>,
    usage: Soft<Usage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    text: Soft<Text<'a>>,
    thinking: Soft<Text<'a>>,
    id: Soft<Text<'a>>,
    name: Soft<Text<'a>>,
    input: Option<&'a RawValue>,
    tool_use_id: Soft<Text<'a>>,
    content: Option<&'a RawValue>,
    is_error: Soft<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Limit<'a> {
    #[serde(borrow)]
    status: Soft<Text<'a>>,
    #[serde(rename = "resetsAt")]
    resets_at: Soft<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the program")]
struct Usage {
    input_tokens: Soft<u64>,
    output_tokens: Soft<u64>,
    cache_read_input_tokens: Soft<u64>,
    cache_creation_input_tokens: Soft<u64>,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input_tokens.or_default(),
            output: usage.output_tokens.or_default(),
            cached: usage.cache_read_input_tokens.or_default(),
            cache_write: usage.cache_creation_input_tokens.or_default(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the program")]
struct ModelUsage {
    input_tokens: Soft<u64>,
    output_tokens: Soft<u64>,
    cache_read_input_tokens: Soft<u64>,
    cache_creation_input_tokens: Soft<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Denial<'a> {
    #[serde(borrow)]
    tool_name: Soft<Text<'a>>,
    tool_use_id: Soft<Text<'a>>,
}

impl Dialect for ClaudeEvents {
    fn exits(&self) -> Exits {
        Exits { program: "Claude Code", codes: &[], refusals: REFUSALS }
    }

    fn read(&mut self, line: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) -> Result<(), serde_json::Error> {
        let line: Line<'_> = serde_json::from_str(line)?;
        match (text(&line.r#type), text(&line.subtype)) {
            ("system", "init") => init(&line, facts, emit),
            ("system", "api_retry") => retry(&line, facts, emit),
            ("rate_limit_event", _) => limit(&line, facts, emit),
            ("assistant", _) => self.assistant(line, facts, emit),
            ("user", _) => user(line, emit),
            ("result", _) => self.result(line, facts, emit),
            ("system" | "stream_event" | "control_request" | "control_response" | "keep_alive", _) => {}
            (kind, _) => emit(Event::Unknown { kind: name(kind) }),
        }
        Ok(())
    }
}

fn init(line: &Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    facts.session = name(text(&line.session_id));
    emit(Event::Started {
        session: facts.session.clone(),
        model: name(text(&line.model)),
        version: name(text(&line.claude_code_version)),
    });
    facts.dead_server = None;
    for server in line.mcp_servers.0.iter().flat_map(|servers| &servers.0) {
        let (server, status) = (name(text(&server.name)), name(text(&server.status)));
        if status == "failed" {
            facts.dead_server.get_or_insert_with(|| server.clone());
        }
        emit(Event::Server { name: server, status });
    }
}

fn retry(line: &Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let (status, kind) = (line.error_status.0, text(&line.error));
    let mut fault = Fault::read(status, kind, "");
    fault.words = format!("the last call to the model failed: {}", name(kind));
    // A delay of whole seconds is what the provider asked for; one of the program's own has fractions.
    if let Some(delay) = line.retry_delay_ms.0.filter(|delay| delay % 1_000.0 == 0.0 && (0.0..1e9).contains(delay)) {
        #[expect(clippy::cast_possible_truncation, reason = "within a range that fits")]
        let milliseconds = delay as i64;
        fault.wait = Some(Wait::For(milliseconds));
    }
    // Its own delay may be the longer one at the next try; what was asked for stays known.
    let before = facts.trouble.take().filter(|before| before.ending == fault.ending);
    fault.wait = fault.wait.or(before.and_then(|before| before.wait));
    emit(Event::Retry { class: fault.ending.name(), status, message: name(kind) });
    facts.trouble = Some(fault);
}

fn limit(line: &Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let Some(limit) = &line.rate_limit_info.0 else { return };
    let (reached, until) = (text(&limit.status) == "rejected", limit.resets_at.0.and_then(instant));
    facts.reset = until.filter(|_| reached);
    emit(Event::Limit { reached, until });
}

fn user(line: Line<'_>, emit: &mut dyn FnMut(Event)) {
    for block in line.message.or_default().content.or_default().0 {
        if text(&block.r#type) == "tool_result" {
            emit(Event::ToolResult {
                id: name(text(&block.tool_use_id)),
                ok: block.is_error.0 != Some(true),
                output: bounded(&shown(block.content)),
            });
        }
    }
}

/// A tool's result is a text, or a list of blocks of which the texts are taken.
fn shown(content: Option<&RawValue>) -> String {
    let Some(content) = content else { return String::new() };
    if let Ok(words) = serde_json::from_str::<Text<'_>>(content.get()) {
        return words.0.into_owned();
    }
    let blocks = serde_json::from_str::<Soft<Few<Block<'_>>>>(content.get()).map(Soft::or_default).unwrap_or_default();
    let texts: Vec<String> =
        blocks.0.iter().map(|block| bounded(text(&block.text))).filter(|t| !t.is_empty()).collect();
    texts.join("\n")
}

impl ClaudeEvents {
    fn assistant(&mut self, line: Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        let message = line.message.or_default();
        if text(&message.model) == SYNTHETIC {
            self.error = name(text(&line.error));
            let words = message.content.0.iter().flat_map(|content| &content.0).map(|block| text(&block.text));
            emit(Event::Warning { message: bounded(&words.collect::<Vec<_>>().join("\n")) });
            return;
        }
        facts.worked = true;
        facts.trouble = None;
        // Until the result says what was used in all, so that a turn that is killed costs something too.
        let call = text(&message.id);
        if self.call != call {
            name(call).clone_into(&mut self.call);
            facts.tokens.add(message.usage.or_default().into());
        }
        for block in message.content.or_default().0 {
            match text(&block.r#type) {
                "text" => emit(Event::Text { text: bounded(text(&block.text)) }),
                "thinking" => emit(Event::Thought { text: bounded(text(&block.thinking)) }),
                "tool_use" => emit(Event::ToolUse {
                    id: name(text(&block.id)),
                    tool: name(text(&block.name)),
                    input: bounded(block.input.map_or("", RawValue::get)),
                }),
                _ => {}
            }
        }
    }

    fn result(&mut self, line: Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        if facts.session.is_empty() {
            facts.session = name(text(&line.session_id));
        }
        facts.tokens = match line.models.0 {
            Some(models) if !models.is_empty() => models.into_values().fold(Tokens::default(), |mut sum, model| {
                sum.add(Tokens {
                    input: model.input_tokens.or_default(),
                    output: model.output_tokens.or_default(),
                    cached: model.cache_read_input_tokens.or_default(),
                    cache_write: model.cache_creation_input_tokens.or_default(),
                });
                sum
            }),
            _ => line.usage.0.map_or(facts.tokens, Tokens::from),
        };
        facts.microusd = line.total_cost_usd.0.map_or(facts.microusd, microusd);
        emit(Event::Usage { tokens: facts.tokens, microusd: facts.microusd });
        for denial in line.permission_denials.or_default().0 {
            let tool = name(text(&denial.tool_name));
            facts.denied.get_or_insert_with(|| tool.clone());
            emit(Event::Denied { id: name(text(&denial.tool_use_id)), tool });
        }
        let words = bounded(text(&line.result));
        let claim = match text(&line.subtype) {
            "success" if line.is_error.0 == Some(true) => {
                let mut fault = Fault::read(line.api_error_status.0, &self.error, &words);
                let asked = facts.trouble.take().filter(|before| before.ending == fault.ending);
                fault.wait = fault.wait.or(asked.and_then(|before| before.wait));
                Claim::Failed(fault)
            }
            "success" => Claim::Success,
            "error_max_turns" => Claim::Failed(Fault::new(Ending::OwnLimit, "its own limit of turns is reached")),
            "error_max_budget_usd" => Claim::Failed(Fault::new(Ending::OwnLimit, "its own budget is used up")),
            other => {
                let why = format!("{} ({})", name(other), name(text(&line.terminal_reason)));
                Claim::Failed(Fault::new(Ending::Crashed, &why))
            }
        };
        let (ok, class) = match &claim {
            Claim::Success => (true, Ending::Finished.name()),
            Claim::Failed(fault) => (false, fault.ending.name()),
        };
        emit(Event::Result { ok, class, message: words });
        facts.claim = Some(claim);
    }
}
