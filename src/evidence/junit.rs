//! `JUnit` XML as many tools write it: any nesting of `testsuites` and `testsuite`, attributes that may be missing.
//!
//! The XML reader knows no external entities and limits internal ones; declarations of entities are refused outright, since
//! no test tool writes them. A report that breaks off is mended by dropping its last, incomplete element.

use super::collector::Collector;
use super::limits;
use super::plain::plain;
use super::problem::Problem;
use super::totals::Totals;
use super::trace::{frames, place};
use super::xml::{mend, outline};
use crate::domain::{Location, Source, TestStatus};
use roxmltree::{Document, Node, ParsingOptions};
use std::borrow::Cow;

/// Reads one report, which may hold several documents one after the other.
pub fn read(to: &mut Collector, input: &[u8]) {
    if input.len() > limits::INPUT_BYTES {
        to.disagreement("the report is too large to be read");
        return;
    }
    let lossy = String::from_utf8_lossy(input);
    let text = legal(&lossy);
    let text = text.trim();
    if text.is_empty() {
        to.odd("the report is empty");
        return;
    }
    let mut rest = text;
    let mut any = false;
    while !rest.is_empty() {
        // A second document begins with its own declaration.
        let end = rest.get(1..).and_then(|after| after.find("<?xml ")).map_or(rest.len(), |at| at + 1);
        let (document, after) = rest.split_at(end);
        any |= one(to, document.trim());
        rest = after.trim_start();
    }
    if any && !to.has_cases() {
        to.odd("the report names no test");
    }
}

/// The text without characters that XML forbids, which tools write all the same.
fn legal(text: &str) -> Cow<'_, str> {
    let bad = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(bad) { Cow::Owned(text.replace(bad, "")) } else { Cow::Borrowed(text) }
}

fn one(to: &mut Collector, text: &str) -> bool {
    let head = text.get(..text.find("<test").unwrap_or(text.len())).unwrap_or_default();
    if head.contains("<!DOCTYPE") || head.contains("<!ENTITY") {
        to.disagreement("the report declares a document type or entities and was not read");
        return false;
    }
    if outline(text).depth > limits::DEPTH {
        to.disagreement("the report's elements are nested too deeply and it was not read");
        return false;
    }
    let options = || ParsingOptions { allow_dtd: false, nodes_limit: limits::XML_NODES, ..ParsingOptions::default() };
    let error = match Document::parse_with_options(text, options()) {
        Ok(document) => {
            walk(to, document.root_element());
            return true;
        }
        Err(error) => error.to_string(),
    };
    if let Some(mended) = mend(text)
        && let Ok(document) = Document::parse_with_options(&mended, options())
    {
        to.disagreement("the report breaks off or is damaged; what came before was read");
        walk(to, document.root_element());
        return true;
    }
    to.odd(format!("the report is not readable XML: {}", limits::head(&error, 200)));
    false
}

/// Visits the suites and their tests in the report's order.
fn walk(to: &mut Collector, root: Node<'_, '_>) {
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite" | "testcase") {
        to.odd(format!("the report's outermost element is `{}`", limits::head(root.tag_name().name(), 40)));
    }
    for node in root.descendants().filter(Node::is_element) {
        match node.tag_name().name() {
            "testcase" => case(to, node),
            "testsuite" => stated(to, node),
            _ => {}
        }
    }
}

/// Compares a suite's own counts with the tests in it.
fn stated(to: &mut Collector, suite: Node<'_, '_>) {
    let number = |name| suite.attribute(name).and_then(|n| n.trim().parse::<usize>().ok());
    let Some(tests) = number("tests") else { return };
    let mut seen = Totals::default();
    for node in suite.descendants().filter(|n| n.has_tag_name("testcase")) {
        match status(node).0 {
            TestStatus::Passed => seen.passed += 1,
            TestStatus::Failed => seen.failed += 1,
            TestStatus::Skipped => seen.skipped += 1,
        }
    }
    let failed = number("failures").unwrap_or(0).saturating_add(number("errors").unwrap_or(0));
    let all = seen.passed + seen.failed + seen.skipped;
    let has_counts = number("failures").is_some() || number("errors").is_some();
    // One test can both fail and break while it is torn down, so more stated failures than failed tests are usual.
    if tests < all || (all == 0) != (tests == 0) || (has_counts && (failed > 0) != (seen.failed > 0)) {
        to.disagreement(&format!(
            "a suite's attributes say {tests} tests and {failed} failed, its elements {all} and {}",
            seen.failed
        ));
    } else if tests != all {
        to.odd(format!("a suite's attributes say {tests} tests, {all} are listed"));
    }
}

/// The outcome, and the element that tells of a failure.
fn status<'a, 'i>(case: Node<'a, 'i>) -> (TestStatus, Option<Node<'a, 'i>>) {
    let child = |names: &[&str]| case.children().find(|n| n.is_element() && names.contains(&n.tag_name().name()));
    if let Some(skip) = child(&["skipped", "ignored", "disabled"]) {
        // Tests that are known to fail carry both.
        return (TestStatus::Skipped, Some(skip));
    }
    if let Some(bad) = child(&["failure", "error", "rerunFailure", "rerunError"]) {
        return (TestStatus::Failed, Some(bad));
    }
    match case.attribute("status").or_else(|| case.attribute("result")).map(str::to_ascii_lowercase).as_deref() {
        Some("failed" | "failure" | "error") => (TestStatus::Failed, None),
        Some("skipped" | "disabled" | "notrun" | "suppressed") => (TestStatus::Skipped, None),
        _ => (TestStatus::Passed, None),
    }
}

