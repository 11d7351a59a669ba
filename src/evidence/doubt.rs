//! Whether what a suite says is in doubt: an outcome changed, and nothing shows that the changes are why. Then it is worth a
//! second run on the same tree.
//!
//! Any line may change what any test does, so the diff cannot show that a new failure has nothing to do with it. The rule is
//! therefore about what can be known, and errs on the side of looking twice:
//! - A test that passed on the tree before and fails now. For the most part the work broke it, and then it fails again; where
//!   it passes, a turn would have been spent on chasing luck.
//! - A test that failed on the tree before and passes now although nothing but documents was changed, or nothing at all.
//! - At the base, where nothing is there to compare with, a test that fails: what is red at the start must not turn green by
//!   luck and count as work.
//!
//! What is in quarantine already is not doubted again, nor is a build that breaks: compilers do not go by luck.

use super::judge::Judged;
use crate::domain::{Source, SuiteOutcome, SuiteVerdict, TestStatus};
use std::collections::BTreeSet;

/// What a result is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Before<'a> {
    /// Nothing: this is the base.
    Base,
    /// What the same suite said on the tree that the work began from.
    Tested {
        /// That.
        outcome: &'a SuiteOutcome,
        /// Whether nothing that a test could depend on was changed since.
        unrelated: bool,
    },
}

/// Whether a result is in doubt.
pub fn is_doubtful(now: &Judged, before: Before<'_>, known: &BTreeSet<String>) -> bool {
    let mut cases = now.outcome.cases.iter().filter(|(id, _)| !known.contains(*id));
    match before {
        Before::Base => now.outcome.verdict == SuiteVerdict::Failed && cases.any(|(_, now)| *now == TestStatus::Failed),
        Before::Tested { outcome, unrelated } => {
            let changed = |(id, now): (&String, &TestStatus)| match (outcome.cases.get(id), now) {
                (Some(TestStatus::Passed), TestStatus::Failed) => true,
                (Some(TestStatus::Failed), TestStatus::Passed) => unrelated,
                _ => false,
            };
            cases.any(changed) || fails_as_a_whole(now, outcome)
        }
    }
}

/// Whether a suite fails that did not, and names no test that would say why.
fn fails_as_a_whole(now: &Judged, before: &SuiteOutcome) -> bool {
    let (was, is) = (before.verdict, now.outcome.verdict);
    matches!(was, SuiteVerdict::Passed | SuiteVerdict::Uncounted | SuiteVerdict::Flaky)
        && matches!(is, SuiteVerdict::Failed | SuiteVerdict::NoVerdict)
        && now.outcome.count(TestStatus::Failed) == 0
        && !now.findings.iter().any(|finding| finding.source == Source::Build)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::settle::tests::{judged, of};
    use TestStatus::{Failed, Passed, Skipped};

    fn tested(outcome: &SuiteOutcome, unrelated: bool) -> Before<'_> {
        Before::Tested { outcome, unrelated }
    }

    #[test]
    fn a_new_failure_is_doubted_and_an_old_one_is_not() {
        let none = BTreeSet::new();
        let before = judged(&[("a", Passed), ("b", Failed), ("c", Skipped)]).outcome;
        let doubted = |now: &[(&str, TestStatus)]| is_doubtful(&judged(now), tested(&before, false), &none);
        assert!(doubted(&[("a", Failed)]));
        // Failed before, was not run before, and was not there before.
        assert!(!doubted(&[("a", Passed), ("b", Failed)]));
        assert!(!doubted(&[("c", Failed)]));
        assert!(!doubted(&[("d", Failed)]));
        // What is in quarantine needs no second look.
        assert!(!is_doubtful(&judged(&[("a", Failed)]), tested(&before, false), &of(&["a"])));
    }

    #[test]
    fn a_new_success_is_doubted_where_nothing_can_have_made_it() {
        let before = judged(&[("a", Failed)]).outcome;
        let now = judged(&[("a", Passed)]);
        assert!(!is_doubtful(&now, tested(&before, false), &BTreeSet::new()));
        assert!(is_doubtful(&now, tested(&before, true), &BTreeSet::new()));
        assert!(!is_doubtful(&now, tested(&before, true), &of(&["a"])));
    }

    #[test]
    fn failing_tests_of_the_base_are_looked_at_twice() {
        let none = BTreeSet::new();
        assert!(is_doubtful(&judged(&[("a", Failed)]), Before::Base, &none));
        assert!(!is_doubtful(&judged(&[("a", Failed)]), Before::Base, &of(&["a"])));
        assert!(!is_doubtful(&judged(&[("a", Passed)]), Before::Base, &none));
        // A build that breaks names no test.
        let mut broken = judged(&[]);
        broken.outcome.verdict = SuiteVerdict::Failed;
        assert!(!is_doubtful(&broken, Before::Base, &none));
    }

    #[test]
    fn a_suite_that_fails_without_naming_a_test_is_doubted_unless_it_was_the_compiler() {
        let none = BTreeSet::new();
        let before = judged(&[("a", Passed)]).outcome;
        let mut now = judged(&[]);
        for verdict in [SuiteVerdict::Failed, SuiteVerdict::NoVerdict] {
            now.outcome.verdict = verdict;
            assert!(is_doubtful(&now, tested(&before, false), &none), "{verdict:?}");
        }
        let failed_before = judged(&[("a", Failed)]).outcome;
        assert!(!is_doubtful(&now, tested(&failed_before, false), &none));
        now.findings.push(crate::evidence::settle::tests::finding(Source::Build, None));
        assert!(!is_doubtful(&now, tested(&before, false), &none));
    }
}
