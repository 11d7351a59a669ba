//! The coding agents that dogwatch knows by name, as agents of a run: what each is started with, and who reads it.
//!
//! All get the prompt on their standard input (Claude Code as a message, after which it takes more of them), work without asking (the container is their wall), keep to the repository's
//! files and not to settings in it, report nothing to their makers, and look for their model where the gateway is. No key
//! goes into a container: what the environment says is a word that stands in its place.

use super::adapter::{Adapter, Session, ToolServer};
use super::claude::ClaudeEvents;
use super::codex::CodexEvents;
use super::copilot::CopilotEvents;
use super::gemini::GeminiEvents;
use super::opencode::OpencodeEvents;
use super::stream::{Dialect, EventReader, Tokens};
use super::{Agent, Turn, TurnContext, TurnReader, claude, codex, copilot, gemini, opencode};
use crate::domain::ModelApi;
use std::collections::BTreeMap;

/// What stands where a key would.
pub(super) const KEY: &str = "dogwatch";
/// What agents are told that do not read it by themselves.
pub(super) const MANNERS: &str = "Where the repository has a CLAUDE.md or an AGENTS.md, read it before anything else: it says \
                                  how people work there.";

/// What people say of a coding agent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CodingSettings {
    /// Which one.
    pub adapter: Adapter,
    /// The program and what goes before all arguments; never empty.
    pub program: Vec<String>,
    /// The model, where it is not the agent's own choice.
    pub model: Option<String>,
    /// Further arguments.
    pub arguments: Vec<String>,
}

impl CodingSettings {
    /// In which language it speaks to its model. opencode and Copilot go by the model's name.
    pub fn api(&self) -> ModelApi {
        let model = self.model.as_deref().unwrap_or_default();
        match self.adapter {
            Adapter::Claude => ModelApi::Anthropic,
            Adapter::Gemini => ModelApi::Gemini,
            Adapter::Opencode if opencode::provider(model) == "anthropic" => ModelApi::Anthropic,
            Adapter::Opencode if opencode::provider(model) == "ollama" => ModelApi::Ollama,
            Adapter::Copilot if copilot::is_claude(model) => ModelApi::Anthropic,
            Adapter::Codex | Adapter::Opencode | Adapter::Copilot => ModelApi::Openai,
        }
    }

    /// An agent as it is where nobody says anything of it.
    pub fn of(adapter: Adapter) -> Self {
        Self { adapter, program: vec![adapter.name().to_owned()], model: None, arguments: Vec::new() }
    }
}

/// One of the known coding agents.
#[derive(Debug, Clone)]
pub struct CodingAgent {
    name: String,
    settings: CodingSettings,
    gateway: String,
    home: String,
    servers: Vec<ToolServer>,
}

/// The command line and environment under way.
pub(super) struct Draft<'a> {
    pub settings: &'a CodingSettings,
    pub gateway: &'a str,
    /// Where the agent keeps its conversation.
    pub home: &'a str,
    pub servers: &'a [ToolServer],
    pub session: Session<'a>,
    /// Whether it judges what others wrote: nobody there tells it how, and it has no shell where that can be said.
    pub audit: bool,
    pub argv: Vec<String>,
    pub env: BTreeMap<String, String>,
}

impl Draft<'_> {
    /// Adds words to the command line.
    pub fn words<const N: usize>(&mut self, words: [&str; N]) {
        self.argv.extend(words.map(str::to_owned));
    }

    /// Sets variables.
    pub fn variables<const N: usize>(&mut self, variables: [(&str, &str); N]) {
        self.env.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    /// Adds an option with its value where there is a model.
    pub fn model(&mut self, option: &str) {
        if let Some(model) = &self.settings.model {
            self.argv.extend([option.to_owned(), model.clone()]);
        }
    }

    /// Adds what people want to be added.
    pub fn arguments(&mut self) {
        self.argv.extend(self.settings.arguments.iter().cloned());
    }
}

impl CodingAgent {
    /// An agent under the name by which it is configured. `gateway` is where models are inside the sandbox, such as
    /// `http://127.0.0.1:8080`, and `home` a directory there in which it keeps its conversation.
    pub fn new(name: &str, settings: CodingSettings, gateway: &str, home: &str) -> Self {
        let (gateway, home) = (gateway.to_owned(), home.to_owned());
        Self { name: name.to_owned(), settings, gateway, home, servers: Vec::new() }
    }

    /// The same with tools of these servers.
    pub fn with_servers(self, servers: Vec<ToolServer>) -> Self {
        Self { servers, ..self }
    }
}

impl Agent for CodingAgent {
    fn name(&self) -> &str {
        &self.name
    }

    fn turn(&self, context: &TurnContext<'_>) -> Turn {
        let mut draft = Draft {
            settings: &self.settings,
            gateway: &self.gateway,
            home: &self.home,
            servers: &self.servers,
            session: context.session,
            audit: context.audit,
            argv: self.settings.program.clone(),
            env: BTreeMap::new(),
        };
        match self.settings.adapter {
            Adapter::Claude => claude::start(&mut draft),
            Adapter::Codex => codex::start(&mut draft),
            Adapter::Gemini => gemini::start(&mut draft),
            Adapter::Opencode => opencode::start(&mut draft),
            Adapter::Copilot => copilot::start(&mut draft),
        }
        let Draft { argv, mut env, .. } = draft;
        env.insert("DOGWATCH_ITERATION".to_owned(), context.iteration.to_string());
        let (stdin, open_until) = match self.settings.adapter {
            Adapter::Claude => (claude::message(context.prompt), Some(claude::DONE.to_owned())),
            _ => (context.prompt.as_bytes().to_vec(), None),
        };
        Turn { argv, env, stdin, open_until }
    }

    fn steer(&self, number: u32, guidance: &str) -> Option<Vec<u8>> {
        match self.settings.adapter {
            Adapter::Claude => Some(claude::steer(number, guidance)),
            // The others read their standard input to its end before they begin.
            Adapter::Codex | Adapter::Gemini | Adapter::Opencode | Adapter::Copilot => None,
        }
    }

    fn reader(&self, context: &TurnContext<'_>) -> Box<dyn TurnReader> {
        let (given, used, resumed) = match context.session {
            Session::New(id) if self.settings.adapter.takes_id() => (id, Tokens::default(), false),
            Session::New(_) => ("", Tokens::default(), false),
            Session::Resumed { id, used } => (id, used, true),
        };
        Box::new(reader(self.settings.adapter, used).named(given, resumed))
    }
}

/// Reads the output of one turn of an agent; `used` is what earlier turns of the session used.
pub fn reader(adapter: Adapter, used: Tokens) -> EventReader {
    let dialect: Box<dyn Dialect> = match adapter {
        Adapter::Claude => Box::<ClaudeEvents>::default(),
        Adapter::Codex => Box::new(CodexEvents::new(used)),
        Adapter::Gemini => Box::<GeminiEvents>::default(),
        Adapter::Opencode => Box::<OpencodeEvents>::default(),
        Adapter::Copilot => Box::<CopilotEvents>::default(),
    };
    EventReader::new(dialect, used)
}
