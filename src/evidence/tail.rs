//! The last resort: finds the most telling lines of any output.

use super::collector::Collector;
use super::compiler::Compiler;
use super::junit_problem::exception;
use super::limits;
use super::problem::Problem;
use super::service::exception::{is_python_error, with_place};
use super::service::record::is_ruby_frame;
use super::trace::{frames, place};
use crate::domain::{Severity, Source};

/// Lines of a trace that are looked at below or above its error.
const NEAR: usize = 120;

/// Bytes at the output's end that are searched.
const END_BYTES: usize = 4 << 20;

/// Findings of one output; the rest only repeats.
const MOST: usize = 50;

/// What stands before an exception.
const ANNOUNCED: [&str; 7] = [
    "PHP Fatal error:  Uncaught ",
    "Fatal error: Uncaught ",
    "PHP Uncaught ",
    "Uncaught ",
    "Caused by: ",
    "Unhandled exception. ",
    "Unhandled Exception: ",
];

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
        let told = ruby(&lines, at).or_else(|| thrown(&lines, at)).or_else(|| go_panic(&lines, at));
        if let Some(problem) = told.or_else(|| sanitizer(&lines, at)).or_else(|| php(line)) {
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
    let body = ANNOUNCED.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let body = match body.strip_prefix("Exception in thread \"") {
        Some(rest) => rest.split_once("\" ")?.1,
        None => body,
    };
    let (word, message) = body.split_once(": ").unwrap_or((body, ""));
    let word = word.split(" [").next().unwrap_or(word);
    // What stands below a trace is an exception, whatever it is called.
    let above = || at.checked_sub(1).and_then(|above| lines.get(above)).is_some_and(|above| above.starts_with(' '));
    let traced = || is_python_error(word) && above() && trace_above(lines, at).is_some();
    let kind = exception(word).or_else(|| traced().then(|| word.to_owned()))?;
    if is_cause(lines, at) {
        return None;
    }
    let (message, location) = with_place(message, line);
    let message = message.as_str();
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
        stack = trace_above(lines, at).map(|trace| frames(&trace.join("\n"))).unwrap_or_default();
    }
    if stack.is_empty() && message.is_empty() {
        return None;
    }
    let mut problem = Problem::new(Source::Backend, kind, if message.is_empty() { word } else { message });
    if matches!(problem.kind.as_str(), "SyntaxError" | "IndentationError" | "ModuleNotFoundError" | "ImportError") {
        problem.source = Source::Build;
    }
    problem.stack = stack;
    problem.location = location;
    Some(problem)
}

/// The lines of Python's trace that ends above a line.
fn trace_above<'l, 't>(lines: &'l [&'t str], at: usize) -> Option<&'l [&'t str]> {
    let near = lines.get(at.saturating_sub(NEAR)..at)?;
    let from = near.iter().rposition(|line| line.trim_start().starts_with("Traceback (most recent call last)"))?;
    near.get(from..)
}

/// Whether an exception of Python only led to another one, which is told below it and is the one that ended the program.
fn is_cause(lines: &[&str], at: usize) -> bool {
    let mut below = lines.iter().skip(at + 1).take(NEAR);
    below.find(|line| !line.trim().is_empty()).is_some_and(|line| {
        line.starts_with("During handling of the above exception")
            || line.starts_with("The above exception was the direct cause")
    })
}

/// `a.rb:9:in 'Shop#load': no such thing (RuntimeError)` of Ruby, with the calls around it below.
fn ruby(lines: &[&str], at: usize) -> Option<Problem> {
    let line = lines.get(at)?.trim_end();
    if !is_ruby_frame(line) || line.starts_with(char::is_whitespace) {
        return None;
    }
    let (frame, words) = line.split_once(": ")?;
    let (message, kind) = words.strip_suffix(')')?.rsplit_once(" (")?;
    let named = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
    let below = lines.iter().skip(at + 1).take(NEAR).take_while(|line| line.trim_start().starts_with("from "));
    let trace: Vec<&str> = std::iter::once(frame).chain(below.copied()).collect();
    let mut problem = Problem::new(Source::Backend, kind, message);
    problem.stack = frames(&trace.join("\n"));
    named.then_some(problem)
}

/// `==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x...`: what is wrong, without the addresses.
fn sanitizer(lines: &[&str], at: usize) -> Option<Problem> {
    let (_, words) = lines.get(at)?.strip_prefix("==")?.split_once("==ERROR: ")?;
    let (kind, words) = words.split_once(": ").filter(|(kind, _)| kind.ends_with("Sanitizer"))?;
    let message = words.split(" on ").next().unwrap_or(words);
    let below = lines.iter().skip(at + 1).take(NEAR).take_while(|line| !line.trim().is_empty());
    let mut problem = Problem::new(Source::Backend, kind, message);
    problem.stack = frames(&below.copied().collect::<Vec<_>>().join("\n"));
    Some(problem)
}

/// `PHP Fatal error:  Cannot redeclare f() in /a.php on line 3`.
fn php(line: &str) -> Option<Problem> {
    let line = line.strip_prefix("PHP ").unwrap_or(line);
    let (kind, words) = line.split_once(": ").filter(|(kind, _)| matches!(*kind, "Fatal error" | "Parse error"))?;
    let (message, file) = words.trim_start().rsplit_once(" in ")?;
    let (file, number) = file.split_once(" on line ")?;
    let mut problem = Problem::new(Source::Backend, kind, message);
    problem.location = place(&format!("{file}:{number}"));
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
