//! What counts as passed, and what does not.

use crate::domain::{OnDisk, StepEnd, SuiteVerdict};
use crate::evidence::{DISAGREES, Format, Judged, ReportFault, ReportFile, TAMPERED, judge};

const GOOD: &str = "<testsuite tests='2'><testcase name='a'/><testcase name='b'/></testsuite>";
const BAD: &str =
    "<testsuite tests='2'><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>";

fn file(text: &str) -> Option<Result<Vec<ReportFile>, ReportFault>> {
    Some(Ok(vec![ReportFile { path: "r.xml".into(), bytes: text.into(), links: 1 }]))
}

fn run(code: i32, reports: Option<Result<Vec<ReportFile>, ReportFault>>, output: &str) -> Judged {
    judge("unit", &StepEnd::Exited { code }, Format::Junit, reports, output.as_bytes())
}

fn marked(judged: &Judged, mark: &str) -> bool {
    judged.outcome.oddities.iter().any(|o| o.starts_with(mark))
}

#[test]
fn passing_needs_exit_code_report_and_tests() {
    let good = run(0, file(GOOD), "==== 2 passed in 0.1s ====\n");
    assert_eq!(good.outcome.verdict, SuiteVerdict::Passed);
    assert!(good.outcome.oddities.is_empty() && good.findings.is_empty(), "{good:?}");
    assert_eq!(run(1, file(BAD), "").outcome.verdict, SuiteVerdict::Failed);
    let lie = run(0, file(BAD), "");
    assert!(lie.outcome.verdict == SuiteVerdict::Failed && marked(&lie, DISAGREES));
    let broken = run(1, file(GOOD), "error: teardown broke\n");
    assert_eq!(broken.outcome.verdict, SuiteVerdict::Failed);
    assert!(!broken.findings.is_empty() && !broken.outcome.oddities.is_empty());
    let skipped = "<testsuite tests='1'><testcase name='a'><skipped/></testcase></testsuite>";
    for empty in [skipped, "<testsuite tests='0'/>", ""] {
        assert_eq!(run(0, file(empty), "").outcome.verdict, SuiteVerdict::Uncounted, "{empty}");
    }
    let code = judge("unit", &StepEnd::Exited { code: 0 }, Format::ExitCode, None, b"fine\n");
    assert!(code.outcome.verdict == SuiteVerdict::Uncounted && code.findings.is_empty());
}

#[test]
fn a_forged_report_is_caught_by_the_output() {
    let forged = run(0, file(GOOD), "==== 1 failed, 1 passed in 0.1s ====\n");
    assert!(forged.outcome.verdict == SuiteVerdict::Failed && marked(&forged, DISAGREES), "{forged:?}");
    let more = run(0, file(GOOD), "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n");
    assert!(marked(&more, DISAGREES), "{more:?}");
}

#[test]
fn reports_that_cannot_be_read_count_for_nothing() {
    let missing = run(0, Some(Err(ReportFault::Missing("r.xml".into()))), "");
    assert_eq!(missing.outcome.verdict, SuiteVerdict::Uncounted);
    let link = run(0, Some(Err(ReportFault::Symlink("r.xml".into()))), "");
    assert!(link.outcome.verdict == SuiteVerdict::Uncounted && marked(&link, TAMPERED));
    let build = run(
        101,
        Some(Err(ReportFault::Missing("r.xml".into()))),
        "error[E0308]: mismatched types\n --> src/a.rs:1:2\n",
    );
    assert_eq!(build.findings[0].kind, "E0308");
}

