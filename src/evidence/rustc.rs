//! Compiler messages of rustc and cargo, as people read them.

use super::collector::Collector;
use super::limits;
use super::problem::Problem;
use super::trace::place;
use crate::domain::Source;

/// Sentences that only sum up or repeat others.
const ECHOES: [&str; 13] = [
    "could not compile",
    "aborting due to",
    "test failed, to rerun",
    "doctest failed",
    "doctests failed",
    "bench failed",
    "build failed",
    "process didn't exit successfully",
    "the following warnings were emitted",
    "Recipe `",
    "command `",
    "test run failed",
    "some tests failed",
];

/// Adds every error among the lines.
pub fn errors(to: &mut Collector, lines: &[&str]) {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some((kind, message)) = error_line(line) else { continue };
        if echo(message) {
            continue;
        }
        let mut problem = Problem::new(Source::Build, kind, message);
        let mut bytes = 0;
        while let Some(next) = lines.get(at) {
            if next.trim().is_empty()
                || error_line(next).is_some()
                || next.starts_with("warning")
                || bytes > limits::MESSAGE_BYTES
            {
                break;
            }
            bytes += next.len();
            if problem.location.is_none()
                && let Some(rest) = next.trim_start().strip_prefix("--> ")
            {
                problem.location = place(rest);
            }
            problem.message.push('\n');
            problem.message.push_str(next);
            at += 1;
        }
        to.problem(problem);
    }
}

/// `error[E0308]: mismatched types` or `error: linking failed`: the code and the message.
pub fn error_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("error")?;
    if let Some(message) = rest.strip_prefix(": ") {
        return Some(("error", message));
    }
    let (code, message) = rest.strip_prefix('[')?.split_once("]: ")?;
    Some((code, message))
}

/// `warning: unused variable` of rustc: the kind and the message. The lint's name follows in a note.
pub fn warning_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("warning")?;
    if let Some(message) = rest.strip_prefix(": ") {
        return Some(("warning", message));
    }
    let (code, message) = rest.strip_prefix('[')?.split_once("]: ")?;
    Some((code, message))
}

/// Whether the message only sums up or repeats others.
pub fn echo(message: &str) -> bool {
    ECHOES.iter().any(|start| message.starts_with(start))
        || (message.contains(" target") && message.ends_with(" failed:"))
}
