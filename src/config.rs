//! Everything that people write down for dogwatch: `dogwatch.toml` in a repository, `config.toml` beside the engine, and
//! the directories that the engine uses. Each file is read strictly: an unknown key, a wrong type or a value out of range
//! is refused with its line and column, the rule and a remedy, and as many mistakes as possible are named at once.

pub mod agents;
mod allowances;
mod approvals;
mod assets;
mod audit;
mod backup;
pub mod command;
mod egress;
pub mod engine;
mod engines;
pub mod errors;
mod fleet;
mod keys;
mod memory;
pub mod models;
pub mod most;
pub(crate) mod notify;
mod operators;
pub mod paths;
mod prices;
pub mod project;
mod reader;
mod reference;
mod retention;
mod roles;
mod rules;
pub mod sandbox;
pub mod schema;
mod secrets;
mod suggest;
#[cfg(test)]
mod tests;
pub mod units;
mod watchdog;

pub use agents::{AgentChoiceError, AgentWork, ChosenAgent, choose_agent};
pub use approvals::Reviews;
pub use assets::read_assets;
pub use audit::AuditConfig;
pub use backup::BackupConfig;
pub use command::CommandLine;
pub use egress::{EgressConfig, EgressRule, PRESETS, Preset, egress_rules, preset};
pub use engine::{EngineConfig, NamedAgent, NamedWork, read_regular};
pub use engines::{EngineAt, SshPlace};
pub use errors::{ConfigErrors, Problem};
pub use memory::Memory;
pub use models::{KeyPlace, KeyScheme, ModelsAt};
pub use most::Most;
pub(crate) use notify::is_address;
pub use notify::{NotifyBy, NotifyConfig, Quiet};
pub use paths::{CONFIG_VARIABLE, Paths, PathsError, STATE_VARIABLE};
pub use project::{
    AgentConfig, Browser, DeliverTo, DependencyGate, Formats, Gates, ImageSource, ProjectConfig, ReviewGate, Setup,
    Silence, Suite,
};
pub use reference::reference;
pub use retention::Retention;
pub(crate) use rules::thousandths;
pub use sandbox::{HOST_ROOT, SandboxConfig, SandboxKind};
pub use secrets::{SecretError, keep_secret, keep_secret_of, read_secret, remove_secret, secret_place, secrets};
