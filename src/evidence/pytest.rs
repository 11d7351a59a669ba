//! What pytest prints. `-v` and `-rA` name every test; without them only the failed ones are named.
//!
//! Tests print what they like, to the point of whole sessions of pytest, and failed tests have it shown again. So a line
//! counts only at its place: verdicts before the first heading, reasons in the short summary, counts at the session's end.

use super::collector::Collector;
use super::limits;
use super::problem::Problem;
use super::pytest_blocks::{self, Claims, Failed};
use super::pytest_lines::{Named, banner, is_id, rerun, skip, summary, verbose};
use super::pytest_sessions::{Session, sessions};
use super::totals::{Totals, reruns};
use crate::domain::{Source, SuiteOutcome, TestStatus};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of an unfinished session that are kept, from its end.
const TAIL: usize = 20;

/// Reads a whole output, which may hold several sessions.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    for session in sessions(&lines) {
        one(to, &session, &lines);
    }
    if !to.has_cases() && to.stated().is_none() {
        to.odd("the output holds no test and no summary of pytest");
    }
}

/// The sum over all sessions.
pub fn stated(text: &str) -> Option<Totals> {
    let lines: Vec<&str> = limits::lines(text).collect();
    sessions(&lines).iter().filter_map(|session| session.stated).reduce(Totals::plus)
}

/// The named tests of one session, in the order of their first mention.
#[derive(Default)]
struct Names<'t> {
    order: Vec<&'t str>,
    status: BTreeMap<&'t str, TestStatus>,
    failed: Vec<Failed<'t>>,
    skips: Vec<(usize, String)>,
    /// Those that were run again since they failed.
    again: BTreeSet<&'t str>,
}

impl<'t> Names<'t> {
    fn name(&mut self, named: Named<'t>) {
        let Named { id, status, error, reason } = named;
        if let Some(known) = self.status.get_mut(id) {
            // A test that passes and breaks while it is torn down has failed.
            if status == TestStatus::Failed || *known != TestStatus::Failed {
                *known = status;
            }
        } else {
            self.order.push(id);
            self.status.insert(id, status);
        }
        if status == TestStatus::Failed {
            self.failed.push(Failed { id, error, reason });
        }
    }
}

fn one(to: &mut Collector, session: &Session, lines: &[&str]) {
    let mut names = Names::default();
    let progress = session.own(lines, session.start..session.body);
    let running = verdicts(&mut names, &progress);
    let began = session.headed || !names.order.is_empty();
    if let Some(short) = session.short {
        for line in lines.get(short + 1..session.end).unwrap_or_default() {
            if let Some(named) = summary(line) {
                names.name(named);
            } else if let Some(id) = line.strip_prefix("RERUN ").map(str::trim).filter(|id| is_id(id)) {
                names.again.insert(id);
            } else if let Some(skip) = skip(line) {
                names.skips.push(skip);
            } else if banner(line, '=').is_some() {
                break;
            }
        }
    }
    let mut failed = std::mem::take(&mut names.failed);
    pytest_blocks::distinct(&mut failed);
    let (ids, mut counts) = cases(to, &names, session.stated);
    let counts_line = session.stated.and_then(|_| lines.get(session.end));
    ran_again(to, &names, &ids, counts_line.and_then(|line| reruns(line)).unwrap_or_default());
    let body = session.own(lines, session.body..session.short.unwrap_or(session.end));
    // With -r some reports may be left out, and then every heading may be one of a failed test.
    let complete = session.stated.is_some_and(|stated| failed.len() >= stated.failed);
    counts.failed += pytest_blocks::read(to, &body, Claims::new(&failed, complete), &ids);
    if let Some(stated) = session.stated {
        compare(to, stated, counts);
    }
    if session.stated.is_none() && began {
        unfinished(to, running, lines.get(session.start..session.end).unwrap_or_default());
    }
}

