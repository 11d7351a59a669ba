//! The events of GitHub Copilot CLI (`--output-format json`, read of version 1.0). It writes its tokens to a file only, which the
//! engine does not see: they count as none.

use crate::agent::stream::Dialect;
use crate::agent::stream::event::{Event, bounded, name};
use crate::agent::stream::fault::Fault;
use crate::agent::stream::soft::{Few, Soft, Text, text};
use crate::agent::stream::verdict::{Claim, Exits, Facts};
use crate::agent::stream::wait::Wait;
use crate::domain::{Ending, Millis};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the program writes to its error stream when it cannot begin.
const REFUSALS: &[(&str, Ending)] = &[
    ("error: unexpected argument", Ending::Misconfigured),
    ("unknown option", Ending::Misconfigured),
    ("No session or task matched", Ending::Misconfigured),
    ("Error: Invalid", Ending::Misconfigured),
    ("No authentication information", Ending::Auth),
];
/// The start of events that come in many pieces, or say nothing that is needed.
const NOISE: [&str; 6] = ["session.", "assistant.", "model.", "tool.", "user.", "hook."];

/// What is known of the stream so far.
#[derive(Debug, Default)]
pub(in crate::agent) struct CopilotEvents {
    /// Uses of tools that are under way, the last ones.
    tools: Vec<(String, String)>,
    /// It was stopped by a signal.
    aborted: bool,
    /// The error that ended its work.
    error: Option<Fault>,
}

/// Uses of tools that are remembered at a time.
const UNDER_WAY: usize = 64;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    timestamp: Soft<Text<'a>>,
    data: Option<&'a RawValue>,
    #[serde(rename = "sessionId")]
    session: Soft<Text<'a>>,
    #[serde(rename = "exitCode")]
    exit_code: Soft<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow)]
    content: Soft<Text<'a>>,
    reasoning_text: Soft<Text<'a>>,
    tool_call_id: Soft<Text<'a>>,
    tool_name: Soft<Text<'a>>,
    arguments: Option<&'a RawValue>,
    success: Soft<bool>,
    result: Soft<Shown<'a>>,
    error: Soft<Said<'a>>,
    error_type: Soft<Text<'a>>,
    error_message: Soft<Text<'a>>,
    message: Soft<Text<'a>>,
    status_code: Soft<u16>,
    servers: Soft<Few<Server<'a>>>,
    server_name: Soft<Text<'a>>,
    status: Soft<Text<'a>>,
    model: Soft<Text<'a>>,
    aborted: Soft<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Shown<'a> {
    #[serde(borrow)]
    content: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    code: Soft<Text<'a>>,
    message: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Server<'a> {
    #[serde(borrow)]
    name: Soft<Text<'a>>,
    status: Soft<Text<'a>>,
}

impl Dialect for CopilotEvents {
    fn exits(&self) -> Exits {
        Exits { program: "Copilot CLI", codes: &[], refusals: REFUSALS }
    }

    fn read(&mut self, line: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) -> Result<(), serde_json::Error> {
        let line: Line<'_> = serde_json::from_str(line)?;
        let data = || line.data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
        match text(&line.r#type) {
            "assistant.message" => message(&data(), facts, emit),
            "tool.execution_start" => self.tool_use(&data(), facts, emit),
            "tool.execution_complete" => self.tool_result(&data(), facts, emit),
            "session.tools_updated" => {
                let model = name(text(&data().model));
                emit(Event::Started { session: String::new(), model, version: String::new() });
            }
            "session.mcp_servers_loaded" => {
                let data: Data<'_> = data();
                for server in &data.servers.or_default().0 {
                    stands(&server.name, &server.status, facts, emit);
                }
            }
            "session.mcp_server_status_changed" => {
                let data: Data<'_> = data();
                stands(&data.server_name, &data.status, facts, emit);
            }
            "model.call_failure" => failure(&data(), facts, emit),
            "session.error" => self.error(&data(), text(&line.timestamp), facts, emit),
            "abort" => self.aborted = true,
            "assistant.idle" => self.aborted |= data().aborted.0 == Some(true),
            "result" => self.result(&line, facts, emit),
            kind if NOISE.iter().any(|start| kind.starts_with(start)) => {}
            kind => emit(Event::Unknown { kind: name(kind) }),
        }
        Ok(())
    }
}

