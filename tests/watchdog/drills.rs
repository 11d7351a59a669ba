//! Fire drills: each rule is shown to fire at its threshold and not a round before, wherever the threshold is set. A rule that no
//! history could set off would be a promise that nobody keeps.

use crate::judge;
use dogwatch::watchdog::{Event, How, Level, Round, Rule, Stage, Thresholds, Verdict};

fn round(n: u64, failing: &[&str]) -> Round {
    Round {
        n,
        verified: Some(true),
        stage: Some(Stage::Unit),
        failing: Some(failing.iter().map(|name| (*name).to_owned()).collect()),
        tree: Some(format!("tree {n}")),
        ..Round::default()
    }
}

fn event(round: Round) -> Event {
    Event::Iteration(Box::new(round))
}

/// So many rounds, each made from its number.
fn history(count: u64, make: impl Fn(u64) -> Round) -> Vec<Event> {
    (1..=count).map(|n| event(make(n))).collect()
}

/// The first round of this level, and its rule.
fn first(verdicts: &[Verdict], level: Level) -> Option<(u64, Rule)> {
    verdicts.iter().find(|verdict| verdict.level == level).map(|verdict| (verdict.n, verdict.rule.unwrap()))
}

/// Thresholds under which no other rule is in the way.
fn patient() -> Thresholds {
    Thresholds { plateau_warn: 59, plateau_pause: 60, worse_offer: 60, ..Thresholds::default() }
}

#[test]
fn r1_the_same_failures() {
    for pause in 3..12 {
        let limits = Thresholds { same_warn: 2, same_pause: pause, ..patient() };
        let verdicts = judge(limits, &history(20, |n| round(n, &["a", "b"])));
        assert_eq!(first(&verdicts, Level::Warn), Some((2, Rule::R1)));
        assert_eq!(first(&verdicts, Level::Stuck), Some((u64::from(pause), Rule::R1)));
    }
    let mut changed = history(5, |n| Round { changed: Some(vec!["foo.rs".into()]), ..round(n, &["a", "b", "c"]) });
    changed.insert(0, event(round(0, &["a", "b", "c", "d"])));
    let verdicts = judge(Thresholds::default(), &changed);
    assert_eq!(
        verdicts[5].evidence,
        "the same 3 tests failed in iterations 1-5: a, b, c; the diffs touched only foo.rs"
    );
}

#[test]
fn r2_one_root_under_others() {
    for pause in 3..10 {
        let limits = Thresholds { root_pause: pause, ..patient() };
        let others: Vec<String> = (0..30).map(|n| format!("x{n}")).collect();
        let verdicts = judge(limits, &history(20, |n| round(n, &["root", &others[usize::try_from(n).unwrap()]])));
        assert_eq!(first(&verdicts, Level::Stuck), Some((u64::from(pause), Rule::R2)));
    }
}

#[test]
fn r3_circles_and_trees_that_come_back() {
    for period in 2..=4_u64 {
        for cycles in 2..=4 {
            let limits = Thresholds { cycles, ..patient() };
            let names = ["a", "b", "c", "d"];
            let verdicts = judge(limits, &history(30, |n| round(n, &[names[usize::try_from(n % period).unwrap()]])));
            assert_eq!(first(&verdicts, Level::Stuck), Some((period * u64::from(cycles), Rule::R3)));
        }
    }
    let back = |trees: &[&str]| {
        let others = ["a", "b", "c", "d", "e", "f", "g"];
        let events = trees.iter().zip(1..).map(|(tree, n)| {
            let failing = if *tree == "T" { "t" } else { others[usize::try_from(n).unwrap() - 1] };
            event(Round { tree: Some((*tree).to_owned()), ..round(n, &[failing]) })
        });
        judge(Thresholds::default(), &events.collect::<Vec<_>>())
    };
    assert_eq!(first(&back(&["T", "u", "T", "v"]), Level::Warn), Some((3, Rule::R3)));
    assert_eq!(first(&back(&["T", "u", "T", "v"]), Level::Stuck), None);
    assert_eq!(first(&back(&["T", "u", "v", "T"]), Level::Stuck), Some((4, Rule::R3)));
    assert_eq!(first(&back(&["T", "u", "T", "v", "T"]), Level::Stuck), Some((5, Rule::R3)));
}

#[test]
fn r4_nothing_changes() {
    for pause in 2..10 {
        let limits = Thresholds { idle_pause: pause, idle_claimed: 1, same_warn: 58, same_pause: 59, ..patient() };
        let still = |n| Round { tree: Some("t".into()), ..round(n, &["a"]) };
        let verdicts = judge(limits, &history(20, still));
        assert_eq!(first(&verdicts, Level::Stuck), Some((u64::from(pause) + 1, Rule::R4)));
        let limits = Thresholds { idle_claimed: 2, ..limits };
        let verdicts = judge(limits, &history(20, |n| Round { ending: How::ClaimsDone, ..still(n) }));
        assert_eq!(first(&verdicts, Level::Stuck), Some((3, Rule::R4)));
    }
    for plans in 0..6 {
        let limits = Thresholds { plans, same_warn: 58, same_pause: 59, ..patient() };
        let planned = |n| Round { tree: Some("t".into()), ledger: Some(format!("plan {n}")), ..round(n, &["a"]) };
        let verdicts = judge(limits, &history(20, planned));
        assert_eq!(first(&verdicts, Level::Stuck), Some((u64::from(plans) + 5, Rule::R4)));
    }
}

