//! What a request asks of a model, as far as it decides what it can cost.

use crate::domain::{ModelApi, Tokens};
use serde::Deserialize;

/// Output that is reckoned with where a request names no bound of its own: the models' own are of this size.
const USUAL_OUTPUT: u64 = 8_192;
/// Bytes of a request that are reckoned as one token. Text has four and more; code and other languages less.
const BYTES_A_TOKEN: u64 = 3;

/// A request for an answer of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The model's name.
    pub model: String,
    /// What it may take, as far as that can be told before.
    pub likely: Tokens,
    /// Whether the answer is made after this one is over, where nobody sees what it took.
    pub later: bool,
}

/// The parts of all APIs that matter here. Each has its own word for the bound of the output.
#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    max_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    #[serde(rename = "generationConfig", alias = "generation_config")]
    config: Option<Config>,
    /// Ollama's.
    options: Option<Options>,
    /// How many answers are wanted at once.
    n: Option<u64>,
    background: Option<bool>,
}

#[derive(Deserialize)]
struct Options {
    /// A negative one is no bound.
    num_predict: Option<i64>,
}

/// A name that stands in the body as it is.
#[derive(Deserialize)]
struct Named<'b> {
    model: &'b str,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "maxOutputTokens", alias = "max_output_tokens")]
    most: Option<u64>,
    #[serde(rename = "candidateCount", alias = "candidate_count")]
    candidates: Option<u64>,
}

impl Body {
    /// The most output that is asked for, by the word that this path knows: another one could be there to look small.
    fn most(&self, api: ModelApi, path: &str) -> u64 {
        let chat = self.max_tokens.max(self.max_completion_tokens);
        let most = match api {
            ModelApi::Anthropic => self.max_tokens,
            ModelApi::Openai | ModelApi::Ollama if path == "/v1/chat/completions" => chat,
            ModelApi::Openai => self.max_output_tokens,
            ModelApi::Gemini => self.config.as_ref().and_then(|config| config.most),
            ModelApi::Ollama => {
                let bound = self.options.as_ref().and_then(|options| options.num_predict);
                bound.and_then(|bound| u64::try_from(bound).ok())
            }
        };
        let answers = self.n.max(self.config.as_ref().and_then(|config| config.candidates)).unwrap_or(1).max(1);
        most.unwrap_or(USUAL_OUTPUT).saturating_mul(answers)
    }
}

impl Ask {
    /// Reads it from a request's path and body. Nothing where no answer of a model is asked for; an error where the body
    /// cannot be read, in words.
    pub fn read(api: ModelApi, path: &str, body: &[u8]) -> Result<Option<Self>, String> {
        let path = path.split('?').next().unwrap_or_default();
        let named = match api {
            ModelApi::Anthropic if path == "/v1/messages" => None,
            ModelApi::Openai if ["/v1/responses", "/v1/responses/compact", "/v1/chat/completions"].contains(&path) => {
                None
            }
            ModelApi::Ollama if ["/api/chat", "/api/generate", "/v1/chat/completions"].contains(&path) => None,
            ModelApi::Gemini => match path.rsplit_once('/').and_then(|(_, last)| last.rsplit_once(':')) {
                Some((model, "generateContent" | "streamGenerateContent")) => Some(model.to_owned()),
                _ => return Ok(None),
            },
            ModelApi::Anthropic | ModelApi::Openai | ModelApi::Ollama => return Ok(None),
        };
        // A name that comes twice could be one here and another there, so the reader refuses it.
        let body_read: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let input = (body.len() as u64).div_ceil(BYTES_A_TOKEN);
        let output = body_read.most(api, path).min(Tokens::MOST);
        let later = body_read.background == Some(true);
        let model = match named {
            Some(model) => model,
            None => body_read.model.ok_or("it names no model")?,
        };
        Ok(Some(Self { model, likely: Tokens { input, output, ..Tokens::default() }, later }))
    }
}

