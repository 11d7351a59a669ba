//! The events of Gemini CLI (`--output-format stream-json`, read of version 0.61).

use crate::agent::stream::Dialect;
use crate::agent::stream::event::{Event, Tokens, bounded, name};
use crate::agent::stream::fault::Fault;
use crate::agent::stream::soft::{Soft, Text, text};
use crate::agent::stream::verdict::{Claim, Exits, Facts};
use crate::agent::stream::wait::Wait;
use crate::domain::{Ending, Millis};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Exit codes with a meaning of their own. Others are a status of HTTP modulo 256, which the result says better.
const CODES: &[(i32, Ending, &str)] = &[
    (41, Ending::Auth, "found no credentials that it may use"),
    (42, Ending::Misconfigured, "refused its arguments, or the session to resume"),
    (44, Ending::Misconfigured, "could not start its own sandbox"),
    (52, Ending::Misconfigured, "could not read its settings"),
    (53, Ending::OwnLimit, "came to its own limit of turns"),
    (55, Ending::Misconfigured, "does not trust the directory"),
];
/// What the program writes to its error stream when it cannot begin.
const REFUSALS: &[(&str, Ending)] = &[
    ("Unknown argument", Ending::Misconfigured),
    ("ModelNotFoundError", Ending::Misconfigured),
    ("Invalid auth method", Ending::Auth),
    ("GEMINI_API_KEY", Ending::Auth),
];
/// Bytes of an answer that are kept until it is whole; it comes in pieces.
const ANSWER: usize = 16 * 1024;

/// What is known of the stream so far.
#[derive(Debug, Default)]
pub(in crate::agent) struct GeminiEvents {
    /// The answer under way.
    answer: String,
    /// The tool that was used last.
    tool: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    timestamp: Soft<Text<'a>>,
    session_id: Soft<Text<'a>>,
    model: Soft<Text<'a>>,
    role: Soft<Text<'a>>,
    content: Soft<Text<'a>>,
    delta: Soft<bool>,
    tool_name: Soft<Text<'a>>,
    tool_id: Soft<Text<'a>>,
    parameters: Option<&'a RawValue>,
    status: Soft<Text<'a>>,
    output: Soft<Text<'a>>,
    error: Soft<Said<'a>>,
    severity: Soft<Text<'a>>,
    message: Soft<Text<'a>>,
    stats: Soft<Stats>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    message: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stats {
    input_tokens: Soft<u64>,
    output_tokens: Soft<u64>,
    cached: Soft<u64>,
}

impl Dialect for GeminiEvents {
    fn exits(&self) -> Exits {
        Exits { program: "Gemini CLI", codes: CODES, refusals: REFUSALS }
    }

    fn read(&mut self, line: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) -> Result<(), serde_json::Error> {
        let line: Line<'_> = serde_json::from_str(line)?;
        let kind = text(&line.r#type);
        if kind == "message" {
            self.message(&line, facts, emit);
            return Ok(());
        }
        self.close(facts, emit);
        match kind {
            "init" => {
                facts.session = name(text(&line.session_id));
                let model = name(text(&line.model));
                emit(Event::Started { session: facts.session.clone(), model, version: String::new() });
            }
            "tool_use" => {
                facts.worked = true;
                self.tool = name(text(&line.tool_name));
                emit(Event::ToolUse {
                    id: name(text(&line.tool_id)),
                    tool: self.tool.clone(),
                    input: bounded(line.parameters.map_or("", RawValue::get)),
                });
            }
            "tool_result" => self.tool_result(&line, facts, emit),
            "error" => emit(Event::Warning { message: bounded(text(&line.message)) }),
            "result" => result(line, facts, emit),
            kind => emit(Event::Unknown { kind: name(kind) }),
        }
        Ok(())
    }

    fn close(&mut self, _facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        if !self.answer.is_empty() {
            emit(Event::Text { text: std::mem::take(&mut self.answer) });
        }
    }
}

impl GeminiEvents {
    fn message(&mut self, line: &Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        if text(&line.role) != "assistant" {
            return;
        }
        facts.worked = true;
        if line.delta.0 != Some(true) {
            self.close(facts, emit);
        }
        let piece = text(&line.content);
        let room = ANSWER.saturating_sub(self.answer.len());
        self.answer.push_str(piece.get(..piece.floor_char_boundary(room)).unwrap_or_default());
    }

    fn tool_result(&mut self, line: &Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
        let id = name(text(&line.tool_id));
        let error = line.error.0.as_ref();
        let (kind, words) = error.map_or(("", ""), |error| (text(&error.r#type), text(&error.message)));
        if ["policy_violation", "tool_not_registered", "execution_denied"].contains(&kind)
            && kind != "tool_not_registered"
        {
            facts.denied.get_or_insert_with(|| self.tool.clone());
            emit(Event::Denied { id: id.clone(), tool: self.tool.clone() });
        }
        let output = text(&line.output);
        let output = bounded(if output.is_empty() { words } else { output });
        emit(Event::ToolResult { id, ok: text(&line.status) == "success", output });
    }
}

fn result(line: Line<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let stats = line.stats.or_default();
    let cached = stats.cached.or_default();
    facts.tokens = Tokens::default();
    facts.tokens.add(Tokens {
        // The input that is stated includes what was cached.
        input: stats.input_tokens.or_default().saturating_sub(cached),
        output: stats.output_tokens.or_default(),
        cached,
        cache_write: 0,
    });
    emit(Event::Usage { tokens: facts.tokens, microusd: 0 });
    let said = line.error.or_default();
    let claim = if text(&line.status) == "success" {
        Claim::Success
    } else {
        let mut fault = match text(&said.r#type) {
            "FatalTurnLimitedError" => Fault::new(Ending::OwnLimit, text(&said.message)),
            kind => Fault::read(None, kind, text(&said.message)),
        };
        // The time to wait counts from when this was written.
        let written = text(&line.timestamp).parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()));
        fault.wait = fault.wait.map(|wait| wait.from(written).map_or(wait, Wait::Until));
        Claim::Failed(fault)
    };
    let (ok, class) = match &claim {
        Claim::Success => (true, Ending::Finished.name()),
        Claim::Failed(fault) => (false, fault.ending.name()),
    };
    emit(Event::Result { ok, class, message: bounded(text(&said.message)) });
    facts.claim = Some(claim);
}
