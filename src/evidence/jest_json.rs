//! The JSON that Jest and Vitest write: `jest --json`, `vitest --reporter=json`.

use super::collector::Collector;
use super::junit_problem::exception;
use super::limits;
use super::plain::plain;
use super::problem::{Problem, WORK};
use super::totals::Totals;
use super::trace::frames;
use crate::domain::{Source, TestStatus};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    num_passed_tests: usize,
    num_failed_tests: usize,
    #[serde(default)]
    num_pending_tests: usize,
    #[serde(default)]
    num_todo_tests: usize,
    test_results: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    #[serde(default)]
    message: String,
    status: String,
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(default)]
    ancestor_titles: Vec<String>,
    title: String,
    status: String,
    #[serde(default)]
    failure_messages: Option<Vec<String>>,
}

/// Whether the text is such a report.
pub fn is_report(text: &str) -> bool {
    text.starts_with("{\"num") && limits::head(text, 4096).contains("\"numTotalTestSuites\":")
}

/// Reads one report.
pub fn read(to: &mut Collector, text: &str) {
    // npm writes lines of its own before the report.
    let report = text.lines().find(|line| is_report(line)).unwrap_or_else(|| text.trim());
    let report: Report = match serde_json::from_str(report) {
        Ok(report) => report,
        Err(error) => {
            to.disagreement(&format!("the report is not readable: {}", limits::head(&error.to_string(), 200)));
            return;
        }
    };
    let mut named = Totals::default();
    for file in &report.test_results {
        let name = in_tree(&file.name);
        let mut failed = false;
        for test in &file.assertion_results {
            failed |= assertion(to, name, test, &mut named);
        }
        if file.status == "failed" && !failed {
            // The file itself could not be run.
            let id = to.case(name, TestStatus::Failed);
            to.problem(problem(&id, &file.message, Source::Build));
        }
    }
    let stated = Totals {
        passed: report.num_passed_tests,
        failed: report.num_failed_tests,
        skipped: report.num_pending_tests.saturating_add(report.num_todo_tests),
        todo: report.num_todo_tests,
    };
    if (stated.passed, stated.failed) != (named.passed, named.failed) {
        to.disagreement(&format!(
            "the report says {} passed and {} failed, its tests say {} and {}",
            stated.passed, stated.failed, named.passed, named.failed
        ));
    }
    to.state(stated);
}

/// Adds one test; whether it failed.
fn assertion(to: &mut Collector, file: &str, test: &Assertion, named: &mut Totals) -> bool {
    let mut parts: Vec<&str> = vec![file];
    parts.extend(test.ancestor_titles.iter().map(String::as_str).filter(|title| !title.is_empty()));
    parts.push(&test.title);
    let status = match test.status.as_str() {
        "passed" => TestStatus::Passed,
        "failed" => TestStatus::Failed,
        _ => TestStatus::Skipped,
    };
    let id = to.case(&parts.join(" > "), status);
    match status {
        TestStatus::Passed => named.passed += 1,
        TestStatus::Failed => named.failed += 1,
        TestStatus::Skipped => named.skipped += 1,
    }
    if status == TestStatus::Failed {
        let messages = test.failure_messages.as_deref().unwrap_or_default();
        to.problem(problem(&id, messages.first().map_or("", String::as_str), Source::Test));
    }
    status == TestStatus::Failed
}

/// A file by its place in the tree under test, since names such as `index.test.js` come many times. Outside of it only the base
/// name is the same in every run.
fn in_tree(path: &str) -> &str {
    path.strip_prefix(WORK).unwrap_or_else(|| path.rsplit(['/', '\\']).next().unwrap_or(path))
}

/// One failure from its words with their stack.
pub fn problem(id: &str, text: &str, source: Source) -> Problem {
    let text = plain(limits::head(text, limits::BLOCK_BYTES).as_bytes());
    let lines: Vec<&str> = text.lines().collect();
    // The stack stands at the end, but code with numbers may stand before it.
    let told: Vec<&str> =
        lines.iter().take_while(|line| !is_frame(line)).filter(|line| !is_code(line)).copied().collect();
    let told = told.join("\n");
    let told = told.trim().trim_start_matches("● Test suite failed to run").trim_start();
    let first = told.lines().next().unwrap_or_default();
    let (word, rest) = first.split_once(": ").unwrap_or((first, ""));
    let kind = exception(word.split(" [").next().unwrap_or(word));
    let words = match &kind {
        Some(_) if !rest.is_empty() => told.get(word.len() + 2..).unwrap_or(told),
        _ => told,
    };
    let words = if words.is_empty() { "the test failed without a message" } else { words };
    let asserted = words.starts_with("expect(").then(|| "AssertionError".to_owned());
    let kind = asserted.or(kind).unwrap_or_else(|| "failed".to_owned());
    let words = words.to_owned();
    let mut problem = Problem::new(source, kind, words);
    problem.test = Some(id.to_owned());
    problem.stack = frames(&text);
    problem
}

fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("at ") && line.contains(':') || line.starts_with("❯ ")
}

/// `  > 3 | test(...)`, `    |  ^`, `    2| code`.
fn is_code(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("> ").trim_start_matches(|c: char| c.is_ascii_digit());
    line.trim_start().starts_with('|')
}
