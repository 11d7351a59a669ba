//! The events of Claude Code (`--output-format stream-json`, read of version 2.1).

use super::wire::{Block, Line};
use crate::agent::stream::Dialect;
use crate::agent::stream::event::{Event, Tokens, bounded, microusd, name};
use crate::agent::stream::fault::Fault;
use crate::agent::stream::soft::{Few, Soft, Text, text};
use crate::agent::stream::verdict::{Claim, Exits, Facts};
use crate::agent::stream::wait::{Wait, instant};
use crate::domain::Ending;
use serde_json::value::RawValue;

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
    /// The class of the last text, if the program wrote it itself; then the result's words are its own, too.
    own: Option<String>,
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
    // It begins another turn, so what it said of the one before is not its last word.
    facts.claim = None;
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
    emit(Event::Retry { class: fault.ending.name(), status, wait_ms: fault.wait_ms(), message: name(kind) });
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
            self.own = Some(name(text(&line.error)));
            let words = message.content.0.iter().flat_map(|content| &content.0).map(|block| text(&block.text));
            emit(Event::Warning { message: bounded(&words.collect::<Vec<_>>().join("\n")) });
            return;
        }
        facts.worked = true;
        facts.trouble = None;
        self.own = None;
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

    fn result(&mut self, mut line: Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        if facts.session.is_empty() {
            facts.session = name(text(&line.session_id));
        }
        if let Some(used) = line.used().or_else(|| line.usage.0.take().map(Tokens::from)) {
            facts.tokens = Tokens::default();
            facts.tokens.add(used);
        }
        facts.microusd = line.total_cost_usd.0.map_or(facts.microusd, microusd);
        emit(Event::Usage { tokens: facts.tokens, microusd: facts.microusd });
        for denial in line.permission_denials.or_default().0 {
            let tool = name(text(&denial.tool_name));
            facts.denied.get_or_insert_with(|| tool.clone());
            emit(Event::Denied { id: name(text(&denial.tool_use_id)), tool });
        }
        let words = bounded(text(&line.result));
        let reason = text(&line.terminal_reason);
        if text(&line.subtype) == "error_during_execution" && reason.starts_with("aborted") {
            // By whoever speaks to it while it works. It goes on, or else it never finished.
            return emit(Event::Interrupted { message: name(reason) });
        }
        let claim = match text(&line.subtype) {
            "success" if line.is_error.0 == Some(true) => {
                // The model's words are no evidence of anything.
                let (kind, own) = self.own.as_deref().map_or(("", ""), |kind| (kind, words.as_str()));
                let mut fault = Fault { words: words.clone(), ..Fault::read(line.api_error_status.0, kind, own) };
                let asked = facts.trouble.take().filter(|before| before.ending == fault.ending);
                fault.wait = fault.wait.or(asked.and_then(|before| before.wait));
                Claim::Failed(fault)
            }
            "success" => Claim::Success,
            "error_max_turns" => Claim::Failed(Fault::new(Ending::OwnLimit, "its own limit of turns is reached")),
            "error_max_budget_usd" => Claim::Failed(Fault::new(Ending::OwnLimit, "its own budget is used up")),
            other => {
                let why = format!("{} ({})", name(other), name(reason));
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
