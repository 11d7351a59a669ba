//! The languages in which providers of models are spoken to.

use serde::{Deserialize, Serialize};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelApi {
    /// Messages, as Anthropic has them.
    Anthropic,
    /// Responses and chat completions, as `OpenAI` has them.
    Openai,
    /// Contents, as Google has them for Gemini.
    Gemini,
    /// Chats and completions, as Ollama has them on one's own machine; it also knows chat completions.
    Ollama,
}

impl ModelApi {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Anthropic, Self::Openai, Self::Gemini, Self::Ollama];

    /// The name by which it is configured.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.name() == name)
    }

    /// Where whoever made it serves it, or where it is served where nobody says anything else.
    pub fn makers_url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::Openai => "https://api.openai.com",
            Self::Gemini => "https://generativelanguage.googleapis.com",
            Self::Ollama => "http://127.0.0.1:11434",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        assert!(ModelApi::ALL.into_iter().all(|api| ModelApi::named(api.name()) == Some(api)));
        assert_eq!(ModelApi::named("mistral"), None);
    }
}
