//! What an iteration teaches: which of the bugs that it began with are gone, by the engine's own tests. A claim teaches nothing,
//! and neither does an iteration whose tests may have been bent.

use crate::domain::{
    AttemptOutcome, Finding, GateResult, GateVerdict, OfferOutcome, SuiteOutcome, SuiteVerdict, TestStatus,
};
use std::collections::HashSet;

/// Most bugs that an iteration is remembered for.
pub const MOST: usize = 100;

/// The gate whose objections mean that passing may mean nothing.
const HONESTY: &str = "honesty";

/// What became of the bugs that an iteration began with, in their order, and whether each is gone. `before` and `had` are the
/// findings and suites of the iteration that it went on from, `now` and `has` its own.
pub fn outcomes<'a>(
    before: &'a [Finding],
    had: &[SuiteOutcome],
    now: &[Finding],
    has: &[SuiteOutcome],
    gates: &[GateResult],
) -> Vec<(&'a Finding, AttemptOutcome)> {
    let still: HashSet<_> = now.iter().map(|finding| &finding.exact).collect();
    let judged = has.iter().all(|suite| matches!(suite.verdict, SuiteVerdict::Passed | SuiteVerdict::Failed));
    let honest = gates.iter().filter(|gate| gate.gate == HONESTY).all(|gate| gate.verdict == GateVerdict::Pass);
    // Fewer tests than before may be those that showed the bug.
    let all_there = tests(has) >= tests(had).max(1);
    let outcome = |finding: &Finding| {
        if still.contains(&finding.exact) {
            return AttemptOutcome::Failed;
        }
        match finding.test.as_deref().map(|test| status(has, test)) {
            Some(Some(TestStatus::Failed)) => AttemptOutcome::Failed,
            Some(Some(TestStatus::Passed)) if honest => AttemptOutcome::Solved,
            None if honest && judged && all_there && !has.is_empty() => AttemptOutcome::Solved,
            _ => AttemptOutcome::Unknown,
        }
    };
    before.iter().take(MOST).map(|finding| (finding, outcome(finding))).collect()
}

fn tests(suites: &[SuiteOutcome]) -> usize {
    suites.iter().map(|suite| suite.cases.len()).sum()
}

/// How a test ended; nothing where no suite names it, where it goes by luck, or where suites disagree.
fn status(suites: &[SuiteOutcome], test: &str) -> Option<TestStatus> {
    let lucky = |suite: &&SuiteOutcome| suite.flaky.contains(test) || suite.flaky.contains(SuiteOutcome::WHOLE);
    let mut ended = suites.iter().filter(|suite| !lucky(suite)).filter_map(|suite| suite.cases.get(test).copied());
    let first = ended.next()?;
    ended.all(|other| other == first).then_some(first)
}

/// What came of a repair that was quoted for a bug: `followed` says whether the agent did something like it.
/// Of one that was not quoted, only a repair that was found tells whether it would have helped.
pub fn offered(outcome: AttemptOutcome, followed: bool, quoted: bool) -> OfferOutcome {
    match (outcome, followed, quoted) {
        (AttemptOutcome::Solved, true, _) => OfferOutcome::Helped,
        (AttemptOutcome::Solved, false, false) | (AttemptOutcome::Failed, true, true) => OfferOutcome::Failed,
        _ => OfferOutcome::Ignored,
    }
}

#[cfg(test)]
mod tests {
    use super::super::excerpt::tests::finding;
    use super::*;

    fn suite(verdict: SuiteVerdict, cases: &[(&str, TestStatus)]) -> SuiteOutcome {
        SuiteOutcome {
            suite: "unit".to_owned(),
            verdict,
            exit_code: Some(0),
            cases: cases.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect(),
            oddities: Vec::new(),
            flaky: std::collections::BTreeSet::new(),
        }
    }

    fn gate(verdict: GateVerdict) -> Vec<GateResult> {
        vec![GateResult { gate: HONESTY.to_owned(), verdict, evidence: Vec::new() }]
    }

    fn one(test: Option<&str>, now: &[Finding], has: &SuiteOutcome, verdict: GateVerdict) -> AttemptOutcome {
        let before = [finding("E", "m", None, test)];
        let had = suite(SuiteVerdict::Failed, &[("a", TestStatus::Failed), ("b", TestStatus::Passed)]);
        outcomes(&before, &[had], now, std::slice::from_ref(has), &gate(verdict))[0].1
    }

    #[test]
    fn only_a_test_that_passes_solves_a_bug() {
        use AttemptOutcome::{Failed, Solved, Unknown};
        use TestStatus::{Failed as Red, Passed as Green, Skipped};
        let of = |a, verdict| suite(verdict, &[("a", a), ("b", Green)]);
        let green = of(Green, SuiteVerdict::Passed);
        assert_eq!(one(Some("a"), &[], &green, GateVerdict::Pass), Solved);
        assert_eq!(
            one(Some("a"), &[], &of(Red, SuiteVerdict::Failed), GateVerdict::Pass),
            Failed,
            "it says something else"
        );
        assert_eq!(one(Some("a"), &[], &of(Skipped, SuiteVerdict::Passed), GateVerdict::Pass), Unknown);
        assert_eq!(one(Some("gone"), &[], &green, GateVerdict::Pass), Unknown, "a test that is gone proves nothing");
        assert_eq!(one(Some("a"), &[], &green, GateVerdict::NeedsPerson), Unknown);
        let mut lucky = green.clone();
        lucky.flaky.insert("a".to_owned());
        assert_eq!(one(Some("a"), &[], &lucky, GateVerdict::Pass), Unknown);
        let same = [finding("E", "m", None, Some("a"))];
        assert_eq!(one(Some("a"), &same, &green, GateVerdict::Pass), Failed);
    }

    #[test]
    fn what_was_not_quoted_is_judged_by_the_repair_that_was_found() {
        use AttemptOutcome::{Failed, Solved, Unknown};
        use OfferOutcome::{Failed as Vain, Helped, Ignored};
        let all = |quoted| {
            [(Solved, true), (Solved, false), (Failed, true), (Failed, false), (Unknown, true)]
                .map(|(outcome, followed)| offered(outcome, followed, quoted))
        };
        assert_eq!(all(true), [Helped, Ignored, Vain, Ignored, Ignored]);
        assert_eq!(all(false), [Helped, Vain, Ignored, Ignored, Ignored]);
    }

    #[test]
    fn what_is_no_test_is_gone_where_everything_ran() {
        use AttemptOutcome::{Solved, Unknown};
        let both = suite(SuiteVerdict::Failed, &[("a", TestStatus::Failed), ("b", TestStatus::Passed)]);
        assert_eq!(one(None, &[], &both, GateVerdict::Pass), Solved);
        let fewer = suite(SuiteVerdict::Passed, &[("b", TestStatus::Passed)]);
        assert_eq!(one(None, &[], &fewer, GateVerdict::Pass), Unknown);
        assert_eq!(one(None, &[], &suite(SuiteVerdict::NoVerdict, &[]), GateVerdict::Pass), Unknown);
        assert_eq!(one(None, &[], &both, GateVerdict::Fail), Unknown);
    }
}
