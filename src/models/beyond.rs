//! What a request asks of its provider beyond an answer of the model: tools that the provider runs by itself, servers that it
//! speaks to, content that it fetches. All of that reaches hosts which no list here names, so it is looked for in the whole
//! request, in the words of every API at once, and only what a role allows passes.
//!
//! The body is read as it streams by and nothing of it is kept. Each member is looked at wherever it comes, as often as it comes
//! and in whatever case it is written, since readers elsewhere take the first, the last, or whatever looks alike.

use crate::domain::{ModelApi, ProviderTool};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// Longest member or word that means anything here.
const LONGEST: usize = 64;

/// Places that are told.
const TOOLS: &str = "tools";
const CONTENT: &str = "the content of a message";

/// What is asked of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beyond {
    /// Where in the request.
    pub place: &'static str,
    /// What it is; nothing where nobody can allow it.
    pub tool: Option<ProviderTool>,
}

impl Beyond {
    /// The first that a request's body asks for and that is not allowed; or why the body cannot be read, in words.
    pub fn find(api: ModelApi, body: &[u8], allowed: &BTreeSet<ProviderTool>) -> Result<Option<Self>, String> {
        let mut found = None;
        let mut reader = serde_json::Deserializer::from_slice(body);
        let look = Look { api, allowed, found: &mut found, at: At::Root };
        look.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| error.to_string())?;
        Ok(found)
    }

    /// The same of a model, some of which search whatever they are asked.
    pub fn model(api: ModelApi, model: &str, allowed: &BTreeSet<ProviderTool>) -> Option<Self> {
        let searches = ["-search-preview", "-search-api", "-deep-research", ":online"];
        let searches = api == ModelApi::Openai && searches.iter().any(|word| model.contains(word));
        let tool = ProviderTool::WebSearch;
        (searches && !allowed.contains(&tool)).then_some(Self { place: "model", tool: Some(tool) })
    }
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The request.
    Root,
    /// Tools, or one of them.
    Tools,
    /// The type of a tool.
    Kind,
    /// Where a shell of `OpenAI` runs: on our side, or there.
    Environment,
    /// Messages, the parts of one, or what such a part holds; text, too.
    Parts,
    /// Where a part of Anthropic's is from.
    Source,
    /// An address, by itself or in an object.
    Address,
    /// A file, by what it holds or where it lies.
    File,
    /// What has to be empty.
    Nothing(&'static str, ProviderTool),
    /// What may be a text, and nothing else.
    Text(&'static str, ProviderTool),
    /// A tool that nobody here knows.
    Never,
    /// What means nothing here.
    Any,
}

struct Look<'l> {
    api: ModelApi,
    allowed: &'l BTreeSet<ProviderTool>,
    found: &'l mut Option<Beyond>,
    at: At,
}

impl Look<'_> {
    fn on(&mut self, at: At) -> Look<'_> {
        Look { api: self.api, allowed: self.allowed, found: self.found, at }
    }

    fn note(&mut self, place: &'static str, tool: Option<ProviderTool>) {
        if tool.is_none_or(|tool| !self.allowed.contains(&tool)) {
            self.found.get_or_insert(Beyond { place, tool });
        }
    }

    /// What type something has.
    fn kind(&mut self, kind: &str) {
        match self.at {
            At::Source if !["base64", "text", "content"].contains(&kind) => {
                self.note(CONTENT, Some(ProviderTool::Links));
            }
            At::Tools if !kind.is_empty() && kind != "shell" && !is_ours(kind) => self.note(TOOLS, theirs(kind)),
            _ => {}
        }
    }

    /// What a member of an object is.
    fn member(&self, key: &str) -> At {
        use ProviderTool::{CodeExecution, Links, Mcp, WebSearch};
        let key = plain(key);
        match (self.at, key.as_str()) {
            (At::Root | At::Tools | At::Parts, "tools") => At::Tools,
            (At::Root, "messages" | "input" | "contents" | "system" | "systeminstruction" | "instructions")
            | (At::Parts, "content" | "parts" | "output" | "functionresponse")
            | (At::Source, "content") => At::Parts,
            (At::Root, "mcpservers") => At::Nothing("mcp_servers", Mcp),
            (At::Root, "websearchoptions") => At::Nothing("web_search_options", WebSearch),
            (At::Root, "plugins") => At::Nothing("plugins", WebSearch),
            (At::Root, "searchparameters") => At::Nothing("search_parameters", WebSearch),
            (At::Root, "enablesearch") => At::Nothing("enable_search", WebSearch),
            (At::Root, "container") => At::Nothing("container", CodeExecution),
            (At::Root, "cachedcontent") => At::Nothing("cachedContent", Links),
            // Ollama's is a text. OpenAI's names one that lies in the account, which can have tools.
            (At::Root, "prompt") => At::Text("prompt", Links),
            (At::Tools, "functiondeclarations" | "computeruse") if self.api == ModelApi::Gemini => At::Any,
            (At::Tools, key) if google(key).is_some() => google(key).map_or(At::Never, |tool| At::Nothing(TOOLS, tool)),
            (At::Tools, _) if self.api == ModelApi::Gemini => At::Never,
            (At::Tools | At::Source, "type") => At::Kind,
            (At::Tools, "environment") => At::Environment,
            (At::Parts, "source") => At::Source,
            (At::Parts, "imageurl" | "videourl" | "audiourl" | "fileurl" | "inputaudio")
            | (At::Address, "url")
            | (At::File, "fileurl") => At::Address,
            (At::Parts, "file" | "filedata") | (At::File, "filedata") => At::File,
            (At::Parts | At::Source | At::File | At::Address, "fileid" | "fileuri") | (At::Source, "url") => {
                At::Nothing(CONTENT, Links)
            }
            _ => At::Any,
        }
    }

    /// That there is a text.
    fn text(&mut self, text: &str) {
        match self.at {
            At::Address if !is_data(text) => self.note(CONTENT, Some(ProviderTool::Links)),
            // Base64 has no colon.
            At::File if !is_data(text) && text.contains(':') => self.note(CONTENT, Some(ProviderTool::Links)),
            At::Nothing(place, tool) if !text.is_empty() => self.note(place, Some(tool)),
            At::Never if !text.is_empty() => self.note(TOOLS, None),
            _ => {}
        }
    }

    /// That there is anything at all.
    fn some(&mut self) {
        match self.at {
            At::Nothing(place, tool) | At::Text(place, tool) => self.note(place, Some(tool)),
            At::Never => self.note(TOOLS, None),
            _ => {}
        }
    }
}

