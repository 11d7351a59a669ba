//! What an answer took, read from it as it passes: from the events of a stream or from one JSON text, in the words of each
//! API. Bounded, and in whatever pieces it comes.
//!
//! Formats: Messages (`usage` in `message_start`, sums in `message_delta`), Responses (`response.usage` in the last event),
//! chat completions (`usage` in the last chunk, where the client asked for it), Gemini (`usageMetadata`, sums in each chunk),
//! Ollama (`prompt_eval_count` and `eval_count` in the last line).
//!
//! What an answer says before its last event is no account: Messages begin by saying that one token was written. So an answer
//! that an agent leaves early is reckoned by what had come of it.

use crate::domain::{ModelApi, Tokens};
use crate::lines::{Line, Lines};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Longest event or text that is read whole.
const LONGEST: usize = 8 << 20;
/// Bytes of what a model wrote that are reckoned as one token, where the answer does not say. Text has four and more; code and
/// other languages less.
const BYTES_A_TOKEN: u64 = 3;

mod written;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Events of a stream, each after `data:`.
    Events,
    /// One JSON text a line.
    Lines,
    /// One JSON text.
    Text,
}

/// Reads along with one answer.
#[derive(Debug)]
pub struct Tally {
    api: ModelApi,
    form: Form,
    lines: Lines,
    /// All of a text that is no stream of events.
    whole: Option<Vec<u8>>,
    /// Bytes that the model wrote, as far as that can be told.
    written: u64,
    found: Found,
}

/// What an answer said of itself.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    tokens: Option<Tokens>,
    /// Whether nothing follows that could say more.
    last: bool,
}

impl Tally {
    /// Of an answer.
    pub fn new(api: ModelApi, form: Form) -> Self {
        let whole = (form == Form::Text).then(Vec::new);
        Self { api, form, lines: Lines::new(LONGEST), whole, written: 0, found: Found::default() }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(whole) = &mut self.whole {
            self.written = self.written.saturating_add(bytes.len() as u64);
            if whole.len().saturating_add(bytes.len()) <= LONGEST {
                whole.extend_from_slice(bytes);
            } else {
                *whole = Vec::new();
            }
            return;
        }
        let (api, form, found, written) = (self.api, self.form, &mut self.found, &mut self.written);
        self.lines.push(bytes, |line| *written = written.saturating_add(event(api, form, &line, found)));
    }

    /// What it took. `whole` is whether the provider ended it. What the answer did not say is reckoned, from what was written and
    /// from `unseen`, tokens that could have been written by then, but no more than `likely`; then the second is false.
    pub fn finish(mut self, likely: Tokens, whole: bool, unseen: u64) -> (Tokens, bool) {
        let (api, form, found, written) = (self.api, self.form, &mut self.found, &mut self.written);
        match &self.whole {
            Some(text) => {
                read(api, text, found);
                // It cannot be read before its end.
                found.last = found.tokens.is_some();
            }
            None => self.lines.finish(|line| *written = written.saturating_add(event(api, form, &line, found))),
        }
        // Those of Anthropic say at their beginning what is not yet so.
        let final_word = self.found.last || (whole && api != ModelApi::Anthropic);
        match self.found.tokens {
            Some(tokens) if final_word => (tokens, true),
            // One that says what it took, and says nothing, took what it may have taken.
            None if whole && always_says(api, form) => (likely, false),
            tokens => {
                let reckoned = self.written.div_ceil(BYTES_A_TOKEN).max(unseen).min(likely.output);
                let tokens = tokens.unwrap_or(Tokens { output: 0, ..likely });
                (Tokens { output: tokens.output.max(reckoned), ..tokens }, false)
            }
        }
    }
}

/// Whether a whole answer says what it took, whoever asked for it. Streams of chat completions do where the client wants it.
fn always_says(api: ModelApi, form: Form) -> bool {
    match api {
        ModelApi::Anthropic | ModelApi::Gemini => true,
        ModelApi::Openai => form == Form::Text,
        ModelApi::Ollama => false,
    }
}

/// One line of a stream. How many bytes the model wrote with it.
fn event(api: ModelApi, form: Form, line: &Line<'_>, found: &mut Found) -> u64 {
    let Line::Whole(line) = line else { return LONGEST as u64 };
    let data = if form == Form::Events { line.strip_prefix(b"data:") } else { Some(*line) };
    let Some(data) = data.map(<[u8]>::trim_ascii).filter(|data| !data.is_empty()) else { return 0 };
    if data == b"[DONE]" {
        found.last = found.tokens.is_some();
        return 0;
    }
    read(api, data, found);
    written::bytes(data)
}