/// Says which tests failed first and passed when they were run again. `counted` is how many there were by the last line.
fn ran_again(to: &mut Collector, names: &Names<'_>, ids: &BTreeMap<&str, String>, counted: usize) {
    let passed = |id: &&&str| names.status.get(*id) == Some(&TestStatus::Passed);
    for id in names.again.iter().filter(passed).filter_map(|id| ids.get(id)) {
        to.flaky(id);
    }
    // Without -v their number alone is told.
    if counted > 0 && names.again.is_empty() && !names.status.values().any(|status| *status == TestStatus::Failed) {
        to.flaky(SuiteOutcome::WHOLE);
    }
}

/// Reads the verdicts; gives the test that began and has none, if the output ends with it.
fn verdicts<'t>(names: &mut Names<'t>, lines: &[&'t str]) -> Option<&'t str> {
    // Only with -v are tests named line by line, and then pytest says first that it collects them.
    let collected = lines.iter().any(|line| line.starts_with("collected "));
    let by_line = !collected || lines.iter().any(|line| line.starts_with("collecting "));
    if !by_line {
        return None;
    }
    let mut running = None;
    for line in lines {
        if let Some(named) = verbose(line) {
            names.name(named);
            running = None;
        } else if let Some(id) = rerun(line) {
            names.again.insert(id);
            running = Some(id);
        } else if let Some(id) = running
            && let Some(named) = alone(line, id)
        {
            names.name(named);
            running = None;
        } else if let Some(id) = line.split(' ').next().filter(|id| is_id(id) && line.len() > id.len()) {
            running = Some(id);
        }
    }
    running
}

/// The verdict of a test whose own output came between: `PASSED   [ 10%]`.
fn alone<'t>(line: &'t str, id: &'t str) -> Option<Named<'t>> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    if !(rest.is_empty() || rest.starts_with('[') && rest.ends_with("%]")) {
        return None;
    }
    let status = match word {
        "PASSED" | "XPASS" => TestStatus::Passed,
        "FAILED" | "ERROR" => TestStatus::Failed,
        "SKIPPED" | "XFAIL" => TestStatus::Skipped,
        _ => return None,
    };
    Some(Named { id, status, error: word == "ERROR", reason: "" })
}

/// Adds the tests; gives the ids under which they are kept, and their counts.
fn cases<'t>(to: &mut Collector, names: &Names<'t>, stated: Option<Totals>) -> (BTreeMap<&'t str, String>, Totals) {
    let mut counts = Totals::default();
    let mut ids = BTreeMap::new();
    for id in &names.order {
        let status = names.status.get(id).copied().unwrap_or(TestStatus::Failed);
        match status {
            TestStatus::Passed => counts.passed += 1,
            TestStatus::Failed => counts.failed += 1,
            TestStatus::Skipped => counts.skipped += 1,
        }
        ids.insert(*id, to.case(id, status));
    }
    // The summary of skips names places, not tests, so it only counts where the tests are not counts.
    let unnamed = stated.map_or(0, |stated| stated.skipped.saturating_sub(counts.skipped));
    for id in names.skips.iter().flat_map(|(count, id)| std::iter::repeat_n(id, *count)).take(unnamed) {
        to.case(id, TestStatus::Skipped);
    }
    (ids, counts)
}

/// Compares the named tests with the counts.
fn compare(to: &mut Collector, stated: Totals, named: Totals) {
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
}

/// Adds the failed test that stands for a session without a summary: the one that was running, where it is known.
fn unfinished(to: &mut Collector, running: Option<&str>, lines: &[&str]) {
    let words = "pytest's output ends before its summary";
    let id = match running {
        Some(id) => {
            to.disagreement(words);
            to.case(id, TestStatus::Failed)
        }
        None => to.unfinished("pytest", words),
    };
    let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default();
    let told =
        tail.iter().copied().find(|line| line.contains("Fatal Python error") || line.contains("INTERNALERROR> "));
    let head = told.map_or(words, str::trim);
    let message = std::iter::once(head).chain(tail.iter().copied()).collect::<Vec<_>>().join("\n");
    let mut problem = Problem::new(Source::Test, "did_not_finish", message);
    problem.test = Some(id);
    to.problem(problem);
}
