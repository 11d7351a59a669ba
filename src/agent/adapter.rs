//! The coding agents that dogwatch knows by name, and what people may say to each.

use super::stream::event::Tokens;
use std::str::FromStr;

/// A coding agent whose command line and events are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
    /// GitHub Copilot CLI.
    Copilot,
}

impl Adapter {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Claude, Self::Codex, Self::Gemini, Self::Opencode, Self::Copilot];

    /// The name by which it is configured, and usually that of its program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Copilot => "copilot",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|adapter| adapter.name() == name)
    }

    /// Whether it takes no model of its own choice where its provider is not its maker.
    pub fn needs_model(self) -> bool {
        matches!(self, Self::Opencode | Self::Copilot)
    }

    /// Whether a new conversation takes the name that it is given.
    pub(super) fn takes_id(self) -> bool {
        matches!(self, Self::Claude | Self::Gemini | Self::Copilot)
    }

    /// What of its directory is its conversation: as paths in it. All else (settings, logs, caches) is not kept.
    pub fn keeps(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &["projects"],
            Self::Codex => &["sessions"],
            Self::Gemini => &[".gemini/tmp", ".gemini/history", ".gemini/projects.json"],
            Self::Opencode => &["opencode"],
            Self::Copilot => &["session-state"],
        }
    }

    /// Options that the engine sets itself, so that nobody else may: they decide what is read of the agent, where its
    /// model is, and what becomes of its session.
    fn own_options(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &[
                "-p",
                "--print",
                "--output-format",
                "--input-format",
                "--verbose",
                "--model",
                "--session-id",
                "--resume",
                "-r",
                "--continue",
                "-c",
                "--fork-session",
                "--mcp-config",
                "--strict-mcp-config",
                "--setting-sources",
                "--settings",
                "--permission-mode",
                "--permission-prompt-tool",
                "--dangerously-skip-permissions",
                "--append-system-prompt",
            ],
            Self::Codex => &[
                "--json",
                "-m",
                "--model",
                "-c",
                "--config",
                "-p",
                "--profile",
                "-s",
                "--sandbox",
                "-a",
                "--ask-for-approval",
                "--full-auto",
                "--dangerously-bypass-approvals-and-sandbox",
                "--oss",
                "-C",
                "--cd",
                "--skip-git-repo-check",
            ],
            Self::Gemini => &[
                "-p",
                "--prompt",
                "-i",
                "--prompt-interactive",
                "-o",
                "--output-format",
                "-m",
                "--model",
                "-y",
                "--yolo",
                "--approval-mode",
                "-s",
                "--sandbox",
                "--session-id",
                "-r",
                "--resume",
                "--skip-trust",
            ],
            Self::Opencode => {
                &["--format", "-m", "--model", "-s", "--session", "-c", "--continue", "--share", "--attach", "--auto"]
            }
            Self::Copilot => &[
                "-p",
                "--prompt",
                "-i",
                "--interactive",
                "--output-format",
                "--model",
                "--session-id",
                "--resume",
                "--continue",
                "--allow-all",
                "--yolo",
                "--additional-mcp-config",
                "--usage-output-file",
            ],
        }
    }

    /// The option among these arguments that belongs to the engine, if there is one. An option that is one letter long may
    /// have its value right behind it.
    pub fn refuses(self, arguments: &[String]) -> Option<&str> {
        let taken = |argument: &str| {
            argument == "--"
                || self.own_options().iter().any(|option| match argument.strip_prefix(option) {
                    Some(rest) => rest.is_empty() || rest.starts_with('=') || !option.starts_with("--"),
                    None => false,
                })
        };
        arguments.iter().map(String::as_str).find(|argument| taken(argument))
    }
}

impl FromStr for Adapter {
    type Err = UnknownAdapter;

    fn from_str(name: &str) -> Result<Self, UnknownAdapter> {
        Self::named(name).ok_or(UnknownAdapter)
    }
}

/// No agent of that name is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the coding agents that are known are claude, codex, gemini, opencode and copilot: name one of them")]
pub struct UnknownAdapter;

/// Who gives the agent tools by the Model Context Protocol, over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolServer {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// Where, inside of the sandbox.
    pub url: String,
}

/// Which conversation a turn belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session<'a> {
    /// A new one; agents that take an id of others get this UUID.
    New(&'a str),
    /// One of before.
    Resumed {
        /** The id that the agent stated. */
        id: &'a str,
        /** The tokens that were counted for it so far. */
        used: Tokens,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_engine_are_refused_however_they_are_written() {
        let refused = |adapter: Adapter, words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            adapter.refuses(&words).map(str::to_owned)
        };
        assert_eq!(
            refused(Adapter::Claude, &["--max-turns", "5", "--output-format=text"]),
            Some("--output-format=text".into())
        );
        assert_eq!(refused(Adapter::Codex, &["-cmodel_provider=x"]), Some("-cmodel_provider=x".into()));
        assert_eq!(refused(Adapter::Gemini, &["--"]), Some("--".into()));
        assert_eq!(refused(Adapter::Claude, &["--max-turns", "5", "--max-budget-usd", "2"]), None);
        assert_eq!(refused(Adapter::Opencode, &["--variant", "high"]), None);
        assert_eq!(refused(Adapter::Copilot, &["--max-ai-credits", "5"]), None);
    }

    #[test]
    fn names_lead_back() {
        for adapter in Adapter::ALL {
            assert_eq!(Adapter::named(adapter.name()), Some(adapter));
        }
        assert_eq!(Adapter::named("command"), None);
    }
}