fn read(api: ModelApi, json: &[u8], found: &mut Found) {
    // Most events tell nothing, and to look for a word is much cheaper than to read them.
    let words: &[&[u8]] = match api {
        ModelApi::Gemini => &[b"usageMetadata"],
        ModelApi::Ollama => &[b"eval_count", b"usage"],
        ModelApi::Anthropic | ModelApi::Openai => &[b"usage"],
    };
    if !words.iter().any(|word| json.windows(word.len()).any(|part| part == *word)) {
        return;
    }
    if api == ModelApi::Ollama
        && let Ok(Counts { prompt_eval_count, eval_count: Some(output) }) = serde_json::from_slice(json)
    {
        // A prompt that it still knows is not counted again.
        let input = prompt_eval_count.unwrap_or(0).min(Tokens::MOST);
        *found =
            Found { tokens: Some(Tokens { input, output: output.min(Tokens::MOST), ..Tokens::default() }), last: true };
        return;
    }
    match serde_json::from_slice::<Texts>(json) {
        Ok(Texts::One(one)) => take(api, &one, found),
        // Gemini writes a list where no stream of events is asked for.
        Ok(Texts::Many(many)) => many.iter().for_each(|one| take(api, one, found)),
        Err(_) => {}
    }
}

fn take(api: ModelApi, text: &Text, found: &mut Found) {
    let inner = || text.message.as_ref().or(text.response.as_ref()).and_then(|inner| inner.usage.as_ref());
    let usage = if api == ModelApi::Gemini { text.metadata.as_ref() } else { text.usage.as_ref().or_else(inner) };
    if let Some(usage) = usage {
        let before = found.tokens.unwrap_or_default();
        *found = Found { tokens: Some(usage.tokens(api, before)), last: found.last || text.is_last(api) };
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(Box<Text>),
    Many(Vec<Text>),
}

#[derive(Deserialize)]
struct Text {
    usage: Option<Usage>,
    message: Option<Inner>,
    response: Option<Inner>,
    #[serde(rename = "usageMetadata")]
    metadata: Option<Usage>,
    #[serde(rename = "type")]
    kind: Option<String>,
    choices: Option<Vec<Choice>>,
    candidates: Option<Vec<Choice>>,
}

/// One of several answers.
#[derive(Deserialize)]
struct Choice {
    #[serde(alias = "finishReason")]
    finish_reason: Option<IgnoredAny>,
}

impl Text {
    /// Whether an event that says what was taken is the last one to do so.
    fn is_last(&self, api: ModelApi) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default();
        let ended = |all: &Option<Vec<Choice>>| all.iter().flatten().any(|one| one.finish_reason.is_some());
        match api {
            ModelApi::Anthropic => kind == "message_delta",
            ModelApi::Gemini => ended(&self.candidates),
            ModelApi::Openai | ModelApi::Ollama if self.response.is_some() => {
                ["response.completed", "response.incomplete", "response.failed"].contains(&kind)
            }
            // Chat completions: a piece without any choice is the last, but some say it with the end of one.
            ModelApi::Openai | ModelApi::Ollama => {
                self.choices.as_ref().is_none_or(Vec::is_empty) || ended(&self.choices)
            }
        }
    }
}

/// What Ollama says in the last line on its own paths. Its `response` is a text there, so it is read by itself.
#[derive(Deserialize)]
struct Counts {
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
}

#[derive(Deserialize)]
struct Inner {
    usage: Option<Usage>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    input_tokens_details: Details,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Details,
    #[serde(rename = "promptTokenCount")]
    prompt: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    tools: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    cached: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Usage {
    /// Sums up to here. What an event leaves out is as it was said `before`.
    fn tokens(&self, api: ModelApi, before: Tokens) -> Tokens {
        let bounded = |said: Option<u64>, before: u64| said.unwrap_or(before).min(Tokens::MOST);
        match api {
            ModelApi::Anthropic => Tokens {
                input: bounded(self.input_tokens, before.input),
                output: bounded(self.output_tokens, before.output),
                cached: bounded(self.cache_read_input_tokens, before.cached),
                cache_write: bounded(self.cache_creation_input_tokens, before.cache_write),
            },
            ModelApi::Openai | ModelApi::Ollama => {
                let input = bounded(self.input_tokens.or(self.prompt_tokens), before.input);
                let details = self.input_tokens_details.cached_tokens.or(self.prompt_tokens_details.cached_tokens);
                let cached = bounded(details, 0).min(input);
                let output = bounded(self.output_tokens.or(self.completion_tokens), before.output);
                Tokens { input: input.saturating_sub(cached), output, cached, cache_write: 0 }
            }
            ModelApi::Gemini => {
                let input = bounded(self.prompt, 0).saturating_add(bounded(self.tools, 0));
                let cached = bounded(self.cached, 0).min(input);
                let output = bounded(self.candidates, 0).saturating_add(bounded(self.thoughts, 0));
                Tokens { input: input.saturating_sub(cached), output, cached, cache_write: 0 }
            }
        }
    }
}

#[cfg(test)]
mod tests;