fn message(data: &Data<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    facts.worked = true;
    facts.trouble = None;
    for (soft, thought) in [(&data.reasoning_text, true), (&data.content, false)] {
        let text = bounded(text(soft));
        if !text.is_empty() {
            emit(if thought { Event::Thought { text } } else { Event::Text { text } });
        }
    }
}

fn stands(server: &Soft<Text<'_>>, status: &Soft<Text<'_>>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let (server, status) = (name(text(server)), name(text(status)));
    match status.as_str() {
        "failed" => facts.dead_server = Some(server.clone()),
        "connected" if facts.dead_server.as_ref() == Some(&server) => facts.dead_server = None,
        _ => {}
    }
    emit(Event::Server { name: server, status });
}

fn failure(data: &Data<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let status = data.status_code.0;
    let fault = Fault::read(status, text(&data.error_type), text(&data.error_message));
    emit(Event::Retry { class: fault.ending.name(), status, message: fault.words.clone() });
    facts.trouble = Some(fault);
}

impl CopilotEvents {
    fn tool_use(&mut self, data: &Data<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        facts.worked = true;
        let (id, tool) = (name(text(&data.tool_call_id)), name(text(&data.tool_name)));
        if self.tools.len() == UNDER_WAY {
            self.tools.remove(0);
        }
        self.tools.push((id.clone(), tool.clone()));
        emit(Event::ToolUse { id, tool, input: bounded(data.arguments.map_or("", RawValue::get)) });
    }

    fn tool_result(&mut self, data: &Data<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        let id = name(text(&data.tool_call_id));
        let at = self.tools.iter().position(|(known, _)| *known == id);
        let tool = at.map(|at| self.tools.remove(at).1).unwrap_or_default();
        let error = data.error.0.as_ref();
        if error.is_some_and(|error| text(&error.code) == "denied") {
            facts.denied.get_or_insert_with(|| tool.clone());
            emit(Event::Denied { id: id.clone(), tool });
        }
        let words = error.map_or("", |error| text(&error.message));
        let output = data.result.0.as_ref().map_or(words, |result| text(&result.content));
        emit(Event::ToolResult { id, ok: data.success.0 == Some(true), output: bounded(output) });
    }

    fn error(&mut self, data: &Data<'_>, written: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        let mut fault = match text(&data.error_type) {
            "context_limit" => Fault::new(Ending::OwnLimit, text(&data.message)),
            kind => Fault::read(data.status_code.0, kind, text(&data.message)),
        };
        let asked = facts.trouble.take().and_then(|before| before.wait);
        let written = written.parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()));
        fault.wait = fault.wait.or(asked).map(|wait| wait.from(written).map_or(wait, Wait::Until));
        emit(Event::Warning { message: fault.words.clone() });
        self.error = Some(fault);
    }

    fn result(&mut self, line: &Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        facts.session = name(text(&line.session));
        let claim = match (self.error.take(), line.exit_code.0) {
            (Some(fault), _) => Claim::Failed(fault),
            (None, _) if self.aborted => {
                Claim::Failed(Fault::new(Ending::Killed { oom: false }, "it was stopped by a signal"))
            }
            (None, Some(0)) => Claim::Success,
            (None, code) => {
                let fault = facts.trouble.take();
                let code = code.map_or("none".to_owned(), |code| code.to_string());
                let words = format!("it reported the exit code {code} and no error");
                Claim::Failed(fault.unwrap_or_else(|| Fault::new(Ending::Crashed, &words)))
            }
        };
        let (ok, class, words) = match &claim {
            Claim::Success => (true, Ending::Finished.name(), String::new()),
            Claim::Failed(fault) => (false, fault.ending.name(), fault.words.clone()),
        };
        emit(Event::Result { ok, class, message: words });
        facts.claim = Some(claim);
    }
}
