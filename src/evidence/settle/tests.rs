//! Two runs on the same tree, and tests that are in quarantine.

use super::*;
use crate::evidence::problem::Problem;
use TestStatus::{Failed, Passed, Skipped};
use proptest::prelude::*;

pub(in crate::evidence) fn of(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(in crate::evidence) fn finding(source: Source, test: Option<&str>) -> Finding {
    let mut problem = Problem::new(source, "failed", format!("{source:?} {test:?} is wrong"));
    problem.test = test.map(str::to_owned);
    problem.finding()
}

/// A run with these tests, which failed where one of them did.
pub(in crate::evidence) fn judged(cases: &[(&str, TestStatus)]) -> Judged {
    let failing = cases.iter().filter(|(_, status)| *status == Failed);
    let findings: Vec<_> = failing.map(|(id, _)| finding(Source::Test, Some(id))).collect();
    let code = i32::from(!findings.is_empty());
    let outcome = SuiteOutcome {
        suite: "unit".to_owned(),
        verdict: if findings.is_empty() { SuiteVerdict::Passed } else { SuiteVerdict::Failed },
        exit_code: Some(code),
        cases: cases.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect(),
        oddities: Vec::new(),
        flaky: BTreeSet::new(),
    };
    Judged { outcome, findings }
}

fn settled(first: &Judged, second: Option<&Judged>, known: &[&str]) -> Settled {
    settle(first.clone(), second.cloned(), &[], &of(known))
}

#[test]
fn one_run_stays_as_it_is() {
    for cases in [&[("a", Passed)][..], &[("a", Failed), ("b", Passed)]] {
        let run = judged(cases);
        let found = settled(&run, None, &[]);
        assert_eq!((found.outcome, found.findings), (run.outcome, run.findings));
        assert!(found.opposed.is_empty());
    }
}

#[test]
fn a_test_that_fails_and_passes_on_the_same_tree_goes_into_quarantine() {
    let (fails, passes) = (judged(&[("a", Failed), ("b", Passed)]), judged(&[("a", Passed), ("b", Passed)]));
    for (first, second) in [(&fails, &passes), (&passes, &fails)] {
        let found = settled(first, Some(second), &[]);
        assert_eq!(found.opposed, of(&["a"]));
        assert_eq!((found.outcome.verdict, &found.outcome.flaky), (SuiteVerdict::Flaky, &of(&["a"])));
        // It has failed, whatever came second.
        assert_eq!((found.outcome.cases["a"], found.outcome.exit_code), (Failed, Some(1)));
        assert_eq!(found.findings[0].severity, Severity::Warning);
        assert!(found.findings[0].message.starts_with("flaky: "), "{:?}", found.findings);
    }
}

#[test]
fn what_its_runner_ran_again_is_no_success_either() {
    let mut passes = judged(&[("a", Passed), ("b", Passed)]);
    passes.outcome.flaky = of(&["a"]);
    let found = settled(&passes, None, &[]);
    assert_eq!((found.outcome.verdict, &found.outcome.flaky), (SuiteVerdict::Passed, &of(&["a"])));
    assert_eq!(found.opposed, of(&["a"]));
}

#[test]
fn tests_of_one_name_that_come_in_another_order_are_no_luck() {
    let first = judged(&[("index.test.js > adds", Passed), ("index.test.js > adds#2", Failed)]);
    let second = judged(&[("index.test.js > adds", Failed), ("index.test.js > adds#2", Passed)]);
    let found = settled(&first, Some(&second), &[]);
    assert!(found.opposed.is_empty(), "{:?}", found.opposed);
    assert_eq!((found.outcome.verdict, found.outcome.flaky.len()), (SuiteVerdict::Failed, 0));
    // Where a number is part of a name of its own, nothing is shared.
    let (first, second) = (judged(&[("case #1", Failed)]), judged(&[("case #1", Passed)]));
    assert_eq!(settled(&first, Some(&second), &[]).opposed, of(&["case #1"]));
}

#[test]
fn what_fails_twice_is_no_luck() {
    let first = judged(&[("a", Failed), ("b", Failed)]);
    let second = judged(&[("a", Failed), ("b", Passed)]);
    let found = settled(&first, Some(&second), &[]);
    assert_eq!((found.outcome.verdict, &found.opposed), (SuiteVerdict::Failed, &of(&["b"])));
    // What is to be repaired comes first.
    let named: Vec<_> = found.findings.iter().map(|one| (one.test.as_deref().unwrap(), one.severity)).collect();
    assert_eq!(named, [("a", Severity::Error), ("b", Severity::Warning)]);
}

#[test]
fn a_test_in_quarantine_makes_nothing_red_and_nothing_else_is_excused() {
    let verdict = |run: &Judged, known: &[&str]| settled(run, None, known).outcome.verdict;
    let one = judged(&[("a", Failed), ("b", Passed)]);
    assert_eq!(verdict(&one, &["a"]), SuiteVerdict::Flaky);
    assert_eq!(verdict(&one, &["b"]), SuiteVerdict::Failed);
    assert_eq!(verdict(&judged(&[("a", Failed), ("b", Failed)]), &["a"]), SuiteVerdict::Failed);
    // A build that breaks, a service that dies and a run that is cut off fail whatever the tests do.
    for broken in [finding(Source::Build, None), finding(Source::Harness, None)] {
        let mut run = one.clone();
        run.findings.push(broken);
        assert_eq!(verdict(&run, &["a"]), SuiteVerdict::Failed);
    }
    let mut run = one.clone();
    run.outcome.verdict = SuiteVerdict::NoVerdict;
    assert_eq!(verdict(&run, &["a"]), SuiteVerdict::NoVerdict);
    // A failure that no test stands for.
    let mut silent = judged(&[("a", Passed)]);
    (silent.outcome.verdict, silent.outcome.exit_code) = (SuiteVerdict::Failed, Some(1));
    assert_eq!(verdict(&silent, &["a"]), SuiteVerdict::Failed);
    // One that passes is named all the same, one that does not run is not.
    let passing = settled(&judged(&[("a", Passed), ("b", Passed)]), None, &["a", "gone"]).outcome;
    assert_eq!((passing.verdict, passing.flaky), (SuiteVerdict::Passed, of(&["a"])));
}

#[test]
fn the_same_tree_in_an_earlier_iteration_is_a_second_run() {
    let before = judged(&[("a", Failed), ("b", Failed), ("c", Skipped)]).outcome;
    let now = judged(&[("a", Passed), ("b", Failed), ("c", Failed)]);
    let found = settle(now, None, &[&before], &BTreeSet::new());
    assert_eq!((found.opposed, found.outcome.verdict), (of(&["a"]), SuiteVerdict::Failed));
}

#[test]
fn a_suite_that_fails_as_a_whole_only_once_is_named_as_a_whole() {
    let passes = judged(&[("a", Passed)]);
    let mut cut_off = judged(&[]);
    (cut_off.outcome.verdict, cut_off.outcome.exit_code) = (SuiteVerdict::NoVerdict, None);
    cut_off.findings.push(finding(Source::Harness, None));
    let found = settled(&cut_off, Some(&passes), &[]);
    assert_eq!((found.outcome.verdict, &found.outcome.flaky), (SuiteVerdict::Flaky, &of(&[SuiteOutcome::WHOLE])));
    assert_eq!(found.findings[0].severity, Severity::Warning);
    // That is said of one tree only: the next time it is a failure like any other.
    assert_eq!(settled(&cut_off, None, &[SuiteOutcome::WHOLE]).outcome.verdict, SuiteVerdict::NoVerdict);
    assert!(settled(&passes, None, &[SuiteOutcome::WHOLE]).outcome.flaky.is_empty());
    assert_eq!(settled(&cut_off, Some(&cut_off), &[]).outcome.verdict, SuiteVerdict::NoVerdict);
}

#[test]
fn so_many_that_disagree_are_the_suite_as_a_whole() {
    let names: Vec<String> = (0..=MOST).map(|n| format!("{n:04}")).collect();
    let all = |status| judged(&names.iter().map(|name| (name.as_str(), status)).collect::<Vec<_>>());
    let found = settled(&all(Failed), Some(&all(Passed)), &[]);
    assert_eq!((found.outcome.verdict, found.opposed.len()), (SuiteVerdict::Flaky, MOST + 1));
    assert!(found.outcome.flaky.contains(SuiteOutcome::WHOLE));
}

fn any_run() -> impl Strategy<Value = Judged> {
    let status = proptest::sample::select(vec![Passed, Failed, Skipped]);
    let cases = proptest::collection::vec((0..5_usize, status), 0..6);
    let verdict = proptest::option::of(proptest::sample::select(vec![
        SuiteVerdict::Failed,
        SuiteVerdict::NoVerdict,
        SuiteVerdict::Uncounted,
    ]));
    (cases, verdict, any::<bool>()).prop_map(|(cases, verdict, breaks)| {
        let names = ["a", "b", "c", "d", "e"];
        let mut run = judged(&cases.into_iter().map(|(n, status)| (names[n], status)).collect::<Vec<_>>());
        if let Some(verdict) = verdict.filter(|_| run.outcome.verdict == SuiteVerdict::Passed) {
            run.outcome.verdict = verdict;
            run.outcome.exit_code =
                (verdict != SuiteVerdict::NoVerdict).then_some(i32::from(verdict == SuiteVerdict::Failed));
        }
        if breaks && run.outcome.verdict == SuiteVerdict::Failed {
            run.findings.push(finding(Source::Build, None));
        }
        run
    })
}

proptest! {
    /// Whatever ran: what fails in every run without a word of luck stays a failure, nothing that failed once passes, and
    /// where anything disagrees or is in quarantine it is named.
    #[test]
    fn luck_excuses_nothing_but_itself(
        first in any_run(),
        second in proptest::option::of(any_run()),
        known in proptest::collection::btree_set("[a-e]", 0..3),
    ) {
        let found = settle(first.clone(), second.clone(), &[], &known);
        let runs: Vec<&Judged> = std::iter::once(&first).chain(&second).collect();
        let fails_always = runs.iter().all(|run| is_bad(run));
        if found.outcome.verdict == SuiteVerdict::Passed {
            prop_assert!(runs.iter().all(|run| run.outcome.verdict == SuiteVerdict::Passed));
        }
        let stable = |id: &String| runs.iter().all(|run| run.outcome.cases.get(id) == Some(&Failed));
        let real = first.outcome.cases.keys().any(|id| stable(id) && !known.contains(id));
        if fails_always && (real || runs.iter().all(|run| run.findings.iter().any(|one| one.source == Source::Build))) {
            prop_assert!(bad(found.outcome.verdict), "{:?}", found);
        }
        for run in &runs {
            for id in failed(&run.outcome) {
                prop_assert_eq!(found.outcome.cases[id], Failed);
            }
        }
        // Whoever is excused is named, so that a person sees why.
        prop_assert!(found.outcome.verdict != SuiteVerdict::Flaky || !found.outcome.flaky.is_empty());
        let named = found.opposed.iter().all(|id| found.outcome.flaky.contains(id));
        prop_assert!(named, "{:?}", found);
        prop_assert!(found.outcome.cases.keys().all(|id| !known.contains(id) || found.outcome.flaky.contains(id)));
    }
}