fn case(to: &mut Collector, test: Node<'_, '_>) {
    let id = id(test);
    let (outcome, cause) = status(test);
    to.case(&id, outcome);
    if outcome != TestStatus::Failed {
        return;
    }
    if to.is_full() {
        to.drop_one();
        return;
    }
    let told = cause.map(text_of).unwrap_or_default();
    let message = cause.and_then(|c| c.attribute("message")).unwrap_or_default();
    let mut problem = Problem::new(Source::Test, kind(cause, message, &told), message);
    if !told.trim().is_empty() && !told.trim().starts_with(message.trim()) || message.is_empty() {
        if !problem.message.is_empty() {
            problem.message.push('\n');
        }
        problem.message.push_str(told.trim());
    }
    if problem.message.trim().is_empty() {
        "the test failed without a message".clone_into(&mut problem.message);
    }
    problem.stack = frames(&told);
    problem.location = pytest_place(&told).or_else(|| attribute_place(test));
    if problem.location.is_none() && problem.stack.is_empty() {
        problem.location = told.lines().find_map(panic_place);
    }
    problem.test = Some(id);
    to.problem(problem);
}

/// `class::name`; the suite stands in for a missing class.
fn id(case: Node<'_, '_>) -> String {
    let name = case.attribute("name").map(str::trim).filter(|n| !n.is_empty()).unwrap_or("(unnamed)");
    let class =
        case.attribute("classname").or_else(|| case.attribute("class")).map(str::trim).filter(|c| !c.is_empty());
    let suite = || {
        case.ancestors().skip(1).find(|n| n.has_tag_name("testsuite")).and_then(|n| n.attribute("name")).map(str::trim)
    };
    match class.or_else(suite).filter(|c| !c.is_empty()) {
        Some(class) => format!("{class}::{name}"),
        None => name.to_owned(),
    }
}

fn text_of(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    for part in node.descendants().filter(Node::is_text).filter_map(|n| n.text()) {
        if text.len() > limits::BLOCK_BYTES {
            break;
        }
        text.push_str(limits::head(part, limits::BLOCK_BYTES));
    }
    plain(text.as_bytes()).into_owned()
}

/// The exception's type: the `type` attribute where it is one, otherwise what the message or the text begin with.
fn kind(cause: Option<Node<'_, '_>>, message: &str, text: &str) -> String {
    let generic = |kind: &str| {
        matches!(kind, "" | "failure" | "error" | "Error" | "testCodeFailure" | "test failure" | "hookFailed")
    };
    let stated = cause.and_then(|c| c.attribute("type")).map(str::trim).unwrap_or_default();
    if !generic(stated) {
        return stated.to_owned();
    }
    let from_text =
        || text.lines().rev().find_map(|line| exception(line.rsplit_once(": ").map_or("", |(_, last)| last)));
    let from_line = |text: &str| {
        text.lines().take(20).find_map(|l| {
            exception(l.trim().trim_start_matches("cause: ").split([':', ' ', '[']).next().unwrap_or_default())
        })
    };
    exception(message.split(':').next().unwrap_or_default())
        .or_else(|| from_line(text))
        .or_else(from_text)
        .unwrap_or_else(|| if stated.is_empty() { "failed".to_owned() } else { stated.to_owned() })
}

/// The word when it looks like the name of an exception.
pub fn exception(word: &str) -> Option<String> {
    let word = word.trim();
    let last = word.rsplit(['.', ':']).next().unwrap_or_default();
    let named = ["Error", "Exception", "Warning", "Failure", "Exit", "Interrupt", "Panic", "Failed", "Fault"];
    let shaped = !word.is_empty()
        && word.len() <= limits::KIND_BYTES
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'))
        && last.starts_with(|c: char| c.is_uppercase())
        && named.iter().any(|end| last.ends_with(end));
    shaped.then(|| word.to_owned())
}

/// pytest ends its text with `file.py:7: AssertionError`.
fn pytest_place(text: &str) -> Option<Location> {
    let last = text.lines().rev().find(|line| !line.trim().is_empty())?;
    let (front, kind) = last.rsplit_once(": ")?;
    if kind.contains(' ') {
        return None;
    }
    place(front).filter(|l| !l.file.contains(' '))
}

fn attribute_place(case: Node<'_, '_>) -> Option<Location> {
    let file = case.attribute("file").filter(|f| !f.trim().is_empty())?;
    let line = case.attribute("line").and_then(|l| l.trim().parse().ok());
    Some(Location { file: limits::head(file, limits::NAME_BYTES).to_owned(), line, column: None })
}

/// Rust's `panicked at src/lib.rs:3:4:`.
fn panic_place(line: &str) -> Option<Location> {
    place(line.split_once(" panicked at ")?.1.trim_end_matches(':'))
}
