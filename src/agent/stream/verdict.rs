//! The ending of a coding agent's turn: what its own events claim, held against its exit code. An exit code alone proves
//! nothing, since these programs exit with 0 after signals, denials and dead tool servers; and without a last event of their
//! own a turn is not finished, whatever the exit code.

use super::event::Tokens;
use super::fault::Fault;
use crate::domain::{Ending, Millis};

/// What an agent's events came to.
#[derive(Debug, Default)]
pub(in crate::agent) struct Facts {
    /// Its name for the session.
    pub session: String,
    /// Tokens that the turn used.
    pub tokens: Tokens,
    /// Money that the turn used, in millionths of a US dollar.
    pub microusd: u64,
    /// The model said or did anything.
    pub worked: bool,
    /// The first tool that it was denied.
    pub denied: Option<String>,
    /// A tool server that could not be reached.
    pub dead_server: Option<String>,
    /// No command could run.
    pub no_commands: Option<String>,
    /// When the account's limit begins anew, where that was said apart.
    pub reset: Option<Millis>,
    /// The last call to the model failed, and nothing came of trying again.
    pub trouble: Option<Fault>,
    /// The agent's own last word.
    pub claim: Option<Claim>,
}

/// What an agent says of its own end.
#[derive(Debug)]
pub(in crate::agent) enum Claim {
    /// It did what it was asked.
    Success,
    /// It did not.
    Failed(Fault),
}

/// What adapters know about exits of their program that left no last event.
#[derive(Debug, Clone, Copy)]
pub(in crate::agent) struct Exits {
    /// The program, as people call it.
    pub program: &'static str,
    /// Exit codes with a meaning of their own.
    pub codes: &'static [(i32, Ending, &'static str)],
    /// What it writes to its error stream when it cannot begin.
    pub refusals: &'static [(&'static str, Ending)],
}

/// How a program exited.
#[derive(Debug, Clone, Copy)]
pub(in crate::agent) struct Exit<'a> {
    /// Its code.
    pub code: i32,
    /// The end of its error stream.
    pub errors: &'a str,
    /// When that was, if it is known.
    pub ended: Option<Millis>,
}

/// Decides by the events and the exit.
pub(in crate::agent) fn decide(facts: &Facts, exit: Exit<'_>, exits: &Exits) -> (Ending, String) {
    let program = exits.program;
    match &facts.claim {
        Some(Claim::Failed(fault)) if fault.ending == Ending::Crashed => refused(facts, exit, exits)
            .map_or_else(|| explain(fault, facts, exit), |(ending, _)| (ending, fault.words.clone())),
        Some(Claim::Failed(fault)) => explain(fault, facts, exit),
        Some(Claim::Success) if exit.code == 0 => {
            blocked(facts).unwrap_or_else(|| (Ending::Finished, format!("{program} reported success")))
        }
        Some(Claim::Success) => killed(exit, exits).unwrap_or_else(|| {
            (Ending::Crashed, format!("{program} reported success and then exited with code {}", exit.code))
        }),
        None => unfinished(facts, exit, exits),
    }
}

/// Success that stands for nothing, since the agent could not do what it wanted.
fn blocked(facts: &Facts) -> Option<(Ending, String)> {
    let words = if let Some(tool) = &facts.denied {
        format!("it was not allowed to use the tool {tool}")
    } else if let Some(server) = &facts.dead_server {
        format!("its tool server {server} could not be reached")
    } else {
        facts.no_commands.clone()?
    };
    Some((Ending::Blocked, words))
}

fn unfinished(facts: &Facts, exit: Exit<'_>, exits: &Exits) -> (Ending, String) {
    let (program, code) = (exits.program, exit.code);
    if let (126 | 127, false) = (code, facts.worked) {
        return (
            Ending::Misconfigured,
            format!("exit code {code}: there is no program {program} here that can be run"),
        );
    }
    if let Some((_, ending, words)) = exits.codes.iter().find(|(known, ..)| *known == code) {
        return (ending.clone(), format!("{program} {words} (exit code {code})"));
    }
    if let Some(killed) = killed(exit, exits) {
        return killed;
    }
    if let Some(fault) = facts.trouble.as_ref().filter(|_| code != 0) {
        return explain(fault, facts, exit);
    }
    if let Some((ending, line)) = refused(facts, exit, exits) {
        return (ending, format!("{program} did not begin: {line}"));
    }
    if let Some(blocked) = blocked(facts) {
        return blocked;
    }
    let last = exit.errors.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let colon = if last.is_empty() { "" } else { ": " };
    (Ending::Crashed, format!("{program} ended with exit code {code} and without its last event{colon}{last}"))
}

/// The exit code of a program that a signal ended, or that ended because of one.
fn killed(exit: Exit<'_>, exits: &Exits) -> Option<(Ending, String)> {
    let signal = exit.code.checked_sub(128).filter(|signal| [2, 9, 15].contains(signal))?;
    Some((Ending::Killed { oom: false }, format!("{} was ended by signal {signal}", exits.program)))
}

/// What the program said before it began. What the model makes it do could be quoted in its error stream later, so
/// that counts only where the model did nothing yet.
fn refused(facts: &Facts, exit: Exit<'_>, exits: &Exits) -> Option<(Ending, String)> {
    let (words, ending) = exits.refusals.iter().find(|(words, _)| !facts.worked && exit.errors.contains(words))?;
    let line = exit.errors.lines().find(|line| line.contains(words)).unwrap_or(words);
    Some((ending.clone(), line.trim().to_owned()))
}

/// A fault with the reset time of its limit.
fn explain(fault: &Fault, facts: &Facts, exit: Exit<'_>) -> (Ending, String) {
    let words = fault.words.clone();
    match &fault.ending {
        Ending::RateLimited { until } => {
            let until = until.or(facts.reset).or(fault.wait.and_then(|wait| wait.from(exit.ended)));
            (Ending::RateLimited { until }, words)
        }
        ending => (ending.clone(), words),
    }
}
