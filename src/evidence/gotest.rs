//! What `go test -json` prints: one JSON object a line, compiler messages between them.

use super::collector::Collector;
use super::{UNFINISHED, gotest_problems, limits};
use crate::domain::TestStatus;
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
    test: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    output: Option<Cow<'a, str>>,
}

/// A test, or a package where `test` is empty, that failed or never ended.
#[derive(Debug)]
pub struct Failure {
    /// The package.
    pub package: String,
    /// The test in it.
    pub test: String,
    /// The id of its case; empty for a package that failed because a test in it did.
    pub id: String,
    /// What it printed.
    pub output: String,
}

/// Package and test, the latter empty for the package itself.
type Key = (String, String);

#[derive(Default)]
struct State {
    output: BTreeMap<Key, String>,
    failed: Vec<Failure>,
    running: BTreeSet<Key>,
    /// Every package that was seen, and how it ended.
    packages: BTreeMap<String, Option<TestStatus>>,
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
            // Scripts around the tests may print JSON of their own.
            Err(_) if line.trim_start().starts_with('{') && line.contains("\"Action\"") => state.unread += 1,
            Err(_) => append(&mut state.build, line),
        }
    }
    if state.unread > 0 {
        to.disagreement(&format!("{} lines are no readable events", state.unread));
    }
    if state.events == 0 {
        to.odd("the output holds no event of go test -json");
    }
    state.unended(to);
    gotest_problems::add(to, &state.build, &state.failed, state.events);
}

/// The id of a test.
pub fn id(package: &str, test: &str) -> String {
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
        let output = event.output.as_deref().unwrap_or_default();
        if event.action == "build-output" {
            append(&mut self.build, output);
            return;
        }
        if event.action == "build-fail" {
            return;
        }
        let package = event.package.as_deref().unwrap_or_default();
        if !self.packages.contains_key(package) {
            self.packages.insert(package.to_owned(), None);
        }
        let key = (package.to_owned(), event.test.as_deref().unwrap_or_default().to_owned());
        let status = match event.action.as_ref() {
            "start" => {
                // The same package may be tested again, with other flags.
                self.packages.insert(key.0, None);
                return;
            }
            "run" => {
                self.output.remove(&key);
                self.running.insert(key);
                return;
            }
            "output" => {
                append(self.output.entry(key).or_default(), output);
                return;
            }
            "pass" => TestStatus::Passed,
            "fail" => TestStatus::Failed,
            "skip" => TestStatus::Skipped,
            _ => return,
        };
        self.running.remove(&key);
        let printed = self.output.remove(&key).unwrap_or_default();
        let (package, test) = key;
        let id = if test.is_empty() {
            self.packages.insert(package.clone(), Some(status));
            String::new()
        } else {
            to.case(&id(&package, &test), status)
        };
        if status == TestStatus::Failed {
            self.failed.push(Failure { package, test, id, output: printed });
        }
    }

    /// Tests and packages that began and never ended, and packages that failed though no test in them did.
    fn unended(&mut self, to: &mut Collector) {
        for key in std::mem::take(&mut self.running) {
            let ended = self.packages.get(&key.0).copied().flatten();
            // Benchmarks have no event for their end.
            if key.1.starts_with("Benchmark") && ended == Some(TestStatus::Passed) {
                continue;
            }
            if ended == Some(TestStatus::Failed) {
                to.odd("a test began and never ended");
            } else {
                to.disagreement("a test began and never ended");
            }
            let output = self.output.remove(&key).unwrap_or_default();
            let (package, test) = key;
            let id = to.case(&id(&package, &test), TestStatus::Failed);
            self.failed.push(Failure { package, test, id, output });
        }
        let with_failures: BTreeSet<String> =
            self.failed.iter().filter(|f| !f.test.is_empty()).map(|f| f.package.clone()).collect();
        for failure in self.failed.iter_mut().filter(|f| f.test.is_empty() && !with_failures.contains(&f.package)) {
            failure.id = to.case(&id(&failure.package, UNFINISHED), TestStatus::Failed);
        }
        for (package, _) in self.packages.iter().filter(|(_, ended)| ended.is_none()) {
            let named = if package.is_empty() { "the test program" } else { package.as_str() };
            to.disagreement(&format!("the output ends before {named} did"));
            if !with_failures.contains(package) {
                let id = to.case(&id(package, UNFINISHED), TestStatus::Failed);
                let output = self.output.remove(&(package.clone(), String::new())).unwrap_or_default();
                self.failed.push(Failure { package: package.clone(), test: String::new(), id, output });
            }
        }
    }
}
