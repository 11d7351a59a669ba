//! One adapter a coding-agent program: what to start, and what its ending means. Adapters are pure: the engine runs the
//! program as the main process of a container and hands back how it ended and what it printed.

mod adapter;
mod claude;
mod codex;
mod coding;
mod command;
mod copilot;
mod debug;
mod end;
mod ending_line;
mod gemini;
mod opencode;
mod replay;
mod script;
mod stream;
#[cfg(test)]
mod tests;

pub use adapter::{Adapter, Session, ToolServer};
pub use coding::{CodingAgent, CodingSettings, reader};
pub use command::CommandAgent;
pub use debug::debug;
pub use replay::ReplayAgent;
pub use replay::main as replay_main;
pub use script::{Edit, Entry, Script, ScriptError};
pub use stream::{Counts, Damage, Event, EventReader, Summary, Tokens};

use crate::domain::{AgentReport, Millis, StepEnd};
use crate::logs::Stream;
use std::collections::BTreeMap;

/// What an adapter may use to compose a turn.
#[derive(Debug, Clone)]
pub struct TurnContext<'a> {
    /// The iteration, from 1; 0 where the turn is about the plan.
    pub iteration: u32,
    /// Whether it is about the result of that iteration, which another agent made.
    pub audit: bool,
    /// The prompt in full.
    pub prompt: &'a str,
    /// The conversation that the turn belongs to.
    pub session: Session<'a>,
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
    /// Where the program can be told more while it works: the `type` of the line of JSON by which it says that it has done what
    /// it was told.
    pub open_until: Option<String>,
}

/// A coding agent behind an adapter.
pub trait Agent: Send + Sync {
    /// The name that is stored and shown.
    fn name(&self) -> &str;

    /// The program of one turn; the same context gives the same turn.
    fn turn(&self, context: &TurnContext<'_>) -> Turn;

    /// What is written to the standard input of a program at work, so that guidance reaches it at once; `None` where it hears
    /// of none before its next turn. `number` is the guidance's own.
    fn steer(&self, number: u32, guidance: &str) -> Option<Vec<u8>>;

    /// Who reads what the program of the same context printed.
    fn reader(&self, context: &TurnContext<'_>) -> Box<dyn TurnReader>;
}

/// Reads what an agent's program printed, hostile like all output, in the pieces in which it came. Its memory has a bound.
pub trait TurnReader: Send {
    /// Takes the next piece.
    fn push(&mut self, stream: Stream, bytes: &[u8]);

    /// There is no more: what the ending means. `ended` is when the program ended, for limits that count from there.
    fn finish(self: Box<Self>, end: &StepEnd, ended: Option<Millis>) -> AgentReport;
}