#[test]
fn ends_without_an_exit_give_no_verdict() {
    for end in [
        StepEnd::TimedOut { seconds: 3 },
        StepEnd::Silent { seconds: 3 },
        StepEnd::Overfull { what: OnDisk::Tree, mib: 3 },
        StepEnd::Stopped,
        StepEnd::Signalled { signal: 9, oom: Some(true) },
        StepEnd::NotStarted { reason: "no such file".into() },
        StepEnd::Lost { reason: "removed".into(), explained: false },
    ] {
        let judged = judge("unit", &end, Format::Junit, file(GOOD), b"");
        assert_eq!(judged.outcome.verdict, SuiteVerdict::NoVerdict, "{end:?}");
        assert_eq!(judged.outcome.exit_code, None);
        if matches!(end, StepEnd::Overfull { .. }) {
            let found = judged.findings.iter().any(|one| one.kind == "disk_full" && one.message.contains("3MiB"));
            assert!(found, "{:?}", judged.findings);
        }
        if matches!(end, StepEnd::Signalled { .. }) {
            assert!(judged.outcome.oddities[0].contains("out of memory"));
        }
    }
}

#[test]
fn a_test_that_its_runner_ran_again_goes_by_luck_whoever_tells_so() {
    let again = "<testsuite tests='3' failures='1'><testcase name='net'><failure message='reset'/></testcase><testcase name='net'/>\
                 <testcase name='ok'/></testsuite>";
    let found = run(0, file(again), "");
    assert_eq!(found.outcome.verdict, SuiteVerdict::Passed, "{found:?}");
    assert!(found.outcome.flaky.contains("net") && found.outcome.cases.len() == 2, "{found:?}");
    // The exit code has the last word, and so has the last attempt.
    assert_eq!(run(1, file(again), "").outcome.verdict, SuiteVerdict::Failed);
    let last =
        "<testsuite><testcase name='net'/><testcase name='net'><failure message='reset'/></testcase></testsuite>";
    assert_eq!(run(0, file(last), "").outcome.verdict, SuiteVerdict::Failed);
    let pytest = |body: &str, counts: &str| {
        let head = "============================= test session starts ==============================\n";
        let text = format!("{head}{body}\n========================= {counts} in 0.12s ==========================\n");
        judge("unit", &StepEnd::Exited { code: 0 }, Format::Pytest, None, text.as_bytes())
    };
    let named = "collecting ... collected 2 items\n\ntests/test_a.py::test_net RERUN [ 50%]\ntests/test_a.py::test_net PASSED [ 50%]\n\
                 tests/test_a.py::test_ok PASSED [100%]\n";
    let found = pytest(named, "2 passed, 1 rerun");
    assert_eq!(found.outcome.verdict, SuiteVerdict::Passed, "{found:?}");
    assert_eq!(found.outcome.flaky.iter().collect::<Vec<_>>(), ["tests/test_a.py::test_net"]);
    let parallel = "[gw0] [ 50%] RERUN tests/test_a.py::test_net \n[gw0] [ 50%] PASSED tests/test_a.py::test_net \n";
    assert_eq!(pytest(parallel, "1 passed, 1 rerun").outcome.flaky.len(), 1);
    let counts = pytest("collected 2 items\n\ntests/test_a.py R..                    [100%]\n", "2 passed, 1 rerun");
    assert!(counts.outcome.flaky.contains(crate::domain::SuiteOutcome::WHOLE), "{counts:?}");
    assert!(pytest("collected 1 item\n\ntests/test_a.py .     [100%]\n", "1 passed").outcome.flaky.is_empty());
}

#[test]
fn files_of_one_name_are_told_apart_by_their_place() {
    let file = |name: &str| {
        format!(
            "{{\"name\":\"/work/{name}/index.test.js\",\"status\":\"passed\",\"assertionResults\":[{{\"title\":\"adds\",\"status\":\"passed\"}}]}}"
        )
    };
    let text = format!(
        "{{\"numFailedTests\":0,\"numPassedTests\":2,\"numTotalTestSuites\":2,\"testResults\":[{},{}]}}",
        file("cart"),
        file("user")
    );
    let found = judge("unit", &StepEnd::Exited { code: 0 }, Format::JestJson, None, text.as_bytes());
    let ids: Vec<_> = found.outcome.cases.keys().map(String::as_str).collect();
    assert_eq!(ids, ["cart/index.test.js > adds", "user/index.test.js > adds"]);
}
