//! Which agent a run works with: what the operator asked for, else what the repository says.

use super::command::CommandLine;
use super::engine::{EngineConfig, NamedWork};
use super::project::{AgentConfig, ProjectConfig, Silence};
use super::reader::clip;
use crate::agent::{Adapter, CodingSettings};
use crate::domain::{Role, RoleRules};
use crate::sandbox::WallTimes;
use std::collections::BTreeMap;

/// The name that stands for a command written in the repository.
pub const COMMAND: &str = "command";
/// The name that stands for prepared edits.
pub const REPLAY: &str = "replay";
/// Seconds that one turn may take where nobody says otherwise.
const TURN_SECONDS: u64 = 3_600;
/// Seconds of silence that are allowed where nobody says otherwise.
const SILENT_SECONDS: u64 = 900;

/// What an agent does when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentWork {
    /// Runs a program with the prompt on its standard input.
    Command(CommandLine),
    /// Applies prepared edits from this file: absolute on the host, or relative to the repository.
    Replay(String),
    /// One of the coding agents that are known by name. It needs a model.
    Coding(CodingSettings),
    /// Nothing: the run only tests.
    Nothing,
}

/// An agent that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenAgent {
    /// The name it goes by.
    pub name: String,
    /// What it does.
    pub work: AgentWork,
    /// Time limits of one turn.
    pub times: WallTimes,
    /// Its environment variables.
    pub env: BTreeMap<String, String>,
    /// The models that it may ask, by names or beginnings of names that end in `*`; any where there is none.
    pub models: Vec<String>,
}

impl ChosenAgent {
    /// The model that it asks, where that is known.
    pub fn model(&self) -> Option<&str> {
        if let AgentWork::Coding(settings) = &self.work { settings.model.as_deref() } else { None }
    }

    /// Who works in a run that only tests.
    pub fn nobody() -> Self {
        let times = WallTimes { seconds: TURN_SECONDS, silent_seconds: Some(SILENT_SECONDS) };
        let name = "nobody".to_owned();
        Self { name, work: AgentWork::Nothing, times, env: BTreeMap::new(), models: Vec::new() }
    }
}

/// Why there is no agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentChoiceError {
    /// Neither the operator nor the repository names one.
    #[error("no agent: add [agent] to dogwatch.toml, or name one with --agent ({known})")]
    None {
        /// The agents of `config.toml`, in words.
        known: String,
    },
    /// Nobody has set it up.
    #[error("no agent `{name}`: set it up as [agents.{name}] in config.toml, or name another ({known})")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The agents of `config.toml`, in words.
        known: String,
    },
    /// The agent leaves the choice of a model to people, and nobody made it.
    #[error(
        "the agent `{name}` needs a model: add `model` to [agent] in dogwatch.toml, or to [agents.{name}] in config.toml"
    )]
    NoModel {
        /// What was asked for.
        name: String,
    },
    /// The role may not use the model.
    #[error(
        "the model {model} is none that this role may ask: choose another, or add it to `models` under [roles] in config.toml"
    )]
    NotAdmitted {
        /// Which model.
        model: String,
    },
    /// `command` or `replay` was asked for, and the repository says nothing of it.
    #[error("the agent `{name}` needs [agent] with name = \"{name}\" and `{key}` in dogwatch.toml")]
    NotInRepository {
        /// `command` or `replay`.
        name: String,
        /// The key that belongs to it.
        key: &'static str,
    },
}

/// Chooses the agent: `asked` (from `--agent`) first, then that of the role, else the repository's. Time limits that the repository
/// writes for the same name go before those of `config.toml`; of variables it can only add new ones, since the operator's may
/// be what keeps the agent in check.
pub fn choose_agent(
    asked: Option<&str>,
    role: Role,
    project: &ProjectConfig,
    engine: &EngineConfig,
) -> Result<ChosenAgent, AgentChoiceError> {
    let known = || match engine.agents.len() {
        0 => "config.toml sets up none".to_owned(),
        _ => format!("config.toml sets up {}", engine.agents.keys().cloned().collect::<Vec<_>>().join(", ")),
    };
    let written = project.agent.as_ref();
    let rules = engine.role(role);
    let name = match (asked.or(rules.agent.as_deref()), written) {
        (Some(name), _) => name,
        (None, Some(agent)) => agent.name.as_str(),
        (None, None) => return Err(AgentChoiceError::None { known: known() }),
    };
    let own = written.filter(|agent| agent.name == name);
    let mut timeout = own.and_then(|agent| agent.timeout);
    let mut silence = own.and_then(|agent| agent.silence);
    let mut env = own.map(|agent| agent.env.clone()).unwrap_or_default();
    let missing = |key| AgentChoiceError::NotInRepository { name: name.to_owned(), key };
    let work = match name {
        COMMAND => AgentWork::Command(own.and_then(|agent| agent.command.clone()).ok_or_else(|| missing("command"))?),
        REPLAY => AgentWork::Replay(own.and_then(|agent| agent.script.clone()).ok_or_else(|| missing("script"))?),
        _ => {
            let named = engine.agents.get(name);
            if let Some(agent) = named {
                timeout = timeout.or(agent.timeout);
                silence = silence.or(agent.silence);
                env.extend(agent.env.clone());
            }
            // What the operator sets up under the name of a coding agent goes before what the name means by itself.
            match (named.map(|agent| &agent.work), Adapter::named(name)) {
                (Some(NamedWork::Command(command)), _) => AgentWork::Command(command.clone()),
                (Some(NamedWork::Coding(settings)), _) => coding(name, own, settings.clone(), &rules)?,
                (None, Some(adapter)) => coding(name, own, CodingSettings::of(adapter), &rules)?,
                (None, None) => return Err(AgentChoiceError::Unknown { name: clip(name), known: known() }),
            }
        }
    };
    let times = WallTimes {
        seconds: timeout.unwrap_or(TURN_SECONDS),
        silent_seconds: silence.unwrap_or(Silence::Seconds(SILENT_SECONDS)).seconds(),
    };
    Ok(ChosenAgent { name: name.to_owned(), work, times, env, models: rules.models })
}

/// A coding agent as the operator has it, with what the repository says where the operator leaves that open.
fn coding(
    name: &str,
    own: Option<&AgentConfig>,
    settings: CodingSettings,
    rules: &RoleRules,
) -> Result<AgentWork, AgentChoiceError> {
    let written = settings.model.or_else(|| own.and_then(|own| own.model.clone()));
    let model = rules.model.clone().or(written);
    if let Some(model) = model.as_ref().filter(|model| !rules.admits(model)) {
        return Err(AgentChoiceError::NotAdmitted { model: clip(model) });
    }
    if model.is_none() && settings.adapter.needs_model() {
        return Err(AgentChoiceError::NoModel { name: name.to_owned() });
    }
    let arguments = match own {
        Some(own) if settings.arguments.is_empty() => own.arguments.clone(),
        _ => settings.arguments,
    };
    Ok(AgentWork::Coding(CodingSettings { model, arguments, ..settings }))
}
