//! A run that ended before it had told all is never a clean pass.

use crate::domain::{StepEnd, SuiteVerdict, TestStatus};
use crate::evidence::{DISAGREES, Format, Judged, UNFINISHED, judge, parse};

fn exited(format: Format, output: &[u8]) -> Judged {
    judge("unit", &StepEnd::Exited { code: 0 }, format, None, output)
}

/// Asserts that a command which succeeded has failed all the same, and that this test stands for it.
fn cut(format: Format, output: &[u8], test: &str) {
    let judged = exited(format, output);
    let shown = String::from_utf8_lossy(output);
    assert_eq!(judged.outcome.verdict, SuiteVerdict::Failed, "{shown}");
    assert!(judged.outcome.oddities.iter().any(|o| o.starts_with(DISAGREES)), "{shown}");
    assert_eq!(judged.outcome.cases.get(test), Some(&TestStatus::Failed), "{:?}", judged.outcome.cases);
    assert!(judged.findings.iter().any(|f| f.test.as_deref() == Some(test)), "{:?}", judged.findings);
}

#[test]
fn cargo_programs_that_exit_early() {
    let recorded = include_bytes!("../../../tests/evidence/cargo-exit0.txt");
    cut(Format::CargoTest, recorded, "tiny::tests::b_exit");
    let parallel = "     Running unittests src/lib.rs (target/debug/deps/tiny-abf)\n\nrunning 3 tests\n     Running tests/two.rs (target/debug/deps/two-e9b)\n\nrunning 1 test\ntest second ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    cut(Format::CargoTest, parallel.as_bytes(), &format!("tiny::{UNFINISHED}"));
    // Without cargo's own lines.
    let bare = "running 1 test\nrunning 1 test\ntest second ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
    cut(Format::CargoTest, bare.as_bytes(), &format!("cargo::{UNFINISHED}"));
    let forged = "running 3 tests\ntest a ... ok\ntest result: ok. 3 passed; 0 failed; 0 ignored\n";
    cut(Format::CargoTest, forged.as_bytes(), &format!("cargo::{UNFINISHED}"));
}

#[test]
fn cargo_programs_that_abort() {
    let report = parse(Format::CargoTest, include_bytes!("../../../tests/evidence/cargo-abort.txt"));
    let finding = &report.findings[0];
    assert_eq!((finding.kind.as_str(), finding.test.as_deref()), ("SIGABRT", Some("tiny::(did not finish)")));
    let one = "running 2 tests\ntest a ... ok\ntest b ... error: test failed, to rerun pass `--lib`\n\nCaused by:\n  process didn't exit successfully: `/work/target/debug/deps/tiny-abf` (signal: 11, SIGSEGV: invalid memory reference)\n";
    let report = parse(Format::CargoTest, one.as_bytes());
    assert_eq!((report.findings[0].kind.as_str(), report.findings[0].test.as_deref()), ("SIGSEGV", Some("b")));
    let overflow = "running 2 tests\n\nthread 'tests::deep' has overflowed its stack\nfatal runtime error: stack overflow, aborting\nerror: test failed, to rerun pass `--lib`\n";
    let report = parse(Format::CargoTest, overflow.as_bytes());
    assert!(report.cases.iter().any(|c| c.id == "tests::deep" && c.status == TestStatus::Failed), "{report:?}");
    // A program of its own making, and one whose tests passed before it broke.
    let after = "     Running tests/x.rs (target/debug/deps/x-abf)\n\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n\nerror: test failed, to rerun pass `--test x`\n\nCaused by:\n  process didn't exit successfully: `/work/target/debug/deps/x-abf` (exit status: 23)\n";
    let report = parse(Format::CargoTest, after.as_bytes());
    assert_eq!(report.count(TestStatus::Failed), 1, "{report:?}");
    assert!(report.findings[0].message.contains("exit status: 23"));
}

#[test]
fn pytest_node_and_go() {
    cut(Format::Pytest, b"a.py::t1 PASSED [ 50%]\n", &format!("pytest::{UNFINISHED}"));
    let crash = b"=== test session starts ===\ncollecting ... collected 2 items\n\na.py::t1 PASSED  [ 50%]\na.py::t2 Fatal Python error: Segmentation fault\n";
    cut(Format::Pytest, crash, "a.py::t2");
    cut(Format::NodeTest, "✔ a (1.5ms)\n".as_bytes(), &format!("node::{UNFINISHED}"));
    cut(Format::NodeTest, b"TAP version 13\n# Subtest: a\nok 1 - a\n", &format!("node::{UNFINISHED}"));
    cut(Format::NodeTest, b"TAP version 13\n1..3\nok 1 - a\nok 2 - b\n", &format!("node::{UNFINISHED}"));
    let go = "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n";
    cut(Format::GoTestJson, go.as_bytes(), &format!("p.{UNFINISHED}"));
    let torn = format!("{go}{{\"Action\":\"pass\",\"Package\":\"p\"}}\n{{\"Action\":\"pa");
    assert!(parse(Format::GoTestJson, torn.as_bytes()).oddities.iter().any(|o| o.starts_with(DISAGREES)));
}

#[test]
fn reports_that_cannot_be_read_beside_good_ones() {
    for bad in ["", "<testsuite", "{}"] {
        let report = parse(Format::Junit, bad.as_bytes());
        assert!(report.oddities.iter().any(|o| o.starts_with(DISAGREES)), "{bad:?}");
    }
}