#[test]
fn r5_less_is_tested() {
    let counted = |n, failing: &[&str], total, skipped| Round {
        passed: Some(total - skipped - failing.len() as u64),
        total: Some(total),
        skipped: Some(skipped),
        tests_hash: Some("tests".into()),
        criteria_hash: Some("criteria".into()),
        ..round(n, failing)
    };
    let after = |last: Round| {
        let start = [counted(1, &["a", "b", "c"], 9, 0), counted(2, &["a", "b"], 9, 0)];
        let events: Vec<Event> = start.into_iter().chain([last]).map(event).collect();
        judge(Thresholds::default(), &events).pop().unwrap()
    };
    let green = |total, skipped| Round { stage: Some(Stage::Gates), ..counted(3, &[], total, skipped) };
    for last in [
        green(7, 0),
        green(9, 2),
        counted(3, &["a"], 8, 0),
        counted(3, &["a"], 9, 1),
        Round { tests_hash: Some("others".into()), ..green(9, 0) },
        Round { criteria_hash: Some("others".into()), ..green(9, 0) },
    ] {
        let verdict = after(last.clone());
        assert_eq!((verdict.level, verdict.rule), (Level::Escalate, Some(Rule::R5)), "{last:?}: {verdict:?}");
    }
    for last in [green(9, 0), green(12, 0), Round { tests_hash: Some("more".into()), ..green(11, 0) }] {
        assert_eq!(after(last.clone()).level, Level::Done, "{last:?}");
    }
    assert_eq!(after(counted(3, &["a", "b"], 8, 0)).level, Level::Ok);
}

#[test]
fn r6_no_gain() {
    let names: Vec<String> = (0..200).map(|n| format!("x{n}")).collect();
    let other =
        |n: u64| round(n, &[&names[usize::try_from(n).unwrap() * 2], &names[usize::try_from(n).unwrap() * 2 + 1]]);
    for pause in 4..20 {
        let limits = Thresholds { plateau_warn: 3, plateau_pause: pause, ..patient() };
        let verdicts = judge(limits, &history(30, other));
        assert_eq!(first(&verdicts, Level::Warn), Some((3, Rule::R6)));
        assert_eq!(first(&verdicts, Level::Stuck), Some((u64::from(pause), Rule::R6)));
        // After a gain as many rounds again.
        let mut events = vec![event(round(1, &["p", "q", "r"]))];
        events.extend((2..30).map(|n| event(other(n))));
        assert_eq!(first(&judge(limits, &events), Level::Stuck), Some((u64::from(pause) + 2, Rule::R6)));
    }
}

#[test]
fn r7_worse_than_the_best() {
    let names: Vec<String> = (0..200).map(|n| format!("x{n}")).collect();
    for offer in 1..7 {
        let limits = Thresholds { worse_offer: offer, plateau_warn: 59, plateau_pause: 60, ..Thresholds::default() };
        let verdicts = judge(
            limits,
            &history(10, |n| match n {
                1 => round(n, &["a"]),
                _ => round(n, &[&names[usize::try_from(n).unwrap()], &names[usize::try_from(n).unwrap() + 50]]),
            }),
        );
        assert_eq!(first(&verdicts, Level::Warn), Some((u64::from(offer) + 1, Rule::R7)));
        assert!(verdicts.iter().any(|verdict| verdict.evidence.contains("roll back to iteration 1")));
        assert_eq!(first(&verdicts, Level::Stuck), None);
    }
}

#[test]
fn r8_what_a_redirect_was_about_is_back() {
    for grace in 0..4 {
        for returns in 1..4 {
            let limits = Thresholds { grace, returns, same_warn: 2, same_pause: 8, ..Thresholds::default() };
            let mut events = history(4, |n| round(n, &["a"]));
            events.push(Event::Redirect);
            events.extend((5..20).map(|n| event(round(n, &["a"]))));
            let wanted = 4 + u64::from(grace + returns);
            assert_eq!(first(&judge(limits, &events), Level::Stuck), Some((wanted, Rule::R8)));
        }
    }
}

#[test]
fn turns_that_fail_in_an_instant() {
    let at_once = |n| Round {
        n,
        ending: How::Auth,
        verified: Some(false),
        tokens: Some(0),
        seconds: Some(1.0),
        ..Round::default()
    };
    for instant in 2..6 {
        let limits = Thresholds { instant, ..Thresholds::default() };
        let verdicts = judge(limits, &history(8, at_once));
        assert_eq!(first(&verdicts, Level::Escalate), Some((u64::from(instant), Rule::Instant)));
        let slow = judge(limits, &history(8, |n| Round { seconds: Some(60.0), ..at_once(n) }));
        assert!(slow.iter().all(|verdict| verdict.level == Level::Neutral));
        let limited = judge(limits, &history(8, |n| Round { ending: How::RateLimited, ..at_once(n) }));
        assert!(limited.iter().all(|verdict| verdict.level == Level::Neutral));
    }
}

#[test]
fn a_run_that_gained_often_has_one_round_more() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let make = |n: u64| round(n, &names[..names.len().saturating_sub(usize::try_from(n).unwrap() - 1).max(1)]);
    let verdicts = judge(Thresholds::default(), &history(20, make));
    assert_eq!(first(&verdicts, Level::Stuck), Some((12, Rule::R1)));
    let never = Thresholds { earned: 1000, ..Thresholds::default() };
    assert_eq!(first(&judge(never, &history(20, make)), Level::Stuck), Some((11, Rule::R1)));
}
