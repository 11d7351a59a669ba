//! The judgement of what a browser saw: each page is a test, and what went wrong on it are findings, joined with what the
//! services said meanwhile.

use super::collector::Collector;
use super::correlate::correlate;
use super::frontend::{Frontend, Logged, Seen};
use super::judge::{Judged, cut_off};
use super::limits;
use super::sighting::{hand_on, path};
use crate::domain::{StepEnd, SuiteOutcome, SuiteVerdict, TestStatus};
use std::collections::BTreeSet;

/// What a service wrote meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOutput {
    /// The service.
    pub service: String,
    /// The end of its output.
    pub bytes: Vec<u8>,
}

/// Judges one look at the pages. `output` is the browser's account.
pub fn judge_pages(suite: &str, end: &StepEnd, output: &[u8], services: &[ServiceOutput]) -> Judged {
    let mut to = Collector::default();
    let mut frontend = Frontend::default();
    frontend.push(output);
    for ServiceOutput { service, bytes } in services {
        for line in limits::lines(&String::from_utf8_lossy(bytes)) {
            frontend.see(&Seen::Log(Logged { service: service.clone(), line: line.to_owned() }));
        }
    }
    let told = frontend.finish();
    for oddity in told.oddities {
        to.odd(oddity);
    }
    let mut pages: Vec<(String, TestStatus)> = Vec::new();
    for seen in limits::lines(&String::from_utf8_lossy(output)).filter_map(|line| serde_json::from_str(line).ok()) {
        match seen {
            Seen::Page(page) => pages.push((page.url, status(page.error.is_some()))),
            other if is_error(&other) => {
                let failed = page_of(&other).and_then(|page| pages.iter_mut().rev().find(|known| known.0 == page));
                if let Some((_, status)) = failed {
                    *status = TestStatus::Failed;
                }
            }
            _ => {}
        }
    }
    for (url, status) in pages {
        to.case(&format!("page {}", path(&url)), status);
    }
    hand_on(&mut to, correlate(told.backend, told.frontend), told.dropped);
    cut_off(&mut to, end);
    let code = if let StepEnd::Exited { code } = end { Some(*code) } else { None };
    let verdict = match code {
        None => SuiteVerdict::NoVerdict,
        Some(0) if to.count(TestStatus::Failed) == 0 && to.has_cases() => SuiteVerdict::Passed,
        Some(_) => SuiteVerdict::Failed,
    };
    let (report, _) = to.finish();
    let cases = report.cases.into_iter().map(|case| (case.id, case.status)).collect();
    let outcome = SuiteOutcome {
        suite: suite.to_owned(),
        verdict,
        exit_code: code,
        cases,
        oddities: report.oddities,
        flaky: BTreeSet::new(),
    };
    Judged { outcome, findings: report.findings }
}

fn status(failed: bool) -> TestStatus {
    if failed { TestStatus::Failed } else { TestStatus::Passed }
}

/// Whether a page on which that was seen is not as it should be. Of requests only failed ones are told.
fn is_error(seen: &Seen) -> bool {
    match seen {
        Seen::Exception(_) | Seen::Request(_) => true,
        Seen::Console(said) => said.level != "warning",
        Seen::Page(_) | Seen::Screenshot(_) | Seen::Log(_) => false,
    }
}

fn page_of(seen: &Seen) -> Option<&str> {
    match seen {
        Seen::Exception(thrown) => Some(&thrown.page),
        Seen::Request(asked) => Some(&asked.page),
        Seen::Console(said) => Some(&said.page),
        Seen::Page(_) | Seen::Screenshot(_) | Seen::Log(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = concat!(
        "{\"kind\":\"page\",\"at\":1,\"url\":\"http://app:8000/\"}\n",
        "{\"kind\":\"console\",\"at\":2,\"page\":\"http://app:8000/\",\"level\":\"warning\",\"text\":\"old\"}\n",
        "{\"kind\":\"page\",\"at\":3,\"url\":\"http://app:8000/login\"}\n",
        "{\"kind\":\"exception\",\"at\":4,\"page\":\"http://app:8000/login\",\"text\":\"TypeError: x is undefined\"}\n",
    );

    #[test]
    fn each_page_is_a_test() {
        let judged = judge_pages("browser", &StepEnd::Exited { code: 0 }, ACCOUNT.as_bytes(), &[]);
        assert_eq!(judged.outcome.verdict, SuiteVerdict::Failed);
        let cases: Vec<_> = judged.outcome.cases.iter().map(|(id, status)| (id.as_str(), *status)).collect();
        assert_eq!(cases, [("page /", TestStatus::Passed), ("page /login", TestStatus::Failed)]);
        assert!(judged.findings.iter().any(|finding| finding.kind == "TypeError"), "{judged:?}");
    }

    #[test]
    fn what_was_never_looked_at_did_not_pass() {
        let judged = judge_pages("browser", &StepEnd::Exited { code: 0 }, b"", &[]);
        assert_eq!(judged.outcome.verdict, SuiteVerdict::Failed);
        assert_eq!(judged.outcome.oddities, ["the browser's account is empty"]);
        let judged = judge_pages("browser", &StepEnd::TimedOut { seconds: 3 }, ACCOUNT.as_bytes(), &[]);
        assert_eq!(judged.outcome.verdict, SuiteVerdict::NoVerdict);
        let first: Vec<&str> = ACCOUNT.lines().take(2).collect();
        let judged = judge_pages("browser", &StepEnd::Exited { code: 0 }, first.join("\n").as_bytes(), &[]);
        assert_eq!(judged.outcome.verdict, SuiteVerdict::Passed, "{judged:?}");
    }
}
