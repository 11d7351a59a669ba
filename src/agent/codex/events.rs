//! The events of Codex (`codex exec --json`, read of version 0.169).

use crate::agent::stream::Dialect;
use crate::agent::stream::event::{Event, Tokens, bounded, name};
use crate::agent::stream::fault::Fault;
use crate::agent::stream::soft::{Few, Soft, Text, text};
use crate::agent::stream::verdict::{Claim, Exits, Facts};
use crate::domain::Ending;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the program writes to its error stream when it cannot begin.
const REFUSALS: &[(&str, Ending)] = &[
    ("unexpected argument", Ending::Misconfigured),
    ("error: invalid value", Ending::Misconfigured),
    ("Error loading config", Ending::Misconfigured),
    ("required MCP servers failed", Ending::Blocked),
    ("Missing environment variable", Ending::Auth),
];
/// How a try that is not the last begins.
const RETRY: &str = "Reconnecting...";

/// What is known of the stream so far.
#[derive(Debug)]
pub(in crate::agent) struct CodexEvents {
    /// What earlier turns of the session used: the program counts on from there.
    before: Tokens,
    /// Commands that ran, and those of them that the program's own sandbox did not let run.
    commands: (u64, u64),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    thread_id: Soft<Text<'a>>,
    item: Soft<Item<'a>>,
    message: Soft<Text<'a>>,
    error: Soft<Said<'a>>,
    usage: Soft<Usage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    message: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow)]
    id: Soft<Text<'a>>,
    r#type: Soft<Text<'a>>,
    text: Soft<Text<'a>>,
    command: Soft<Text<'a>>,
    aggregated_output: Soft<Text<'a>>,
    exit_code: Soft<i64>,
    status: Soft<Text<'a>>,
    changes: Option<&'a RawValue>,
    server: Soft<Text<'a>>,
    tool: Soft<Text<'a>>,
    arguments: Option<&'a RawValue>,
    result: Soft<ToolOutput<'a>>,
    error: Soft<Said<'a>>,
    message: Soft<Text<'a>>,
    query: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ToolOutput<'a> {
    #[serde(borrow)]
    content: Soft<Few<Part<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Part<'a> {
    #[serde(borrow)]
    text: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the program")]
struct Usage {
    input_tokens: Soft<u64>,
    cached_input_tokens: Soft<u64>,
    cache_write_input_tokens: Soft<u64>,
    output_tokens: Soft<u64>,
}

impl CodexEvents {
    /// A session whose earlier turns used so many tokens.
    pub fn new(before: Tokens) -> Self {
        Self { before, commands: (0, 0) }
    }
}

impl Dialect for CodexEvents {
    fn exits(&self) -> Exits {
        Exits { program: "Codex", codes: &[], refusals: REFUSALS }
    }

    fn read(&mut self, line: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) -> Result<(), serde_json::Error> {
        let line: Line<'_> = serde_json::from_str(line)?;
        match text(&line.r#type) {
            "thread.started" => {
                facts.session = name(text(&line.thread_id));
                emit(Event::Started { session: facts.session.clone(), model: String::new(), version: String::new() });
            }
            "item.started" => self.item(&line.item.or_default(), false, facts, emit),
            "item.completed" => self.item(&line.item.or_default(), true, facts, emit),
            "turn.started" | "item.updated" => {}
            "error" => error(text(&line.message), facts, emit),
            "turn.completed" => self.completed(line.usage.or_default(), facts, emit),
            "turn.failed" => {
                let fault = Fault::read(None, "", text(&line.error.or_default().message));
                emit(Event::Result { ok: false, class: fault.ending.name(), message: fault.words.clone() });
                facts.claim = Some(Claim::Failed(fault));
            }
            kind => emit(Event::Unknown { kind: name(kind) }),
        }
        Ok(())
    }
}

fn error(message: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let fault = Fault::read(None, "", message);
    if message.starts_with(RETRY) {
        let status = crate::agent::stream::fault::status_in(message);
        emit(Event::Retry { class: fault.ending.name(), status, message: bounded(message) });
    } else {
        emit(Event::Warning { message: bounded(message) });
    }
    facts.trouble = Some(fault);
}

impl CodexEvents {
    fn completed(&self, usage: Usage, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        let cached = usage.cached_input_tokens.or_default();
        let written = usage.cache_write_input_tokens.or_default();
        let all = Tokens {
            // The input that is stated includes what was cached.
            input: usage.input_tokens.or_default().saturating_sub(cached).saturating_sub(written),
            output: usage.output_tokens.or_default(),
            cached,
            cache_write: written,
        };
        facts.tokens = Tokens::default();
        facts.tokens.add(all.since(self.before));
        emit(Event::Usage { tokens: facts.tokens, microusd: 0 });
        emit(Event::Result { ok: true, class: Ending::Finished.name(), message: String::new() });
        facts.claim = Some(Claim::Success);
        if self.commands.0 > 0 && self.commands.0 == self.commands.1 {
            facts.no_commands = Some("its own sandbox let no command run".to_owned());
        }
    }

    fn item(&mut self, item: &Item<'_>, done: bool, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        let id = name(text(&item.id));
        let kind = text(&item.r#type);
        if kind != "error" {
            facts.worked = true;
            facts.trouble = None;
        }
        match kind {
            "agent_message" if done => emit(Event::Text { text: bounded(text(&item.text)) }),
            "reasoning" if done => emit(Event::Thought { text: bounded(text(&item.text)) }),
            "error" if done => emit(Event::Warning { message: bounded(text(&item.message)) }),
            "command_execution" | "file_change" | "mcp_tool_call" | "web_search" => {
                if done {
                    self.result(item, id, emit);
                } else {
                    emit(tool_use(item, id));
                }
            }
            "agent_message" | "reasoning" | "error" | "todo_list" => {}
            kind => emit(Event::Unknown { kind: name(kind) }),
        }
    }

    fn result(&mut self, item: &Item<'_>, id: String, emit: &mut dyn FnMut(Event)) {
        let (ok, output) = match text(&item.r#type) {
            "command_execution" => {
                let output = text(&item.aggregated_output);
                let failed = item.exit_code.0 != Some(0);
                self.commands.0 += 1;
                if failed && (output.starts_with("bwrap:") || output.contains("codex-linux-sandbox")) {
                    self.commands.1 += 1;
                }
                (!failed, bounded(output))
            }
            "mcp_tool_call" => {
                let parts: Vec<String> = item
                    .result
                    .0
                    .iter()
                    .flat_map(|result| result.content.0.iter())
                    .flat_map(|parts| &parts.0)
                    .map(|part| bounded(text(&part.text)))
                    .collect();
                let error = item.error.0.as_ref().map(|error| text(&error.message)).unwrap_or_default();
                (
                    text(&item.status) == "completed",
                    bounded(&if error.is_empty() { parts.join("\n") } else { error.to_owned() }),
                )
            }
            _ => (text(&item.status) != "failed", String::new()),
        };
        emit(Event::ToolResult { id, ok, output });
    }
}

fn tool_use(item: &Item<'_>, id: String) -> Event {
    let (tool, input) = match text(&item.r#type) {
        "command_execution" => ("shell".to_owned(), bounded(text(&item.command))),
        "mcp_tool_call" => (
            format!("{}.{}", name(text(&item.server)), name(text(&item.tool))),
            bounded(item.arguments.map_or("", RawValue::get)),
        ),
        "web_search" => ("web_search".to_owned(), bounded(text(&item.query))),
        kind => (name(kind), bounded(item.changes.map_or("", RawValue::get))),
    };
    Event::ToolUse { id, tool, input }
}
