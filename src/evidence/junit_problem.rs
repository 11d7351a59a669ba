//! What the failures of a test in a `JUnit` report tell.

use super::limits;
use super::plain::plain;
use super::problem::Problem;
use super::trace::{frames, place};
use crate::domain::{Frame, Location, Source};
use roxmltree::Node;

/// One problem from all failures of a test; the first of them names it.
pub fn problem(test: Node<'_, '_>, causes: &[Node<'_, '_>]) -> Problem {
    let told: Vec<String> = causes.iter().map(|cause| without_name(test, text_of(*cause))).collect();
    let first = told.first().map(String::as_str).unwrap_or_default();
    let message = causes.first().and_then(|cause| cause.attribute("message")).unwrap_or_default();
    let kind = kind(causes.first().copied(), message, first);
    let parts: Vec<String> =
        causes.iter().zip(&told).map(|(cause, told)| words(cause.attribute("message"), told)).collect();
    let mut problem = Problem::new(Source::Test, kind, parts.join("\n").trim());
    problem.stack = frames(first);
    if problem.stack.is_empty() {
        problem.stack = places(first);
    }
    problem.location = pytest_place(first).or_else(|| panic_place(first));
    // A message may begin with what only says where: the place of a panic, or gtest's line of its own.
    if let Some((place, rest)) = begins_with_place(&problem.message) {
        problem.location = problem.location.or(Some(place));
        problem.message = rest;
    }
    if problem.location.is_none() && problem.stack.is_empty() {
        problem.location = attribute_place(test);
    }
    if problem.message.trim().is_empty() {
        "the test failed without a message".clone_into(&mut problem.message);
    }
    problem
}

/// The message and the text of one failure, without saying anything twice.
fn words(message: Option<&str>, told: &str) -> String {
    let (message, told) = (message.unwrap_or_default().trim(), told.trim());
    if told.starts_with(message) {
        return told.to_owned();
    }
    if told.is_empty() { message.to_owned() } else { format!("{message}\n{told}") }
}

/// The text without a first line that only repeats which test it is about.
fn without_name(test: Node<'_, '_>, told: String) -> String {
    let class = test.attribute("class").or_else(|| test.attribute("classname")).unwrap_or_default();
    let name = test.attribute("name").unwrap_or_default();
    let trimmed = told.trim_start();
    if !class.is_empty()
        && let Some(rest) = trimmed.strip_prefix(class).and_then(|rest| rest.strip_prefix("::")?.strip_prefix(name))
        && let Some((_, below)) = rest.split_once('\n')
    {
        return below.to_owned();
    }
    told
}

/// The place in a first line that holds nothing else, and the lines below it, where there are any.
fn begins_with_place(message: &str) -> Option<(Location, String)> {
    let (first, rest) = message.split_once('\n')?;
    let place = panic_place(first).or_else(|| bare_place(first))?;
    (!rest.trim().is_empty()).then(|| (place, rest.to_owned()))
}

/// Lines that are nothing but places, as `PHPUnit` writes its stack.
fn places(text: &str) -> Vec<Frame> {
    let frames = text.lines().filter_map(bare_place).map(|place| Frame { function: None, location: Some(place) });
    frames.take(limits::FRAMES).collect()
}

fn bare_place(line: &str) -> Option<Location> {
    let base = |file: &str| file.rsplit(['/', '\\']).next().is_some_and(|base| base.contains('.'));
    place(line).filter(|place| base(&place.file) && !place.file.contains([' ', '(']))
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
        matches!(kind, "" | "failure" | "error" | "Error" | "testCodeFailure" | "hookFailed")
            || kind.starts_with("test failure")
    };
    let stated = cause.and_then(|c| c.attribute("type")).map(str::trim).unwrap_or_default();
    if !generic(stated) {
        return stated.to_owned();
    }
    if message.contains(" panicked at ") || text.lines().next().is_some_and(|line| line.contains(" panicked at ")) {
        return "panic".to_owned();
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

/// Rust's `thread 'x' panicked at src/lib.rs:3:4:`.
fn panic_place(text: &str) -> Option<Location> {
    text.lines().find_map(|line| place(line.split_once(" panicked at ")?.1.trim_end_matches(':')))
}
