//! What `cargo test` prints: compiler messages, the output of several test programs, documentation tests.

use super::collector::Collector;
use super::problem::Problem;
use super::totals::libtest;
use super::trace::{frames, place};
use super::{limits, rustc};
use crate::domain::{Source, TestStatus};

/// Where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Cargo and the compiler speak.
    Build,
    /// A test program names its tests.
    Tests,
    /// It shows the output of failed tests.
    Failures,
}

/// Reads a whole output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let mut part = Part::Build;
    let mut program = String::new();
    let mut pending: Option<&str> = None;
    let mut build_from = 0;
    let mut open = false;
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) = program_name(line) {
            program = name;
            if part == Part::Build {
                rustc::errors(to, lines.get(build_from..at).unwrap_or_default());
            }
            part = Part::Build;
            build_from = at + 1;
            continue;
        }
        if let Some(totals) = libtest(line) {
            to.state(totals);
            open = false;
            part = Part::Build;
            build_from = at + 1;
            continue;
        }
        match part {
            Part::Build => {
                if running(line) {
                    rustc::errors(to, lines.get(build_from..at).unwrap_or_default());
                    part = Part::Tests;
                    open = true;
                }
            }
            Part::Tests => {
                if line.trim_end() == "failures:" {
                    part = Part::Failures;
                } else if let Some(name) = pending.and_then(|_| verdict(line)).and(pending) {
                    to.case(&id(&program, name), verdict(line).unwrap_or(TestStatus::Failed));
                    pending = None;
                } else if let Some((name, status)) = test_line(line) {
                    match status {
                        Some(status) => to.case(&id(&program, name), status),
                        None => pending = Some(name),
                    }
                }
            }
            Part::Failures => {
                if let Some(name) = block_name(line)
                    && !to.is_full()
                {
                    let rest = lines.get(at + 1..).unwrap_or_default();
                    to.problem(failure(&id(&program, name), rest));
                }
            }
        }
    }
    if part == Part::Build {
        rustc::errors(to, lines.get(build_from..).unwrap_or_default());
    }
    if open {
        to.odd("a test program's output ends before its result line");
    }
    if let Some(totals) = to.stated() {
        if to.has_cases() {
            to.compare("the result lines", totals);
        } else if totals.passed + totals.failed > 0 {
            to.odd("only counts are visible, no test is named: run cargo test without --quiet");
        }
    }
}

fn running(line: &str) -> bool {
    line.strip_prefix("running ").is_some_and(|rest| {
        rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test")).is_some_and(|n| n.parse::<usize>().is_ok())
    })
}

/// The name of the test program that comes next, without its changing hash.
fn program_name(line: &str) -> Option<String> {
    let line = line.trim();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (doc)"));
    }
    let (source, path) = line.strip_prefix("Running ")?.rsplit_once(" (")?;
    let stem = path.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
    // The library and the program of one package share a name.
    let source = source.strip_prefix("unittests ").unwrap_or_default();
    Some(if source.is_empty() || source.ends_with("lib.rs") { name.to_owned() } else { format!("{name} ({source})") })
}

fn id(program: &str, name: &str) -> String {
    let name = plain_name(name);
    if program.is_empty() { name } else { format!("{program}::{name}") }
}

/// The name without what libtest adds and without the line number of a documentation test, which edits move.
fn plain_name(name: &str) -> String {
    let name =
        [" - should panic", " - compile fail", " - compile"].iter().fold(name, |n, s| n.strip_suffix(s).unwrap_or(n));
    match name.rsplit_once(" (line ") {
        Some((front, number)) if number.strip_suffix(')').is_some_and(|n| n.parse::<u32>().is_ok()) => front.to_owned(),
        _ => name.to_owned(),
    }
}

/// `test NAME ... ok`; without a status when the test's own output came between.
fn test_line(line: &str) -> Option<(&str, Option<TestStatus>)> {
    let rest = line.strip_prefix("test ")?;
    let (name, status) = rest.split_once(" ... ").or_else(|| rest.strip_suffix(" ...").map(|name| (name, "")))?;
    Some((name, verdict(status)))
}

fn verdict(text: &str) -> Option<TestStatus> {
    let text = text.trim();
    let word = text.split([' ', ',', '<']).next().unwrap_or_default();
    match word {
        "ok" if text == "ok" || text.starts_with("ok <") => Some(TestStatus::Passed),
        "FAILED" => Some(TestStatus::Failed),
        "ignored" => Some(TestStatus::Skipped),
        _ => None,
    }
}

fn block_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("---- ")?;
    let rest = rest.strip_suffix(" ----")?;
    rest.strip_suffix(" stdout").or_else(|| rest.strip_suffix(" stderr")).or(Some(rest))
}

/// One failed test from the lines of its block and what follows.
fn failure(id: &str, lines: &[&str]) -> Problem {
    let mut block: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for line in lines {
        if block_name(line).is_some()
            || line.trim_end() == "failures:"
            || libtest(line).is_some()
            || bytes > limits::BLOCK_BYTES
        {
            break;
        }
        bytes += line.len() + 1;
        block.push(line);
    }
    let mut problem = Problem::new(Source::Test, "failed", block.join("\n"));
    problem.test = Some(id.to_owned());
    problem.stack = frames(&problem.message);
    if let Some((kind, message, from)) =
        block.iter().enumerate().find_map(|(at, line)| telling(line).map(|(k, m)| (k, m, at)))
    {
        kind.clone_into(&mut problem.kind);
        if kind == "panic" {
            problem.location =
                block.get(from).and_then(|line| line.split_once("panicked at ")).and_then(|(_, p)| panic_place(p));
        } else {
            problem.location = block
                .get(from..)
                .and_then(|rest| rest.iter().find_map(|l| l.trim().strip_prefix("--> ")))
                .and_then(place);
        }
        let rest = block.get(from + 1..).unwrap_or_default();
        let rest = rest.iter().take_while(|l| !l.starts_with("stack backtrace:") && !l.starts_with("note: run with"));
        problem.message =
            std::iter::once(message).chain(rest.copied()).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    }
    problem
}

/// The kind and the message's start, where the line tells why the test failed.
fn telling(line: &str) -> Option<(&str, &str)> {
    if let Some((_, rest)) = line.split_once(" panicked at ").filter(|_| line.starts_with("thread ")) {
        // Until Rust 1.72 the message stood before the place, in quotes.
        let message = rest.strip_prefix('\'').and_then(|r| r.rsplit_once("', ")).map_or("", |(message, _)| message);
        return Some(("panic", message));
    }
    if line.starts_with("note: test did not panic as expected") {
        return Some(("no_panic", line));
    }
    if line.starts_with("Error: ") {
        return Some(("Error", line));
    }
    rustc::error_line(line)
}

fn panic_place(text: &str) -> Option<crate::domain::Location> {
    let text = text.rsplit_once("', ").map_or(text, |(_, place)| place);
    place(text.trim_end_matches(':'))
}