/// A member's name as the most careless reader would take it.
fn plain(key: &str) -> String {
    let letters = key.chars().take(LONGEST).filter(|&letter| letter != '_' && letter != '-');
    // Go's reader takes the long s and the sign of Kelvin for letters of ours.
    letters
        .map(|letter| match letter {
            'ſ' => 's',
            '\u{212a}' => 'k',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

fn is_data(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// What one of Google's tools is.
fn google(key: &str) -> Option<ProviderTool> {
    Some(match key {
        "googlesearch" | "googlesearchretrieval" | "enterprisewebsearch" | "googlemaps" => ProviderTool::WebSearch,
        "urlcontext" => ProviderTool::WebFetch,
        "codeexecution" => ProviderTool::CodeExecution,
        "filesearch" | "retrieval" => ProviderTool::FileSearch,
        "mcpservers" => ProviderTool::Mcp,
        _ => return None,
    })
}

/// Whether whoever asks runs a tool of this type by itself. A search among the tools of the request reaches nothing else.
fn is_ours(kind: &str) -> bool {
    ["function", "custom", "namespace", "local_shell", "apply_patch"].contains(&kind)
        || ["bash", "text_editor", "computer", "memory", "tool_search"].iter().any(|word| begins(kind, word))
}

/// What a tool of this type is that the provider runs.
fn theirs(kind: &str) -> Option<ProviderTool> {
    if begins(kind, "code_interpreter") {
        return Some(ProviderTool::CodeExecution);
    }
    ProviderTool::ALL.into_iter().find(|tool| *tool != ProviderTool::Links && begins(kind, tool.name()))
}

/// Whether a type is this word, with or without more of it, such as a date.
fn begins(kind: &str, word: &str) -> bool {
    kind.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.at == At::Any {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.at {
            At::Root => "an object",
            At::Tools => "a list of tools",
            _ => "JSON",
        })
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        if value {
            self.some();
        }
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, _: i64) -> Result<(), E> {
        self.some();
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, _: u64) -> Result<(), E> {
        self.some();
        Ok(())
    }

    fn visit_f64<E: Error>(mut self, _: f64) -> Result<(), E> {
        self.some();
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut all: A) -> Result<(), A::Error> {
        if self.at == At::Root {
            return Err(A::Error::custom("it is no object"));
        }
        let at = self.at;
        while all.next_element_seed(self.on(at))?.is_some() {
            self.some();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut all: A) -> Result<(), A::Error> {
        // One of Google's is named by a member of its own, and needs nothing in it.
        if matches!(self.at, At::Nothing(TOOLS, _) | At::Never) {
            self.some();
        }
        let (mut shell, mut here) = (false, None);
        while let Some(key) = all.next_key::<String>()? {
            self.some();
            match self.member(&key) {
                At::Kind => {
                    let kind = all.next_value::<Option<String>>()?.unwrap_or_default();
                    shell |= self.at == At::Tools && kind == "shell";
                    self.kind(&kind);
                }
                At::Environment => {
                    let place = all.next_value::<Option<Environment>>()?.and_then(|environment| environment.kind);
                    here = Some(here.unwrap_or(true) && place.as_deref() == Some("local"));
                }
                at => all.next_value_seed(self.on(at))?,
            }
        }
        if shell && here != Some(true) {
            self.note(TOOLS, Some(ProviderTool::CodeExecution));
        }
        Ok(())
    }
}

/// Where a shell of `OpenAI` runs.
#[derive(Deserialize)]
struct Environment {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[cfg(test)]
mod tests;
