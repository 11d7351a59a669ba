//! The output that libtest shows for each failed test, and what it tells.

use super::cargo_lines::plain_name;
use super::problem::Problem;
use super::trace::{frames, place};
use super::{limits, rustc};
use crate::domain::{Location, Source};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Where the output of each failed test stands.
pub struct Blocks<'t, 'l> {
    lines: &'l [&'t str],
    at: HashMap<&'t str, Range<usize>>,
}

impl<'t, 'l> Blocks<'t, 'l> {
    /// Finds the blocks of these tests. Headings of other tests were printed by tests and belong to their output.
    pub fn find(lines: &'l [&'t str], within: Range<usize>, failed: impl Iterator<Item = &'t str>) -> Self {
        let mut missing: HashSet<&str> = failed.collect();
        let mut at: HashMap<&'t str, Range<usize>> = HashMap::new();
        let mut open: Option<(&'t str, usize)> = None;
        for (index, line) in lines.get(within.clone()).unwrap_or_default().iter().enumerate() {
            let index = within.start + index;
            if let Some(name) = heading(line).map(plain_name)
                && missing.remove(name)
                && let Some((before, from)) = open.replace((name, index + 1))
            {
                at.insert(before, from..index);
            }
        }
        if let Some((name, from)) = open {
            at.insert(name, from..within.end);
        }
        Self { lines, at }
    }

    /// The block of one test.
    pub fn of(&self, name: &str) -> Option<&'l [&'t str]> {
        self.lines.get(self.at.get(name)?.clone())
    }
}

/// `---- NAME stdout ----`.
fn heading(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    Some(rest.strip_suffix(" stdout").or_else(|| rest.strip_suffix(" stderr")).unwrap_or(rest))
}

/// One failed test from the lines of its block.
pub fn failure(id: &str, lines: &[&str]) -> Problem {
    let mut bytes = 0;
    let fits = |line: &&&str| {
        bytes += line.len() + 1;
        bytes <= limits::BLOCK_BYTES
    };
    let block: Vec<&str> = lines.iter().take_while(fits).copied().collect();
    let mut problem = Problem::new(Source::Test, "failed", block.join("\n"));
    problem.test = Some(id.to_owned());
    problem.stack = frames(&problem.message);
    if let Some((at, told)) = block.iter().enumerate().find_map(|(at, _)| Some((at, telling(&block, at)?))) {
        told.kind.clone_into(&mut problem.kind);
        problem.location = told.location;
        let rest = block.get(at + told.lines..).unwrap_or_default();
        let rest = rest.iter().take_while(|l| !l.starts_with("stack backtrace:") && !l.starts_with("note: run with"));
        problem.message =
            told.message.into_iter().chain(rest.copied()).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    }
    if problem.message.trim().is_empty() {
        "the test failed; its output does not say why".clone_into(&mut problem.message);
    }
    problem
}

/// What the lines from one on tell of the failure.
struct Told<'t> {
    kind: &'t str,
    message: Vec<&'t str>,
    location: Option<Location>,
    /// Lines that are used up.
    lines: usize,
}

/// The kind, the message's start and the place, where a line tells why the test failed.
fn telling<'t>(block: &[&'t str], at: usize) -> Option<Told<'t>> {
    let line = *block.get(at)?;
    if let Some((_, rest)) = line.split_once(" panicked at ").filter(|_| line.starts_with("thread ")) {
        return Some(panicked(block, at, rest));
    }
    if let Some(rest) = line.strip_prefix("note: test did not panic as expected") {
        let location = rest.strip_prefix(" at ").and_then(place);
        return Some(Told { kind: "no_panic", message: vec!["test did not panic as expected"], location, lines: 1 });
    }
    if line.starts_with("note: panic did not contain expected string") {
        // The panic itself stands above.
        let location =
            block.get(..at)?.iter().find_map(|line| place(line.split_once(" panicked at ")?.1.trim_end_matches(':')));
        return Some(Told { kind: "wrong_panic", message: vec![line], location, lines: 1 });
    }
    if line.starts_with("Error: ") {
        return Some(Told { kind: "Error", message: vec![line], location: None, lines: 1 });
    }
    let (kind, message) = rustc::error_line(line)?;
    let location = block.get(at..)?.iter().find_map(|line| line.trim().strip_prefix("--> ")).and_then(place);
    Some(Told { kind, message: vec![message], location, lines: 1 })
}

fn panicked<'t>(block: &[&'t str], at: usize, rest: &'t str) -> Told<'t> {
    let wrong =
        block.get(at + 1..).unwrap_or_default().iter().position(|l| l.starts_with("note: panic did not contain"));
    if let Some(offset) = wrong
        && let Some(told) = telling(block, at + 1 + offset)
    {
        return Told { lines: offset + 1 + told.lines, ..told };
    }
    // Until Rust 1.72 the message stood in quotes before the place, over as many lines as it had.
    if let Some(quoted) = rest.strip_prefix('\'') {
        let mut message = Vec::new();
        let below = block.get(at + 1..).unwrap_or_default().iter().copied();
        for (offset, line) in std::iter::once(quoted).chain(below).enumerate() {
            if let Some((last, location)) = line.rsplit_once("', ").and_then(|(last, p)| Some((last, place(p)?))) {
                message.push(last);
                return Told { kind: "panic", message, location: Some(location), lines: offset + 1 };
            }
            message.push(line);
        }
    }
    Told { kind: "panic", message: Vec::new(), location: place(rest.trim_end_matches(':')), lines: 1 }
}
