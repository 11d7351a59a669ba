//! What is told of an iteration.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::{AgentReport, Ending, Fingerprint, Millis, RunId, Usage};
use crate::watchdog::Level;
use std::collections::{BTreeMap, BTreeSet};

fn outcome(suite: &str, verdict: SuiteVerdict, cases: &[(&str, TestStatus)]) -> SuiteOutcome {
    SuiteOutcome {
        suite: suite.to_owned(),
        verdict,
        exit_code: Some(1),
        cases: cases.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect::<BTreeMap<_, _>>(),
        oddities: Vec::new(),
        flaky: BTreeSet::new(),
    }
}

fn error(source: Source, message: &str) -> Finding {
    finding(source, "E0308", message)
}

pub(super) fn finding(source: Source, kind: &str, message: &str) -> Finding {
    Finding {
        source,
        kind: kind.to_owned(),
        severity: Severity::Error,
        message: message.to_owned(),
        test: None,
        location: None,
        stack: Vec::new(),
        exact: Fingerprint("e".to_owned()),
        class: Fingerprint("c".to_owned()),
        count: 1,
    }
}

#[test]
fn tests_that_fail_are_told_with_their_suites_and_flaky_ones_are_not() {
    use TestStatus::{Failed, Passed, Skipped};
    let mut unit =
        outcome("unit", SuiteVerdict::Failed, &[("a", Failed), ("b", Passed), ("c", Skipped), ("d", Failed)]);
    unit.flaky.insert("d".to_owned());
    let told = round_of(&[], &[unit, outcome("lint", SuiteVerdict::Failed, &[])], &[], &[]);
    assert_eq!(told.failing.unwrap(), ["unit: a", "lint: the suite itself"]);
    assert_eq!((told.passed, told.total, told.skipped, told.stage), (Some(1), Some(4), Some(1), Some(Stage::Unit)));
    assert_eq!(told.verified, Some(true));
}

#[test]
fn what_does_not_build_and_what_gates_refuse_are_stages_of_their_own() {
    let broken = round_of(&[], &[outcome("unit", SuiteVerdict::Failed, &[])], &[error(Source::Build, "no\nsuch")], &[]);
    assert_eq!((broken.stage, broken.errors.unwrap()[0].text.as_str()), (Some(Stage::Build), "E0308: no"));
    let gate =
        GateResult { gate: "honesty".to_owned(), verdict: GateVerdict::Fail, evidence: vec!["too large".to_owned()] };
    let green = [outcome("unit", SuiteVerdict::Passed, &[("a", TestStatus::Passed)])];
    let refused = round_of(&[], &green, &[], &[gate]);
    assert_eq!((refused.stage, refused.errors.unwrap()[0].text.as_str()), (Some(Stage::Gates), "honesty: too large"));
    let silent = round_of(&[], &[outcome("unit", SuiteVerdict::NoVerdict, &[])], &[], &[]);
    assert_eq!(silent.verified, Some(false));
}

/// A history in which nothing happened yet.
pub(super) fn history() -> History {
    History {
        before: Vec::new(),
        base: Vec::new(),
        now: Vec::new(),
        findings: Vec::new(),
        iterations: Vec::new(),
        guidance: Vec::new(),
        questions: Vec::new(),
    }
}

/// Guidance that an iteration's prompt quoted first.
pub(super) fn guidance(applied_in: u32) -> Guidance {
    Guidance {
        live: None,
        terms: None,
        run: RunId(1),
        number: 1,
        by: crate::domain::Actor::Engine,
        text: "x".to_owned(),
        at: Millis(0),
        state: crate::domain::GuidanceState::Applied,
        applied_in: Some(applied_in),
    }
}

/// An iteration whose turn ended so.
pub(super) fn turn(number: u32, ending: Option<Ending>) -> Iteration {
    let report = ending.map(|ending| AgentReport::new(ending, String::new(), Usage::default()));
    Iteration { report, ..iteration(number, "b", "c") }
}

fn iteration(number: u32, base: &str, commit: &str) -> Iteration {
    Iteration {
        commit: (!commit.is_empty()).then(|| commit.to_owned()),
        ..Iteration::new(RunId(1), number, base.to_owned(), Millis(0))
    }
}

#[test]
fn a_rollback_is_seen_by_where_an_iteration_began() {
    let all = [
        iteration(0, "b", ""),
        iteration(1, "b", "1"),
        iteration(2, "1", "2"),
        iteration(3, "1", "3"),
        iteration(4, "b", "4"),
    ];
    assert_eq!(rolled_back(&all, 1, 2), None);
    assert_eq!(rolled_back(&all, 2, 3), Some(1));
    assert_eq!(rolled_back(&all, 3, 4), Some(0));
}

#[test]
fn what_people_did_is_told_between_the_rounds() {
    let round = |n| Round { n, failing: Some(vec!["a".to_owned()]), ..Round::default() };
    let mut history = history();
    let stuck_at = |history: &History| {
        let (mut watchdog, mut last) = (Watchdog::default(), 0);
        (1..20).find(|n| tell(&mut watchdog, history, &mut last, &round(*n)).level == Level::Stuck)
    };
    assert_eq!(stuck_at(&history), Some(5));
    history.guidance.push(guidance(5));
    assert_eq!(stuck_at(&history), Some(8));
}
