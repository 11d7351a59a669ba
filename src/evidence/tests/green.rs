//! Honest runs in which everything passed are clean passes: each disagreement wakes a person.

use crate::domain::{StepEnd, SuiteVerdict};
use crate::evidence::{DISAGREES, Format, Judged, ReportFile, judge};

macro_rules! recording {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/evidence/", $name))
    };
}

fn exited(format: Format, output: &[u8]) -> Judged {
    judge("unit", &StepEnd::Exited { code: 0 }, format, None, output)
}

fn clean(format: Format, output: &[u8], passed: usize) {
    let judged = exited(format, output);
    let shown = String::from_utf8_lossy(output);
    assert_eq!(judged.findings, [], "{shown}");
    assert!(!judged.outcome.oddities.iter().any(|o| o.starts_with(DISAGREES)), "{:?} {shown}", judged.outcome.oddities);
    let count = judged.outcome.cases.values().filter(|s| **s == crate::domain::TestStatus::Passed).count();
    assert_eq!(count, passed, "{:?} {shown}", judged.outcome.cases);
    let verdict = if passed > 0 { SuiteVerdict::Passed } else { SuiteVerdict::Uncounted };
    assert_eq!(judged.outcome.verdict, verdict, "{shown}");
}

#[test]
fn cargo() {
    clean(Format::CargoTest, recording!("cargo-nocapture.txt"), 7);
    clean(Format::CargoTest, recording!("cargo-quiet.txt"), 0);
    let nothing = b"running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 5 filtered out; finished in 0.00s\n";
    clean(Format::CargoTest, nothing, 0);
    let bench = b"running 2 tests\ntest a ... ok\ntest b ... bench:          12 ns/iter (+/- 1)\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 1 measured; 0 filtered out\n";
    clean(Format::CargoTest, bench, 1);
    let merged = b"   Doc-tests a\n\nrunning 1 test\ntest src/lib.rs - f (line 3) ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\n\nrunning 1 test\ntest src/lib.rs - g (line 9) ... ignored\n\ntest result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\nall doctests ran in 0.28s; merged doctests compilation took 0.10s\n";
    clean(Format::CargoTest, merged, 1);
    let glued = b"running 2 tests\n50%test a ... ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored\n";
    clean(Format::CargoTest, glued, 2);
}

#[test]
fn pytest() {
    clean(Format::Pytest, recording!("pytest-inner.txt"), 8);
    let quiet = b"..                                   [100%]\n2 passed in 0.01s\n";
    clean(Format::Pytest, quiet, 0);
    clean(Format::Pytest, b"..  [100%]\n", 0);
    for listed in [
        "========= 2 tests collected in 0.01s =========",
        "= 1/2 tests collected (1 deselected) in 0.01s =",
        "= no tests ran in 0.01s =",
    ] {
        let text = format!("===== test session starts =====\ncollected 2 items\n\n<Function a>\n{listed}\n");
        clean(Format::Pytest, text.as_bytes(), 0);
    }
    let rerun = b"===== test session starts =====\ncollecting ... collected 1 item\n\na.py::t RERUN [100%]\na.py::t PASSED [100%]\n\n=== 1 passed, 1 rerun, 2 snapshots written in 0.01s ===\n";
    clean(Format::Pytest, rerun, 1);
    let parallel = b"===== test session starts =====\ncreated: 2/2 workers\n2 workers [2 items]\n\na.py::t \na.py::u \n[gw0] [ 50%] PASSED a.py::t \n[gw1] [100%] PASSED a.py::u \n\n=== 2 passed in 0.5s ===\n";
    clean(Format::Pytest, parallel, 2);
    let twice = b"===== test session starts =====\ncollecting ... collected 1 item\n\na.py::t PASSED [100%]\n\n=== 1 passed in 0.5s ===\n===== test session starts =====\ncollecting ... collected 1 item\n\nb.py::t PASSED [100%]\n\n=== 1 passed in 0.5s ===\n.   [100%]\n1 passed in 0.1s\n";
    clean(Format::Pytest, twice, 2);
}

#[test]
fn node() {
    clean(Format::NodeTest, recording!("node-printed-spec.txt"), 9);
    clean(Format::NodeTest, recording!("node-printed-tap.txt"), 9);
    clean(Format::NodeTest, recording!("node-two-runs.txt"), 8);
    // Other tools close with their plan, or with fewer counts.
    clean(Format::NodeTest, b"TAP version 13\n1..2\nok 1 - a # time=1.00ms\nok 2 - b # SKIP\n", 1);
    clean(Format::NodeTest, b"TAP version 13\n# a\nok 1 should be equal\n\n1..1\n# tests 1\n# pass  1\n\n# ok\n", 1);
}

#[test]
fn go() {
    let text = "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"BenchmarkX\"}\n{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"ok  \\tp\\t(cached)\\n\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n{\"Action\":\"start\",\"Package\":\"q\"}\n{\"Action\":\"output\",\"Package\":\"q\",\"Output\":\"?   \\tq\\t[no test files]\\n\"}\n{\"Action\":\"skip\",\"Package\":\"q\"}\n";
    clean(Format::GoTestJson, text.as_bytes(), 1);
    let noisy = format!(
        "go: downloading x v1.0.0\n{{\"level\":\"info\",\"msg\":\"ready\"}}\n{{\"ImportPath\":\"p\",\"Action\":\"build-output\",\"Output\":\"# p\\n\"}}\n{text}"
    );
    clean(Format::GoTestJson, noisy.as_bytes(), 1);
}

#[test]
fn jest_with_planned_tests() {
    let report = ReportFile { path: "junit.xml".into(), bytes: recording!("jest-todo.xml").to_vec(), links: 1 };
    let output = b"Tests:       1 todo, 1 passed, 2 total\n";
    let end = StepEnd::Exited { code: 0 };
    let judged = judge("unit", &end, Format::Junit, Some(Ok(vec![report])), output);
    assert_eq!(judged.outcome.verdict, SuiteVerdict::Passed);
    assert_eq!(judged.outcome.oddities, Vec::<String>::new());
}
