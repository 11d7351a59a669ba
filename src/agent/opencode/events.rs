//! The events of opencode (`opencode run --format json`, read of version 1.18). It has no last event of its own: a turn is over
//! when its last call to the model stopped by itself.

use crate::agent::stream::Dialect;
use crate::agent::stream::event::{Event, Tokens, bounded, microusd, name};
use crate::agent::stream::fault::Fault;
use crate::agent::stream::soft::{Soft, Text, text};
use crate::agent::stream::verdict::{Claim, Exits, Facts};
use crate::agent::stream::wait::Wait;
use crate::domain::{Ending, Millis};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the program writes to its error stream when it cannot begin, or ends for want of a permission.
const REFUSALS: &[(&str, Ending)] = &[
    ("auto-rejecting", Ending::Blocked),
    // It prints its help where it does not understand its arguments.
    ("opencode run [message..]", Ending::Misconfigured),
    ("Session not found", Ending::Misconfigured),
    ("Configuration is invalid", Ending::Misconfigured),
];
/// How a tool's error begins that was not allowed.
const REJECTED: [&str; 3] =
    ["The user rejected permission", "The user has specified a rule which prevents", "Permission denied:"];

/// What is known of the stream so far: nothing that the facts do not hold.
#[derive(Debug, Default)]
pub(in crate::agent) struct OpencodeEvents;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    r#type: Soft<Text<'a>>,
    timestamp: Soft<i64>,
    #[serde(rename = "sessionID")]
    session: Soft<Text<'a>>,
    part: Soft<Part<'a>>,
    error: Soft<Said<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Part<'a> {
    #[serde(borrow)]
    text: Soft<Text<'a>>,
    synthetic: Soft<bool>,
    tool: Soft<Text<'a>>,
    #[serde(rename = "callID")]
    call: Soft<Text<'a>>,
    state: Soft<State<'a>>,
    reason: Soft<Text<'a>>,
    tokens: Soft<Used>,
    cost: Soft<f64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State<'a> {
    #[serde(borrow)]
    status: Soft<Text<'a>>,
    input: Option<&'a RawValue>,
    output: Soft<Text<'a>>,
    error: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Used {
    input: Soft<u64>,
    output: Soft<u64>,
    reasoning: Soft<u64>,
    cache: Soft<Cache>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cache {
    read: Soft<u64>,
    write: Soft<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    name: Soft<Text<'a>>,
    data: Soft<Data<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    message: Soft<Text<'a>>,
    #[serde(rename = "statusCode")]
    status: Soft<u16>,
    #[serde(rename = "responseHeaders")]
    headers: Soft<Headers<'a>>,
    #[serde(rename = "responseBody")]
    body: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Headers<'a> {
    #[serde(rename = "retry-after", borrow)]
    retry_after: Soft<Text<'a>>,
}

impl Dialect for OpencodeEvents {
    fn exits(&self) -> Exits {
        Exits { program: "opencode", codes: &[], refusals: REFUSALS }
    }

    fn read(&mut self, line: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) -> Result<(), serde_json::Error> {
        let line: Line<'_> = serde_json::from_str(line)?;
        if facts.session.is_empty() && !text(&line.session).is_empty() {
            facts.session = name(text(&line.session));
            emit(Event::Started { session: facts.session.clone(), model: String::new(), version: String::new() });
        }
        let begun = line.timestamp.0.map(Millis);
        match text(&line.r#type) {
            "step_start" => facts.claim = facts.claim.take().filter(|claim| matches!(claim, Claim::Failed(_))),
            "text" => said(&line.part.or_default(), facts, emit),
            "reasoning" => emit(Event::Thought { text: bounded(text(&line.part.or_default().text)) }),
            "tool_use" => tool(&line.part.or_default(), facts, emit),
            "step_finish" => finished(line.part.or_default(), facts, emit),
            "error" => error(&line.error.or_default(), begun, facts, emit),
            kind => emit(Event::Unknown { kind: name(kind) }),
        }
        Ok(())
    }
}

fn said(part: &Part<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    if part.synthetic.0 == Some(true) {
        emit(Event::Warning { message: bounded(text(&part.text)) });
    } else {
        facts.worked = true;
        emit(Event::Text { text: bounded(text(&part.text)) });
    }
}

/// Use and result come as one.
fn tool(part: &Part<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    facts.worked = true;
    let (id, tool) = (name(text(&part.call)), name(text(&part.tool)));
    let Some(state) = &part.state.0 else { return };
    let input = bounded(state.input.map_or("", RawValue::get));
    emit(Event::ToolUse { id: id.clone(), tool: tool.clone(), input });
    let error = text(&state.error);
    if REJECTED.iter().any(|words| error.starts_with(words)) {
        facts.denied.get_or_insert_with(|| tool.clone());
        emit(Event::Denied { id: id.clone(), tool });
    }
    let ok = text(&state.status) == "completed";
    emit(Event::ToolResult { id, ok, output: bounded(if ok { text(&state.output) } else { error }) });
}

/// One for each call to the model: they are summed up.
fn finished(part: Part<'_>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let used = part.tokens.or_default();
    let cache = used.cache.or_default();
    facts.tokens.add(Tokens {
        input: used.input.or_default(),
        output: used.output.or_default().saturating_add(used.reasoning.or_default()),
        cached: cache.read.or_default(),
        cache_write: cache.write.or_default(),
    });
    facts.microusd = facts.microusd.saturating_add(microusd(part.cost.or_default())).min(MOST_MONEY);
    emit(Event::Usage { tokens: facts.tokens, microusd: facts.microusd });
    if matches!(facts.claim, Some(Claim::Failed(_))) {
        return;
    }
    facts.claim = match text(&part.reason) {
        "stop" => {
            emit(Event::Result { ok: true, class: Ending::Finished.name(), message: String::new() });
            Some(Claim::Success)
        }
        "length" => {
            let fault = Fault::new(Ending::OwnLimit, "the model's answer reached its greatest length");
            emit(Event::Result { ok: false, class: fault.ending.name(), message: fault.words.clone() });
            Some(Claim::Failed(fault))
        }
        _ => None,
    };
}

/// Most money that a turn may claim.
const MOST_MONEY: u64 = 1 << 53;

fn error(said: &Said<'_>, written: Option<Millis>, facts: &mut Facts, emit: &mut dyn FnMut(Event)) {
    let kind = text(&said.name);
    let nothing = Data::default();
    let data = said.data.0.as_ref().unwrap_or(&nothing);
    let words = if text(&data.message).is_empty() { kind } else { text(&data.message) };
    // The body names the kind of a refusal where the message does not.
    let mut fault = Fault::read(data.status.0, &format!("{kind}\n{}", text(&data.body)), words);
    let asked = data.headers.0.as_ref().and_then(|headers| Wait::header(text(&headers.retry_after)));
    let wait = asked.or(fault.wait).or_else(|| Wait::said(text(&data.body)));
    fault.wait = wait.map(|wait| wait.from(written).map_or(wait, Wait::Until));
    if kind == "ContextOverflowError" {
        // It sums up what was said and goes on.
        emit(Event::Warning { message: bounded(words) });
        facts.claim = None;
        facts.trouble = Some(fault);
    } else {
        emit(Event::Result { ok: false, class: fault.ending.name(), message: fault.words.clone() });
        facts.claim = Some(Claim::Failed(fault));
    }
}
