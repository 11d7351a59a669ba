//! What pytest prints. `-v` and `-rA` name every test; without them only the failed ones are named.

use super::collector::Collector;
use super::pytest_blocks;
use super::totals::{Totals, pytest as totals};
use crate::domain::TestStatus;
use std::collections::BTreeMap;

/// The named tests of one session, in the order of their first mention.
#[derive(Default)]
struct Session {
    order: Vec<String>,
    status: BTreeMap<String, TestStatus>,
    skips: Vec<(usize, String)>,
    open: bool,
}

impl Session {
    fn name(&mut self, id: &str, status: TestStatus) {
        if let Some(known) = self.status.get_mut(id) {
            // A test that passes and breaks while it is torn down has failed.
            if status == TestStatus::Failed || *known != TestStatus::Failed {
                *known = status;
            }
        } else {
            self.order.push(id.to_owned());
            self.status.insert(id.to_owned(), status);
        }
    }

    fn failed(&self) -> Vec<&str> {
        self.order.iter().filter(|id| self.status.get(*id) == Some(&TestStatus::Failed)).map(String::as_str).collect()
    }

    fn close(&mut self, to: &mut Collector, stated: Option<Totals>) {
        let mut named = Totals::default();
        for id in &self.order {
            let status = self.status.get(id).copied().unwrap_or(TestStatus::Failed);
            match status {
                TestStatus::Passed => named.passed += 1,
                TestStatus::Failed => named.failed += 1,
                TestStatus::Skipped => named.skipped += 1,
            }
            to.case(id, status);
        }
        // The summary of skips names places, not tests, so it only counts where the tests are not named.
        let unnamed = stated.map_or(0, |totals| totals.skipped.saturating_sub(named.skipped));
        let places = std::mem::take(&mut self.skips);
        for id in places.iter().flat_map(|(count, id)| std::iter::repeat_n(id, *count)).take(unnamed) {
            to.case(id, TestStatus::Skipped);
        }
        if let Some(stated) = stated {
            to.state(stated);
            if (stated.failed > 0) != (named.failed > 0) || named.passed > stated.passed {
                to.disagreement(&format!(
                    "pytest's summary says {} passed and {} failed, its lines name {} and {}",
                    stated.passed, stated.failed, named.passed, named.failed
                ));
            }
            if named.passed < stated.passed {
                to.odd(format!(
                    "only counts are visible for {} of {} passed tests: run pytest with -v or -rA, or let it write a JUnit report",
                    stated.passed - named.passed,
                    stated.passed
                ));
            }
        } else if self.open {
            to.odd("pytest's output ends before its summary");
        }
        *self = Self::default();
    }
}

/// Reads a whole output, which may hold several sessions.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let mut session = Session::default();
    let mut from = 0;
    for (at, line) in lines.iter().enumerate() {
        if let Some(stated) = totals(line) {
            pytest_blocks::read(to, lines.get(from..at).unwrap_or_default(), &session.failed());
            session.close(to, Some(stated));
            from = at + 1;
            continue;
        }
        if line.starts_with("===") && line.contains(" test session starts ") {
            session.open = true;
        }
        if let Some((id, status)) = verbose(line).or_else(|| summary(line)) {
            session.open = true;
            session.name(id, status);
        } else if let Some(skip) = skip(line) {
            session.skips.push(skip);
        }
    }
    pytest_blocks::read(to, lines.get(from..).unwrap_or_default(), &session.failed());
    session.close(to, None);
    if !to.has_cases() && to.stated().is_none() {
        to.odd("the output holds no test and no summary of pytest");
    }
}

fn status(word: &str) -> Option<TestStatus> {
    Some(match word {
        "PASSED" | "XPASS" => TestStatus::Passed,
        "FAILED" | "ERROR" => TestStatus::Failed,
        "SKIPPED" | "XFAIL" => TestStatus::Skipped,
        _ => return None,
    })
}

const WORDS: [&str; 6] = ["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS"];

/// `a.py::test_x PASSED  [ 10%]`, and `[gw0] [ 10%] PASSED a.py::test_x` of a parallel run.
fn verbose(line: &str) -> Option<(&str, TestStatus)> {
    if let Some(rest) = line.strip_prefix("[gw") {
        let mut rest = rest.split_once("] ")?.1;
        if rest.starts_with('[') {
            rest = rest.split_once("] ")?.1;
        }
        let (word, id) = rest.split_once(' ')?;
        return Some((id.trim(), status(word)?)).filter(|(id, _)| id.contains("::"));
    }
    if line.starts_with(char::is_whitespace) || !line.contains("::") {
        return None;
    }
    let (at, word) =
        WORDS.iter().filter_map(|word| Some((line.rfind(&format!(" {word}"))?, *word))).max_by_key(|(at, _)| *at)?;
    let id = line.get(..at)?.trim_end();
    let rest = line.get(at + 1 + word.len()..)?.trim_start();
    // Behind the word come nothing, a reason in parentheses, or the progress in brackets.
    let fits = rest.is_empty() || rest.starts_with(['(', '[']);
    let (file, _) = id.split_once("::")?;
    let is_id = !file.is_empty() && !file.contains(' ') && file.contains('.');
    (fits && is_id && !WORDS.contains(&file)).then_some((id, status(word)?))
}

/// `FAILED a.py::test_x - AssertionError: ...` of the short summary.
fn summary(line: &str) -> Option<(&str, TestStatus)> {
    let (word, rest) = line.split_once(' ')?;
    let status = status(word)?;
    let id = node_id(rest);
    let file = id.split("::").next().unwrap_or_default();
    (!file.contains(' ') && (id.contains("::") || file.contains(".py")) && !rest.starts_with('['))
        .then_some((id, status))
}

/// The id before ` - reason`. An id's parameters may hold ` - ` themselves, so it ends behind their bracket.
fn node_id(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(" - ")).map(|at| from + at) {
        let front = text.get(..at).unwrap_or(text);
        if front.matches('[').count() <= front.matches(']').count() {
            return front.trim_end();
        }
        from = at + 3;
    }
    // A reason may hold brackets too; without a whole pair the first mark counts.
    if text.matches('[').count() > text.matches(']').count() {
        return text.split(" - ").next().unwrap_or(text).trim_end();
    }
    text.trim_end()
}

/// `SKIPPED [2] a.py:12: reason`: how many, and a name without the line, which edits move.
fn skip(line: &str) -> Option<(usize, String)> {
    let (count, rest) = line.strip_prefix("SKIPPED [")?.split_once("] ")?;
    let (place, reason) = rest.split_once(": ").unwrap_or((rest, ""));
    let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
    Some((count.parse().ok()?, format!("{file} (skipped: {reason})")))
}