/// A request under another name of its model: its path and its body, each byte of the rest as it was. Nothing where the name
/// cannot be found in it as it is.
pub fn renamed(api: ModelApi, path: &str, body: &[u8], model: &str, there: &str) -> Option<(String, Vec<u8>)> {
    if api == ModelApi::Gemini {
        let (before, after) = path.split_once(&format!("/{model}:"))?;
        return Some((format!("{before}/{there}:{after}"), body.to_vec()));
    }
    let named: Named<'_> = serde_json::from_slice(body).ok()?;
    // It is borrowed from the body, so this is its place there.
    let at = (named.model.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let (before, rest) = body.split_at_checked(at)?;
    let after = rest.strip_prefix(model.as_bytes())?;
    Some((path.to_owned(), [before, there.as_bytes(), after].concat()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn read(api: ModelApi, path: &str, body: &str) -> Option<(String, u64)> {
        Ask::read(api, path, body.as_bytes()).unwrap().map(|ask| (ask.model, ask.likely.output))
    }

    #[test]
    fn the_model_and_the_bound_of_each_api_are_found() {
        let of = |model: &str, most| Some((model.to_owned(), most));
        assert_eq!(read(ModelApi::Anthropic, "/v1/messages?beta=true", r#"{"model":"c","max_tokens":7}"#), of("c", 7));
        assert_eq!(read(ModelApi::Anthropic, "/v1/messages/count_tokens", r#"{"model":"c"}"#), None);
        assert_eq!(
            read(ModelApi::Openai, "/v1/responses", r#"{"model":"g","max_output_tokens":9,"x":[1]}"#),
            of("g", 9)
        );
        assert_eq!(read(ModelApi::Openai, "/v1/chat/completions", r#"{"model":"g"}"#), of("g", USUAL_OUTPUT));
        assert_eq!(read(ModelApi::Openai, "/v1/models", ""), None);
        let gemini = r#"{"generationConfig":{"maxOutputTokens":5},"contents":[]}"#;
        assert_eq!(read(ModelApi::Gemini, "/v1beta/models/g-2:streamGenerateContent?alt=sse", gemini), of("g-2", 5));
        assert_eq!(read(ModelApi::Gemini, "/v1beta/models/g-2:countTokens", "{}"), None);
    }

    #[test]
    fn a_bound_that_the_api_does_not_know_is_none_and_several_answers_take_as_much_each() {
        let output = |api, path, body| read(api, path, body).unwrap().1;
        for (path, body, most) in [
            ("/v1/responses", r#"{"model":"g","max_tokens":1}"#, USUAL_OUTPUT),
            ("/v1/responses", r#"{"model":"g","max_tokens":1,"max_output_tokens":9}"#, 9),
            ("/v1/chat/completions", r#"{"model":"g","max_tokens":1,"max_completion_tokens":9}"#, 9),
            ("/v1/chat/completions", r#"{"model":"g","max_tokens":5,"n":4}"#, 20),
        ] {
            assert_eq!(output(ModelApi::Openai, path, body), most, "{body}");
        }
        let several = r#"{"generationConfig":{"maxOutputTokens":5,"candidateCount":3}}"#;
        assert_eq!(output(ModelApi::Gemini, "/v1beta/models/g:generateContent", several), 15);
    }

    #[test]
    fn an_answer_that_comes_later_is_told() {
        for (body, later) in [("", false), (r#","background":false"#, false), (r#","background":true"#, true)] {
            let body = format!(r#"{{"model":"g"{body}}}"#);
            assert_eq!(Ask::read(ModelApi::Openai, "/v1/responses", body.as_bytes()).unwrap().unwrap().later, later);
        }
    }

    #[test]
    fn what_ollama_is_asked_is_read() {
        let chat = r#"{"model":"qwen3:8b","messages":[],"options":{"num_predict":100}}"#;
        assert_eq!(read(ModelApi::Ollama, "/api/chat", chat), Some(("qwen3:8b".to_owned(), 100)));
        for endless in [r#"{"model":"q","options":{"num_predict":-1}}"#, r#"{"model":"q","options":{}}"#] {
            assert_eq!(read(ModelApi::Ollama, "/api/generate", endless), Some(("q".to_owned(), USUAL_OUTPUT)));
        }
        assert_eq!(read(ModelApi::Ollama, "/v1/chat/completions", r#"{"model":"q"}"#).unwrap().0, "q");
        assert_eq!(read(ModelApi::Ollama, "/api/tags", ""), None);
    }

    #[test]
    fn another_name_takes_the_place_of_the_one_and_nothing_else_changes() {
        let body = br#" {"x": "claude", "model" : "claude", "y": {"model": "claude"}, "n": 1.0e3 } "#;
        let (path, sent) = renamed(ModelApi::Anthropic, "/v1/messages", body, "claude", "a/claude:x").unwrap();
        assert_eq!(path, "/v1/messages");
        let wanted = r#" {"x": "claude", "model" : "a/claude:x", "y": {"model": "claude"}, "n": 1.0e3 } "#;
        assert_eq!(String::from_utf8(sent).unwrap(), wanted);
        let path = "/v1beta/models/g-2:streamGenerateContent?alt=sse";
        let (path, _) = renamed(ModelApi::Gemini, path, b"{}", "g-2", "g-3").unwrap();
        assert_eq!(path, "/v1beta/models/g-3:streamGenerateContent?alt=sse");
        // One that is written with signs for letters is found nowhere.
        assert_eq!(renamed(ModelApi::Openai, "/v1/responses", br#"{"model":"g\u0070t"}"#, "gpt", "x"), None);
    }

    #[test]
    fn a_body_that_could_be_read_in_two_ways_is_refused() {
        for body in
            ["", "[]", "{", r#"{"max_tokens":1}"#, r#"{"model":"a","model":"b"}"#, r#"{"model":"a","max_tokens":-1}"#]
        {
            assert!(Ask::read(ModelApi::Anthropic, "/v1/messages", body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), path in "/[a-z0-9/:?]{0,30}") {
            for api in ModelApi::ALL {
                let _any = Ask::read(api, &path, &body);
            }
        }
    }
}
