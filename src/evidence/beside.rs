//! What services that run beside a suite come to: findings that name them, with the end of what they wrote.

use super::collector::Collector;
use super::judge::{Judged, how_it_ended};
use super::pages::ServiceOutput;
use super::plain::plain;
use super::problem::Problem;
use super::service::ServiceLog;
use super::sighting::hand_on;
use super::{format, limits, tail};
use crate::domain::{Severity, Source, StepEnd, SuiteOutcome, SuiteVerdict};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of a log that are quoted.
const LINES: usize = 30;
/// Bytes of them.
const BYTES: usize = 2_000;

/// Something that is wrong with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTrouble {
    kind: &'static str,
    words: String,
    log: Vec<u8>,
}

impl ServiceTrouble {
    /// It was not ready in time, in the words of whoever waited, which begin with its name. `log` is the end of its output.
    pub fn not_ready(words: &str, log: Vec<u8>) -> Self {
        Self { kind: "service_not_ready", words: format!("service {words}"), log }
    }

    /// It ended by itself.
    pub fn ended(name: &str, end: &StepEnd, log: Vec<u8>) -> Self {
        let how = match end {
            StepEnd::Exited { code } => format!("ended with exit code {code} while it was needed"),
            other => how_it_ended(other).1,
        };
        Self { kind: "service_ended", words: format!("service {name} {how}"), log }
    }

    /// Adds what its log says was thrown, and itself with the log's end.
    fn tell(self, to: &mut Collector) {
        let text = plain(format::end(&self.log));
        let mut told = Collector::default();
        tail::read(&mut told, &text);
        let quoted = end_of(&text);
        let message = if quoted.is_empty() {
            format!("{}; it wrote nothing", self.words)
        } else {
            format!("{}; its log ends with:\n{quoted}", self.words)
        };
        to.odd(self.words);
        to.problem(Problem::new(Source::Backend, self.kind, message));
        // Last lines and the like are quoted already.
        let thrown = told.finish().0.findings.into_iter();
        thrown
            .filter(|finding| matches!(finding.source, Source::Backend | Source::Build))
            .for_each(|one| to.finding(one));
    }
}

/// The judgement of a suite that never began, since its services were not there.
pub fn unready(suite: &str, troubles: Vec<ServiceTrouble>) -> Judged {
    let outcome = SuiteOutcome {
        suite: suite.to_owned(),
        verdict: SuiteVerdict::NoVerdict,
        exit_code: None,
        cases: BTreeMap::new(),
        oddities: Vec::new(),
        flaky: BTreeSet::new(),
    };
    let mut judged = Judged { outcome, findings: Vec::new() };
    with_services(&mut judged, troubles);
    judged
}

/// Adds what was wrong with services while a suite ran. Tests that pass beside an application that died prove nothing.
pub fn with_services(judged: &mut Judged, troubles: Vec<ServiceTrouble>) {
    if troubles.is_empty() {
        return;
    }
    let mut to = Collector::default();
    for trouble in troubles {
        trouble.tell(&mut to);
    }
    let (report, _) = to.finish();
    if matches!(judged.outcome.verdict, SuiteVerdict::Passed | SuiteVerdict::Uncounted) {
        judged.outcome.verdict = SuiteVerdict::Failed;
    }
    judged.outcome.oddities.extend(report.oddities);
    // First what explains the rest.
    judged.findings.splice(0..0, report.findings);
    judged.findings.truncate(limits::FINDINGS);
}

/// Adds what services logged as errors while a suite failed.
pub fn with_logs(judged: &mut Judged, services: &[ServiceOutput]) {
    let mut to = Collector::default();
    for service in services {
        let mut log = ServiceLog::default();
        log.push(&service.bytes);
        let (sighted, dropped) = log.finish();
        let errors = sighted.into_iter().map(|one| one.finding).filter(|finding| finding.severity == Severity::Error);
        hand_on(&mut to, errors, dropped);
    }
    let known: Vec<_> = judged.findings.iter().map(|finding| finding.exact.clone()).collect();
    let news = to.finish().0.findings.into_iter().filter(|finding| !known.contains(&finding.exact));
    judged.findings.extend(news);
    judged.findings.truncate(limits::FINDINGS);
}

/// The last lines of a text.
fn end_of(text: &str) -> String {
    let text = text.trim_end();
    let from = text.rmatch_indices('\n').nth(LINES - 1).map_or(0, |(at, _)| at + 1);
    let from = from.max(text.ceil_char_boundary(text.len().saturating_sub(BYTES)));
    text.get(from..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_not_ready_is_named_with_its_last_words() {
        let log = b"starting\nTraceback (most recent call last):\n  File \"/work/app.py\", line 7, in <module>\n    \
                    main()\nValueError: no port\n";
        let words = "app is not ready within 60 s (8000): Connection refused (os error 111)";
        let judged = unready("e2e", vec![ServiceTrouble::not_ready(words, log.to_vec())]);
        assert_eq!(judged.outcome.verdict, SuiteVerdict::NoVerdict);
        assert_eq!(judged.outcome.oddities, [format!("service {words}")]);
        let kinds: Vec<&str> = judged.findings.iter().map(|finding| finding.kind.as_str()).collect();
        assert_eq!(kinds, ["service_not_ready", "ValueError"]);
        assert!(judged.findings[0].message.ends_with("ValueError: no port"), "{:?}", judged.findings);
        let again = unready("e2e", vec![ServiceTrouble::not_ready(words, b"other".to_vec())]);
        assert_eq!(again.findings[0].exact, judged.findings[0].exact, "the log is no part of what it is");
    }

    #[test]
    fn green_tests_beside_a_dead_service_are_not_green() {
        let mut judged = unready("e2e", Vec::new());
        judged.outcome.verdict = SuiteVerdict::Passed;
        with_services(&mut judged, Vec::new());
        assert_eq!(judged.outcome.verdict, SuiteVerdict::Passed);
        let end = StepEnd::Signalled { signal: 9, oom: Some(true) };
        with_services(&mut judged, vec![ServiceTrouble::ended("db", &end, Vec::new())]);
        assert_eq!(judged.outcome.verdict, SuiteVerdict::Failed);
        let told = "service db ran out of memory and was ended by signal 9; it wrote nothing";
        assert_eq!(judged.findings[0].message, told);
    }

    #[test]
    fn what_a_service_logged_stands_beside_the_tests_that_failed() {
        let mut judged = unready("e2e", Vec::new());
        let bytes = b"INFO starts\nERROR cannot reach the store\nERROR cannot reach the store\n".to_vec();
        let said = [ServiceOutput { service: "app".to_owned(), bytes }];
        with_logs(&mut judged, &said);
        assert_eq!(judged.findings.len(), 1, "{judged:?}");
        assert!(judged.findings[0].message.contains("cannot reach the store") && judged.findings[0].count == 2);
        with_logs(&mut judged, &said);
        assert_eq!(judged.findings.len(), 1);
    }

    #[test]
    fn only_the_end_of_a_long_log_is_quoted() {
        let text = "0123456789\n".repeat(1000);
        assert_eq!(end_of(&text).lines().count(), LINES);
        assert!(end_of(&"x".repeat(100_000)).len() <= BYTES);
        assert_eq!(end_of(""), "");
    }
}
