//! What `go test -json` prints: one JSON object a line, compiler messages between them.

use super::collector::Collector;
use super::problem::Problem;
use super::trace::{frames, place};
use super::{limits, tail};
use crate::domain::{Location, Source, TestStatus};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// One event; fields that are not needed are not named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    package: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    import_path: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    test: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    output: Option<Cow<'a, str>>,
}

/// Package and test, the latter empty for the package itself.
type Key = (String, String);

#[derive(Default)]
struct State {
    output: BTreeMap<Key, String>,
    failed: Vec<Key>,
    running: BTreeSet<Key>,
    build: String,
    unread: usize,
    events: usize,
}

/// Reads a whole output.
pub fn read(to: &mut Collector, text: &str) {
    let mut state = State::default();
    for line in text.lines() {
        match serde_json::from_str::<Event<'_>>(line) {
            Ok(event) => state.event(to, &event),
            Err(_) if line.trim_start().starts_with('{') => state.unread += 1,
            Err(_) => append(&mut state.build, line),
        }
    }
    if state.unread > 0 {
        to.odd(format!("{} lines are no readable events", state.unread));
    }
    if state.events == 0 {
        to.odd("the output holds no event of go test -json");
    }
    for (package, test) in &state.running {
        to.case(&id(package, test), TestStatus::Failed);
        to.odd("a test began and never ended");
    }
    state.failures(to);
}

fn id(package: &str, test: &str) -> String {
    format!("{package}.{test}")
}

fn append(to: &mut String, line: &str) {
    if to.len() < limits::BLOCK_BYTES {
        to.push_str(limits::head(line, limits::MESSAGE_BYTES));
        if !line.ends_with('\n') {
            to.push('\n');
        }
    }
}

impl State {
    fn event(&mut self, to: &mut Collector, event: &Event<'_>) {
        self.events += 1;
        let package = event.package.as_ref().or(event.import_path.as_ref()).map_or("", |p| p.as_ref());
        let key = (package.to_owned(), event.test.as_deref().unwrap_or_default().to_owned());
        let status = match event.action.as_ref() {
            "run" => {
                self.running.insert(key);
                return;
            }
            "output" => {
                append(self.output.entry(key).or_default(), event.output.as_deref().unwrap_or_default());
                return;
            }
            "build-output" => {
                append(&mut self.build, event.output.as_deref().unwrap_or_default());
                return;
            }
            "pass" => TestStatus::Passed,
            "fail" => TestStatus::Failed,
            "skip" => TestStatus::Skipped,
            _ => return,
        };
        self.running.remove(&key);
        if !key.1.is_empty() {
            to.case(&id(&key.0, &key.1), status);
        }
        if status == TestStatus::Failed {
            self.failed.push(key);
        } else {
            self.output.remove(&key);
        }
    }

    fn failures(&self, to: &mut Collector) {
        if self.build.lines().any(|line| line.contains(": ")) {
            tail::read(to, &self.build);
        }
        // Every test and package above a failed test: these fail by consequence.
        let mut above: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (package, test) in self.failed.iter().chain(&self.running).filter(|(_, test)| !test.is_empty()) {
            above.insert((package, ""));
            above.extend(
                test.match_indices('/')
                    .take(limits::DEPTH)
                    .filter_map(|(at, _)| Some((package.as_str(), test.get(..at)?))),
            );
        }
        for (package, test) in self.failed.iter().chain(&self.running) {
            if to.is_full() {
                to.drop_one();
                continue;
            }
            let output = self.output.get(&(package.clone(), test.clone())).map(String::as_str).unwrap_or_default();
            let text: Vec<&str> = output.lines().filter(|line| !frame_line(line)).collect();
            let consequence = above.contains(&(package.as_str(), test.as_str()));
            if consequence
                && !output.contains("panic: ")
                && (test.is_empty() || text.iter().all(|l| l.trim().is_empty()))
            {
                continue;
            }
            if test.is_empty() && to.has_findings() && !output.contains("panic: ") {
                continue;
            }
            to.problem(problem(package, test, &text));
        }
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

fn problem(package: &str, test: &str, lines: &[&str]) -> Problem {
    let mut problem = Problem::new(Source::Test, "failed", lines.join("\n").trim());
    if let Some(at) = lines.iter().position(|line| line.starts_with("panic: ")) {
        "panic".clone_into(&mut problem.kind);
        problem.message = lines.get(at..).unwrap_or_default().join("\n");
        problem.stack = frames(&problem.message);
    } else {
        for (at, line) in lines.iter().enumerate() {
            if let Some((front, message)) = line.trim().split_once(": ")
                && let Some(location) = place(front).filter(is_go)
            {
                problem.location = Some(location);
                let rest = lines.get(at + 1..).unwrap_or_default().iter().map(|l| l.trim());
                problem.message = std::iter::once(message).chain(rest).collect::<Vec<_>>().join("\n");
                break;
            }
        }
    }
    if problem.message.trim().is_empty() {
        "the test failed without a message".clone_into(&mut problem.message);
    }
    problem.test = Some(if test.is_empty() { package.to_owned() } else { id(package, test) });
    problem
}
