//! The gate `tests`: every suite of this iteration passes, or fails by nothing but tests that are known to go by luck.

use super::{Facts, Gate};
use crate::domain::{GateResult, GateVerdict, SuiteOutcome, SuiteVerdict, TestStatus};

/// Failed tests named in the evidence of one suite.
const NAMED: usize = 20;

/// Every suite passes, or succeeds without test counts; whether the latter may count is a matter of the gate `honesty`.
#[derive(Debug, Clone, Copy)]
pub struct TestsPass;

impl Gate for TestsPass {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn judge(&self, facts: &Facts<'_>) -> GateResult {
        let mut verdict = GateVerdict::Pass;
        let mut evidence = Vec::new();
        for suite in facts.now {
            evidence.extend(told(suite));
            verdict = match (suite.verdict, verdict) {
                // A failure is known whatever other suites did; a missing verdict is never read as met.
                (SuiteVerdict::Failed, _) | (_, GateVerdict::Fail) => GateVerdict::Fail,
                (SuiteVerdict::NoVerdict, _) | (_, GateVerdict::Unavailable) => GateVerdict::Unavailable,
                // Luck is neither: the gate `honesty` calls a person to it.
                (SuiteVerdict::Passed | SuiteVerdict::Uncounted | SuiteVerdict::Flaky, verdict) => verdict,
            };
        }
        for base in facts.base {
            if !facts.now.iter().any(|suite| suite.suite == base.suite) {
                evidence.push(format!("suite `{}` ran at the base and did not run now", base.suite));
                if verdict != GateVerdict::Fail {
                    verdict = GateVerdict::Unavailable;
                }
            }
        }
        if facts.now.is_empty() {
            verdict = GateVerdict::Unavailable;
            evidence.push("no suite ran".to_owned());
        }
        GateResult { gate: self.name().to_owned(), verdict, evidence }
    }
}

/// What a suite came to: a sentence, and its failed tests.
pub fn told(suite: &SuiteOutcome) -> Vec<String> {
    std::iter::once(summary(suite)).chain(failed(suite)).collect()
}

fn summary(suite: &SuiteOutcome) -> String {
    let word = match suite.verdict {
        SuiteVerdict::Passed => "passed",
        SuiteVerdict::Failed => "failed",
        SuiteVerdict::Uncounted => "succeeded without test counts",
        SuiteVerdict::NoVerdict => "reached no verdict",
        SuiteVerdict::Flaky => "failed by nothing but flaky tests",
    };
    let exit = suite.exit_code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
    format!(
        "suite `{}` {word}: {} passed, {} failed, {} skipped, {exit}",
        suite.suite,
        suite.count(TestStatus::Passed),
        suite.count(TestStatus::Failed),
        suite.count(TestStatus::Skipped)
    )
}

/// A test that goes by luck is named as such, so that nobody chases it.
fn how(suite: &SuiteOutcome, id: &str) -> &'static str {
    if suite.flaky.contains(id) { "flaky" } else { "failed" }
}

fn failed(suite: &SuiteOutcome) -> Vec<String> {
    let mut failed = suite.cases.iter().filter(|(_, status)| **status == TestStatus::Failed);
    let mut lines: Vec<String> =
        failed.by_ref().take(NAMED).map(|(id, _)| format!("{}: {}: {id}", how(suite, id), suite.suite)).collect();
    let more = failed.count();
    if more > 0 {
        lines.push(format!("and {more} more failed tests in suite `{}`", suite.suite));
    }
    lines
}
