//! What a suite comes to where more than one run of it on the same tree is known, or where some of its tests are known to go by
//! luck. A test that failed and passed on one and the same tree says nothing of that tree: it is taken into *quarantine*, where
//! its failure makes nothing red by itself and its passing makes nothing green.
//!
//! Nothing is ever better for being in quarantine than [`SuiteVerdict::Flaky`], which calls a person. So whoever makes tests go
//! by luck gains nothing but a question in which they are named.

use super::judge::Judged;
use super::{UNFINISHED, limits};
use crate::domain::{Finding, Severity, Source, SuiteOutcome, SuiteVerdict, TestStatus};
use std::collections::BTreeSet;

/// Tests of one suite that are newly taken into quarantine; where there are more, the suite as a whole is meant.
const MOST: usize = 200;

/// What a suite comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What is stored for the suite. A test that failed in any run of it has failed.
    pub outcome: SuiteOutcome,
    /// The problems of all runs, those of tests in quarantine last and as warnings.
    pub findings: Vec<Finding>,
    /// What failed and passed on this tree, [`SuiteOutcome::WHOLE`] among it.
    pub opposed: BTreeSet<String>,
}

/// Settles what a suite comes to. `second` is its second run on the same tree, `same` are outcomes of earlier iterations that
/// had the very same tree, and `known` its tests that are in quarantine already.
pub fn settle(first: Judged, second: Option<Judged>, same: &[&SuiteOutcome], known: &BTreeSet<String>) -> Settled {
    let mut opposed = BTreeSet::new();
    let runs: Vec<&SuiteOutcome> = std::iter::once(&first).chain(&second).map(|one| &one.outcome).collect();
    for (at, one) in runs.iter().enumerate() {
        for other in runs.iter().skip(at + 1).chain(same) {
            opposed.extend(opposite(one, other));
        }
    }
    // What the runner itself ran again it ran on the same tree.
    opposed.extend(runs.iter().flat_map(|one| one.flaky.iter().cloned()));
    if let Some(second) = &second {
        opposed.extend(unlike(&first.outcome, &second.outcome));
    }
    if opposed.len() > MOST {
        opposed = opposed.into_iter().take(MOST).chain([SuiteOutcome::WHOLE.to_owned()]).collect();
    }
    let known = known.iter().filter(|id| is_test(id));
    let quarantine: BTreeSet<String> = known.chain(&opposed).cloned().collect();
    let verdict = match &second {
        None => verdict(&first, &quarantine),
        Some(second) if is_bad(&first) != is_bad(second) => SuiteVerdict::Flaky,
        Some(second) => worse(verdict(&first, &quarantine), verdict(second, &quarantine)),
    };
    let Judged { mut outcome, mut findings } = first;
    if let Some(second) = second {
        merge(&mut outcome, second.outcome);
        let news = second.findings.into_iter();
        let news: Vec<_> = news.filter(|new| findings.iter().all(|one| one.exact != new.exact)).collect();
        findings.extend(news);
    }
    outcome.verdict = verdict;
    let ran = |id: &&String| *id == SuiteOutcome::WHOLE || outcome.cases.contains_key(*id);
    outcome.flaky = quarantine.iter().filter(ran).cloned().collect();
    Settled { findings: sorted(findings, &outcome.flaky), outcome, opposed }
}

/// Whether a name in quarantine is that of a test. What stands for a whole suite, or for a program that ended too early, is said
/// of the tree on which it was seen only: the next time it is a failure like any other.
pub fn is_test(id: &str) -> bool {
    id != SuiteOutcome::WHOLE && !id.contains(UNFINISHED)
}

/// Tests that passed in one run and failed in the other. One that was skipped or did not run says neither.
fn opposite(one: &SuiteOutcome, other: &SuiteOutcome) -> Vec<String> {
    use TestStatus::{Failed, Passed};
    let pairs = one.cases.iter().filter_map(|(id, status)| Some((id, *status, *other.cases.get(id)?)));
    let pairs = pairs.filter(|(id, ..)| !is_shared(id, one) && !is_shared(id, other));
    pairs.filter(|(_, a, b)| matches!((a, b), (Passed, Failed) | (Failed, Passed))).map(|(id, ..)| id.clone()).collect()
}

