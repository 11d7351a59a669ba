//! What an answer took, read from it as it passes: from the events of a stream or from one JSON text, in the words of each
//! API. Bounded, and in whatever pieces it comes.
//!
//! Formats: Messages (`usage` in `message_start`, sums in `message_delta`), Responses (`response.usage` in the last event),
//! chat completions (`usage` in the last chunk, where the client asked for it), Gemini (`usageMetadata`, sums in each chunk),
//! Ollama (`prompt_eval_count` and `eval_count` in the last line).

use crate::domain::{ModelApi, Tokens};
use crate::lines::{Line, Lines};
use serde::Deserialize;

/// Longest event or text that is read whole.
const LONGEST: usize = 8 << 20;
/// Bytes of an answer that are reckoned as one token of output, where it does not say. Streams wrap each few letters into an
/// event of a few hundred bytes, so this is more than was written.
const BYTES_A_TOKEN: u64 = 16;

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
    bytes: u64,
    found: Option<Tokens>,
}

impl Tally {
    /// Of an answer.
    pub fn new(api: ModelApi, form: Form) -> Self {
        let whole = (form == Form::Text).then(Vec::new);
        Self { api, form, lines: Lines::new(LONGEST), whole, bytes: 0, found: None }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if let Some(whole) = &mut self.whole {
            if whole.len().saturating_add(bytes.len()) <= LONGEST {
                whole.extend_from_slice(bytes);
            } else {
                *whole = Vec::new();
            }
            return;
        }
        let (api, form, found) = (self.api, self.form, &mut self.found);
        self.lines.push(bytes, |line| event(api, form, &line, found));
    }

    /// What it took. What the answer did not say is reckoned from `likely`; then the second is false.
    pub fn finish(mut self, likely: Tokens) -> (Tokens, bool) {
        let (api, form, found) = (self.api, self.form, &mut self.found);
        match &self.whole {
            Some(whole) => text(api, whole, found),
            None => self.lines.finish(|line| event(api, form, &line, found)),
        }
        let reckoned = self.bytes.div_ceil(BYTES_A_TOKEN).min(likely.output);
        self.found.map_or((Tokens { output: reckoned, ..likely }, false), |tokens| (tokens, true))
    }
}

/// One line of a stream.
fn event(api: ModelApi, form: Form, line: &Line<'_>, found: &mut Option<Tokens>) {
    let Line::Whole(line) = line else { return };
    let data = if form == Form::Events { line.strip_prefix(b"data:") } else { Some(*line) };
    if let Some(data) = data {
        text(api, data, found);
    }
}

fn text(api: ModelApi, json: &[u8], found: &mut Option<Tokens>) {
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
        *found = Some(Tokens { input, output: output.min(Tokens::MOST), ..Tokens::default() });
        return;
    }
    match serde_json::from_slice::<Texts>(json) {
        Ok(Texts::One(one)) => take(api, &one, found),
        // Gemini writes a list where no stream of events is asked for.
        Ok(Texts::Many(many)) => many.iter().for_each(|one| take(api, one, found)),
        Err(_) => {}
    }
}

fn take(api: ModelApi, text: &Text, found: &mut Option<Tokens>) {
    let inner = || text.message.as_ref().or(text.response.as_ref()).and_then(|inner| inner.usage.as_ref());
    let usage = if api == ModelApi::Gemini { text.metadata.as_ref() } else { text.usage.as_ref().or_else(inner) };
    if let Some(usage) = usage {
        let before = found.unwrap_or_default();
        *found = Some(usage.tokens(api, before));
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
