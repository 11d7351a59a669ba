//! `JUnit` XML as many tools write it: any nesting of `testsuites` and `testsuite`, attributes that may be missing.
//!
//! The XML reader knows no external entities and limits internal ones; declarations of entities are refused outright, since
//! no test tool writes them. A report that breaks off is mended by dropping its last, incomplete element.

use super::collector::Collector;
use super::junit_problem::problem;
use super::limits;
use super::totals::Totals;
use super::xml::{mend, outline};
use super::xml_text::{decode, legal};
use crate::domain::TestStatus;
use roxmltree::{Document, Node, ParsingOptions};

/// Reads one report, which may hold several documents one after the other.
pub fn read(to: &mut Collector, input: &[u8]) {
    if input.len() > limits::INPUT_BYTES {
        to.disagreement("the report is too large to be read");
        return;
    }
    let decoded = decode(input);
    let text = legal(decoded.trim_start_matches('\u{feff}'));
    let text = text.trim();
    if text.is_empty() {
        to.disagreement("the report is empty");
        return;
    }
    let mut any = false;
    let mut from = 0;
    let documents = outline(text).documents;
    for end in documents.into_iter().chain([text.len()]) {
        any |= one(to, text.get(from..end).unwrap_or_default().trim());
        from = end;
    }
    if any && !to.has_cases() {
        to.odd("the report names no test");
    }
}

fn one(to: &mut Collector, text: &str) -> bool {
    let head = text.get(..text.find("<test").unwrap_or(text.len())).unwrap_or_default();
    if head.contains("<!DOCTYPE") || head.contains("<!ENTITY") {
        to.disagreement("the report declares a document type or entities and was not read");
        return false;
    }
    let shape = outline(text);
    if shape.depth > limits::DEPTH {
        to.disagreement("the report's elements are nested too deeply and it was not read");
        return false;
    }
    if shape.crowded {
        to.disagreement("the report's elements have too many attributes and it was not read");
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
    to.disagreement(&format!("the report is not readable XML: {}", limits::head(&error, 200)));
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
    // Jest's reporter lists tests that are only planned, in no time, and leaves them out of its counts.
    let planned = if from_jest(suite) { idle(suite) } else { 0 };
    // One test can both fail and break while it is torn down, so more stated failures than failed tests are usual.
    if tests.saturating_add(planned) < all
        || (all == 0) != (tests == 0) && planned == 0
        || (has_counts && (failed > 0) != (seen.failed > 0))
    {
        to.disagreement(&format!(
            "a suite's attributes say {tests} tests and {failed} failed, its elements {all} and {}",
            seen.failed
        ));
    } else if tests > all {
        to.odd(format!("a suite's attributes say {tests} tests, {all} are listed"));
    }
}

fn from_jest(suite: Node<'_, '_>) -> bool {
    suite.ancestors().any(|node| node.has_tag_name("testsuites") && node.attribute("name") == Some("jest tests"))
}

/// Tests that took no time and of which nothing is told.
fn idle(suite: Node<'_, '_>) -> usize {
    let tests = suite.descendants().filter(|node| node.has_tag_name("testcase"));
    tests.filter(|test| test.attribute("time") == Some("0") && !test.children().any(|child| child.is_element())).count()
}

/// The outcome, and the elements that tell of a failure.
fn status<'a, 'i>(case: Node<'a, 'i>) -> (TestStatus, Vec<Node<'a, 'i>>) {
    let mut skip = None;
    let mut bad = Vec::new();
    for child in case.children().filter(Node::is_element) {
        match child.tag_name().name() {
            "skipped" | "ignored" | "disabled" => skip = skip.or(Some(child)),
            "failure" | "error" | "rerunFailure" | "rerunError" if bad.len() < CAUSES => bad.push(child),
            _ => {}
        }
    }
    // A test that is known to fail may carry both.
    let expected = |skip: Node<'_, '_>| matches!(skip.attribute("type"), Some("todo" | "pytest.xfail"));
    match skip {
        Some(skip) if bad.is_empty() || expected(skip) => return (TestStatus::Skipped, Vec::new()),
        _ if !bad.is_empty() => return (TestStatus::Failed, bad),
        _ => {}
    }
    let status =
        match case.attribute("status").or_else(|| case.attribute("result")).map(str::to_ascii_lowercase).as_deref() {
            Some("failed" | "failure" | "error") => TestStatus::Failed,
            Some("skipped" | "disabled" | "notrun" | "suppressed") => TestStatus::Skipped,
            _ => TestStatus::Passed,
        };
    (status, bad)
}

fn case(to: &mut Collector, test: Node<'_, '_>) {
    let (outcome, causes) = status(test);
    let id = to.case(&id(test), outcome);
    if outcome == TestStatus::Passed && test.children().any(|child| ran_again(child.tag_name().name())) {
        to.flaky(&id);
    }
    if outcome != TestStatus::Failed {
        return;
    }
    if to.is_full() {
        to.drop_one();
        return;
    }
    let mut problem = problem(test, &causes);
    problem.test = Some(id);
    to.problem(problem);
}

/// What Maven and nextest write of a test that failed before it passed.
fn ran_again(element: &str) -> bool {
    matches!(element, "flakyFailure" | "flakyError")
}

/// Failures of one test that are looked at.
const CAUSES: usize = 20;

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