/// Whether several tests have this id and differ in how they ended: which is which, their order alone says, and that may be another
/// one in each run.
fn is_shared(id: &str, suite: &SuiteOutcome) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let first = id.rsplit_once('#').filter(|(_, end)| number(end)).map_or(id, |(first, _)| first);
    if !suite.cases.contains_key(first) {
        return false;
    }
    let more = suite.cases.range(format!("{first}#")..).take_while(|(other, _)| other.starts_with(first));
    let more = more.filter(|(other, _)| other.get(first.len() + 1..).is_some_and(number));
    let status = suite.cases.get(first);
    more.into_iter().any(|(_, other)| Some(other) != status)
}

/// What failed in one of two runs of which the other did not fail: tests that are not named there, or more than tests.
fn unlike(first: &SuiteOutcome, second: &SuiteOutcome) -> Vec<String> {
    let (bad, good) = match (bad(first.verdict), bad(second.verdict)) {
        (true, false) => (first, second),
        (false, true) => (second, first),
        _ => return Vec::new(),
    };
    let mut found: Vec<String> = failed(bad).cloned().collect();
    let told = found.iter().any(|id| good.cases.contains_key(id));
    if bad.verdict == SuiteVerdict::NoVerdict || !told {
        found.push(SuiteOutcome::WHOLE.to_owned());
    }
    found
}

fn failed(suite: &SuiteOutcome) -> impl Iterator<Item = &String> {
    suite.cases.iter().filter(|(_, status)| **status == TestStatus::Failed).map(|(id, _)| id)
}

fn bad(verdict: SuiteVerdict) -> bool {
    matches!(verdict, SuiteVerdict::Failed | SuiteVerdict::NoVerdict)
}

fn is_bad(judged: &Judged) -> bool {
    bad(judged.outcome.verdict)
}

/// The verdict of one run where these tests go by luck. A failure that anything else may be the cause of stays one.
fn verdict(judged: &Judged, quarantine: &BTreeSet<String>) -> SuiteVerdict {
    let outcome = &judged.outcome;
    let only_luck = outcome.verdict == SuiteVerdict::Failed
        && outcome.exit_code.is_some_and(|code| code != 0)
        && failed(outcome).next().is_some()
        && failed(outcome).all(|id| quarantine.contains(id))
        && !judged.findings.iter().any(|one| breaks_by_itself(one, quarantine));
    if only_luck { SuiteVerdict::Flaky } else { outcome.verdict }
}

/// Whether a problem is enough to fail a suite, and none of a test in quarantine.
fn breaks_by_itself(finding: &Finding, quarantine: &BTreeSet<String>) -> bool {
    let of_luck = finding.test.as_ref().is_some_and(|id| quarantine.contains(id));
    let weighty = matches!(finding.source, Source::Build | Source::Harness) || finding.kind.starts_with("service_");
    weighty && !of_luck && finding.severity == Severity::Error
}

/// The worse of two verdicts, as far as success is concerned.
fn worse(one: SuiteVerdict, other: SuiteVerdict) -> SuiteVerdict {
    let rank = |verdict| match verdict {
        SuiteVerdict::Passed => 0,
        SuiteVerdict::Uncounted => 1,
        SuiteVerdict::Flaky => 2,
        SuiteVerdict::NoVerdict => 3,
        SuiteVerdict::Failed => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// Adds what a second run said. A test that failed once has failed.
fn merge(outcome: &mut SuiteOutcome, second: SuiteOutcome) {
    if bad(second.verdict) && !bad(outcome.verdict) {
        outcome.exit_code = second.exit_code;
    }
    for (id, status) in second.cases {
        let known = outcome.cases.entry(id).or_insert(status);
        if status == TestStatus::Failed {
            *known = status;
        }
    }
    for odd in second.oddities {
        if !outcome.oddities.contains(&odd) {
            outcome.oddities.push(odd);
        }
    }
}

/// Findings of tests in quarantine are no errors, say what they are, and come last.
fn sorted(findings: Vec<Finding>, flaky: &BTreeSet<String>) -> Vec<Finding> {
    let whole = flaky.contains(SuiteOutcome::WHOLE);
    let of_luck = |one: &Finding| match &one.test {
        Some(test) => flaky.contains(test),
        None => whole && matches!(one.source, Source::Build | Source::Test | Source::Harness),
    };
    let (luck, mut rest): (Vec<_>, Vec<_>) = findings.into_iter().partition(of_luck);
    rest.extend(luck.into_iter().map(|mut one| {
        one.severity = Severity::Warning;
        let message = format!("flaky: {}", one.message);
        limits::head(&message, limits::MESSAGE_BYTES).clone_into(&mut one.message);
        one
    }));
    rest.truncate(limits::FINDINGS);
    rest
}

#[cfg(test)]
pub(in crate::evidence) mod tests;
