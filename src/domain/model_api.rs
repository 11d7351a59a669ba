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
}

impl ModelApi {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::Openai, Self::Gemini];

    /// The name by which it is configured.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::Gemini => "gemini",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.name() == name)
    }

    /// Where whoever made it serves it.
    pub fn makers_url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::Openai => "https://api.openai.com",
            Self::Gemini => "https://generativelanguage.googleapis.com",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        assert!(ModelApi::ALL.into_iter().all(|api| ModelApi::named(api.name()) == Some(api)));
        assert_eq!(ModelApi::named("ollama"), None);
    }
}
