//! What failed Go tests and packages tell.

use super::collector::Collector;
use super::gotest::Failure;
use super::problem::Problem;
use super::trace::{frames, place};
use super::{limits, tail};
use crate::domain::{Location, Source};
use std::collections::BTreeSet;

/// Adds the compiler's messages and a finding for each failure that is not only the consequence of another.
pub fn add(to: &mut Collector, build: &str, failed: &[Failure], events: usize) {
    // A build that went well may have warnings.
    if (!failed.is_empty() || events == 0) && build.lines().any(|line| line.contains(": ")) {
        tail::read(to, build);
    }
    let compiled = to.has_findings();
    // Every test and package above a failed test: these fail by consequence.
    let mut above: BTreeSet<(&str, &str)> = BTreeSet::new();
    for failure in failed.iter().filter(|failure| !failure.test.is_empty()) {
        let test = failure.test.as_str();
        let package = failure.package.as_str();
        above.insert((package, ""));
        above
            .extend(test.match_indices('/').take(limits::DEPTH).filter_map(|(at, _)| Some((package, test.get(..at)?))));
    }
    for failure in failed {
        if to.is_full() {
            to.drop_one();
            continue;
        }
        let text: Vec<&str> = failure.output.lines().filter(|line| !frame_line(line)).collect();
        let silent = text.iter().all(|line| line.trim().is_empty());
        let panicked = failure.output.contains("panic: ");
        let consequence = above.contains(&(failure.package.as_str(), failure.test.as_str()));
        if consequence && !panicked && (failure.test.is_empty() || silent) {
            continue;
        }
        // A package that was not compiled has its reasons among the compiler's messages.
        if compiled && silent && ["[build failed]", "[setup failed]"].iter().any(|words| failure.output.contains(words))
        {
            continue;
        }
        to.problem(problem(failure, &text));
    }
}

/// Whether the place is in a Go file.
fn is_go(location: &Location) -> bool {
    location.file.strip_suffix(".go").is_some()
}

/// Lines of the test tool itself, which hold times.
fn frame_line(line: &str) -> bool {
    let line = line.trim_start();
    ["=== ", "--- ", "FAIL", "ok  \t", "PASS", "exit status "].iter().any(|start| line.starts_with(start))
}

fn problem(failure: &Failure, lines: &[&str]) -> Problem {
    let mut problem = Problem::new(Source::Test, "failed", lines.join("\n").trim());
    if let Some(at) = lines.iter().position(|line| line.starts_with("panic: ")) {
        "panic".clone_into(&mut problem.kind);
        problem.message = lines.get(at..).unwrap_or_default().join("\n");
        problem.stack = frames(&problem.message);
    } else if let Some((at, location)) = telling(lines) {
        problem.location = Some(location);
        let mut message = lines.get(at).and_then(|line| line.trim().split_once(": ")).map_or("", |(_, text)| text);
        let told;
        let rest = lines.get(at + 1..).unwrap_or_default();
        if message.is_empty() {
            told = testify(rest);
            message = &told;
        }
        let rest = rest.iter().map(|l| l.trim());
        problem.message = std::iter::once(message).chain(rest).collect::<Vec<_>>().join("\n");
    }
    if problem.message.trim().is_empty() {
        let words = if failure.test.is_empty() {
            "the package failed or did not end, and no test in it says why"
        } else {
            "the test failed without a message"
        };
        words.clone_into(&mut problem.message);
    }
    problem.test = Some(if failure.id.is_empty() { failure.package.clone() } else { failure.id.clone() });
    problem
}

/// Words by which an error is told from what a test only logs.
const WORDS: [&str; 9] = ["want", "got", "expect", "error", "fail", "unexpected", "not equal", "mismatch", "!="];

/// The line that tells of the failure, and its place. What a test only logs looks the same as its errors, so lines with the
/// words of an error come first, and else the last one counts, where a fatal error stands.
fn telling(lines: &[&str]) -> Option<(usize, Location)> {
    let mut last = None;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        let (front, message) = line.split_once(": ").unwrap_or((line, ""));
        let Some(location) = place(front.trim_end_matches(':')).filter(is_go) else { continue };
        let lower = limits::head(message, 400).to_ascii_lowercase();
        if message.is_empty() || WORDS.iter().any(|word| lower.contains(word)) {
            return Some((at, location));
        }
        last = Some((at, location));
    }
    last
}

/// What stands behind `Error:` in the block of testify, up to the next label, as one line.
fn testify(lines: &[&str]) -> String {
    let mut told: Vec<&str> = Vec::new();
    for line in lines {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("Error:").filter(|_| told.is_empty()) {
            told.push(text.trim());
        } else if !told.is_empty() {
            if ["Error Trace:", "Test:", "Messages:"].iter().any(|label| line.starts_with(label)) {
                break;
            }
            told.push(line);
        }
    }
    let one = told.join(" ");
    limits::head(one.trim(), limits::MESSAGE_BYTES).to_owned()
}
