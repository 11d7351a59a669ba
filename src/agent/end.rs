//! What the end of a step says about an agent's turn before anything that the agent itself says: what the engine did to it,
//! and what befell its container, no program can talk away.

use crate::config::units::format_size;
use crate::domain::{Ending, StepEnd};

/// Longest detail that is kept, in characters.
const DETAIL: usize = 400;

/// The ending and its evidence in words; `exited` decides about programs that exited by themselves.
pub(super) fn of(end: &StepEnd, exited: impl FnOnce(i32) -> (Ending, String)) -> (Ending, String) {
    match end {
        StepEnd::Exited { code } => exited(*code),
        StepEnd::Signalled { signal, oom } => {
            let why = match oom {
                Some(true) => " (out of memory)",
                Some(false) => "",
                None => " (whether out of memory is unknown)",
            };
            (Ending::Killed { oom: *oom == Some(true) }, format!("ended by signal {signal}{why}"))
        }
        StepEnd::TimedOut { seconds } => (Ending::TimedOut, format!("ran longer than {seconds} s")),
        StepEnd::Silent { seconds } => (Ending::Silent, format!("wrote nothing for {seconds} s")),
        StepEnd::Overfull { what, mib } => (
            Ending::Overfull,
            format!(
                "put more into its {} than {}, or more files than it may have, and was stopped",
                what.word(),
                format_size(*mib)
            ),
        ),
        StepEnd::Stopped => (Ending::Stopped, "stopped by the engine".to_owned()),
        StepEnd::NotStarted { reason } => {
            (Ending::Misconfigured, format!("the program could not be started: {reason}"))
        }
        StepEnd::Lost { reason, .. } => (Ending::Killed { oom: false }, reason.clone()),
    }
}

/// The evidence within its bound.
pub(super) fn detail(words: &str) -> String {
    words.chars().take(DETAIL).collect()
}
