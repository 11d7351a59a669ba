//! What providers of models do by themselves while they answer, where somebody asks for it: they search, fetch, run programs and
//! speak to servers, from their own machines and past every list of hosts here.

use serde::{Deserialize, Serialize};

/// Something that a provider does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderTool {
    /// Searches the web.
    WebSearch,
    /// Fetches pages.
    WebFetch,
    /// Runs programs on its own machines.
    CodeExecution,
    /// Searches files that lie in the account.
    FileSearch,
    /// Makes pictures.
    ImageGeneration,
    /// Speaks to servers of tools.
    Mcp,
    /// Fetches what a message names by an address, or by an id in the account.
    Links,
}

impl ProviderTool {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::WebSearch,
        Self::WebFetch,
        Self::CodeExecution,
        Self::FileSearch,
        Self::ImageGeneration,
        Self::Mcp,
        Self::Links,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSearch => "web_search",
            Self::WebFetch => "web_fetch",
            Self::CodeExecution => "code_execution",
            Self::FileSearch => "file_search",
            Self::ImageGeneration => "image_generation",
            Self::Mcp => "mcp",
            Self::Links => "links",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_those_that_are_written() {
        assert!(ProviderTool::ALL.into_iter().all(|tool| serde_json::to_value(tool).unwrap() == tool.name()));
    }
}
