//! One adapter a coding-agent program: what to start, and what its ending means. Adapters are pure: the engine runs the
//! program as the main process of a container and hands back how it ended and what it printed.

mod command;
mod ending_line;
mod replay;
mod script;

pub use command::CommandAgent;
pub use replay::ReplayAgent;
pub use replay::main as replay_main;
pub use script::{Edit, Entry, Script, ScriptError};

use crate::domain::{AgentReport, StepEnd};
use std::collections::BTreeMap;

/// What an adapter may use to compose a turn.
#[derive(Debug, Clone)]
pub struct TurnContext<'a> {
    /// The iteration, from 1.
    pub iteration: u32,
    /// The prompt in full.
    pub prompt: &'a str,
}

/// The program of one agent turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment beyond what every step gets.
    pub env: BTreeMap<String, String>,
    /// Standard input.
    pub stdin: Vec<u8>,
}

/// A coding agent behind an adapter.
pub trait Agent: Send + Sync {
    /// The name that is stored and shown.
    fn name(&self) -> &str;

    /// The program of one turn; the same context gives the same turn.
    fn turn(&self, context: &TurnContext<'_>) -> Turn;

    /// What the ending means. `output` is the end of what it printed (bounded), hostile like all output.
    fn report(&self, end: &StepEnd, output: &[u8]) -> AgentReport;
}
