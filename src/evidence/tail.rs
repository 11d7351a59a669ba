//! The last resort: finds the most telling lines of any output.

use super::collector::Collector;
use super::compiler::Compiler;
use super::junit_problem::exception;
use super::limits;
use super::problem::Problem;
use super::trace::{frames, place};
use crate::domain::{Severity, Source};

/// Lines of a trace that are looked at below or above its error.
const NEAR: usize = 120;

/// Bytes at the output's end that are searched.
const END_BYTES: usize = 4 << 20;

/// Findings of one output; the rest only repeats.
const MOST: usize = 50;

/// Adds the errors of an output, and its last line where no line tells more.
pub fn read(to: &mut Collector, text: &str) {
    let from = text.ceil_char_boundary(text.len().saturating_sub(END_BYTES));
    let lines: Vec<&str> = limits::lines(text.get(from..).unwrap_or_default()).collect();
    let mut compiler = Compiler::default();
    let mut built = Collector::default();
    let mut others = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if others.len() + built.findings() >= MOST {
            to.odd("the output holds more errors than are listed");
            break;
        }
        if compiler.line(&mut built, line) {
            continue;
        }
        if let Some(problem) = thrown(&lines, at).or_else(|| go_panic(&lines, at)) {
            others.push(problem);
        }
    }
    compiler.end(&mut built);
    // Of what compilers say, warnings count where nothing else does.
    let (told, warned): (Vec<_>, Vec<_>) =
        built.finish().0.findings.into_iter().partition(|finding| finding.severity == Severity::Error);
    let told = if told.is_empty() && others.is_empty() { warned } else { told };
    for finding in told {
        to.finding(finding);
    }
    for problem in others {
        to.problem(problem);
    }
    if !to.has_findings() {
        for line in lines.iter().rev().filter(|line| weak(line)).take(5).collect::<Vec<_>>().into_iter().rev() {
            to.problem(Problem::new(Source::Harness, "error_line", line.trim()));
        }
    }
    if !to.has_findings()
        && let Some(line) = lines.iter().rev().find(|line| !line.trim().is_empty())
    {
        to.problem(Problem::new(Source::Harness, "last_line", line.trim()));
    }
}

/// `TypeError: msg`, `java.lang.IllegalStateException: msg`, also behind `Caused by:`, with a trace beside it.
fn thrown(lines: &[&str], at: usize) -> Option<Problem> {
    let line = lines.get(at)?.trim();
    let line = line.strip_prefix("E   ").unwrap_or(line).trim();
    let body = line.strip_prefix("Uncaught ").or_else(|| line.strip_prefix("Caused by: ")).unwrap_or(line);
    let body = match body.strip_prefix("Exception in thread \"") {
        Some(rest) => rest.split_once("\" ")?.1,
        None => body,
    };
    let (word, message) = body.split_once(": ").unwrap_or((body, ""));
    let word = word.split(" [").next().unwrap_or(word);
    let kind = exception(word)?;
    let below: Vec<&str> = lines
        .iter()
        .skip(at + 1)
        .take(NEAR)
        .take_while(|l| l.starts_with(char::is_whitespace) || l.starts_with("- ") || l.ends_with(':'))
        .copied()
        .collect();
    let mut stack = frames(&below.join("\n"));
    if stack.is_empty() {
        // Python's error stands below its trace.
        let near = lines.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        if let Some(from) = near.iter().rposition(|l| l.trim_start().starts_with("Traceback (most recent call last)")) {
            stack = frames(&near.get(from..).unwrap_or_default().join("\n"));
        }
    }
    if stack.is_empty() && message.is_empty() {
        return None;
    }
    let mut problem = Problem::new(Source::Backend, kind, if message.is_empty() { word } else { message });
    if matches!(problem.kind.as_str(), "SyntaxError" | "IndentationError" | "ModuleNotFoundError" | "ImportError") {
        problem.source = Source::Build;
    }
    problem.stack = stack;
    Some(problem)
}

/// `panic: msg` of Go and `thread 'main' panicked at src/main.rs:3:4:` of Rust.
fn go_panic(lines: &[&str], at: usize) -> Option<Problem> {
    let line = lines.get(at)?.trim();
    let below = || lines.iter().skip(at + 1).take(NEAR).copied().collect::<Vec<_>>();
    if let Some(message) = line.strip_prefix("panic: ") {
        let mut problem = Problem::new(Source::Backend, "panic", message);
        problem.stack = frames(&below().join("\n"));
        return Some(problem);
    }
    let (_, rest) = line.split_once(" panicked at ").filter(|_| line.starts_with("thread '"))?;
    let below = below();
    let mut problem = Problem::new(Source::Backend, "panic", below.first().copied().unwrap_or_default());
    problem.location = place(rest.trim_end_matches(':'));
    problem.stack = frames(&below.join("\n"));
    Some(problem)
}

/// Lines that say that something went wrong, though not what.
fn weak(line: &str) -> bool {
    let line = line.trim();
    let lower = limits::head(line, 400).to_ascii_lowercase();
    let starts =
        ["error", "fatal", "failed", "failure", "panic", "npm err!", "make: ***", "e: ", "critical", "assertion"];
    let parts = [
        " error:",
        " error ",
        "[error]",
        "not found",
        "no such file",
        "permission denied",
        "cannot ",
        "segmentation fault",
        "killed",
    ];
    starts.iter().any(|s| lower.starts_with(s)) || parts.iter().any(|p| lower.contains(p))
}
