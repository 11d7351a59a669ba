//! Recorded runs of real tools (the one for Go is written after its documented format).

use crate::domain::{Finding, Source, SuiteReport, TestStatus};
use crate::evidence::{Format, debug, detect, parse};

macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/evidence/", $name))
    };
}

pub fn all() -> Vec<(&'static str, Format, &'static [u8])> {
    vec![
        ("pytest.xml", Format::Junit, golden!("pytest.xml")),
        ("node-junit.xml", Format::Junit, golden!("node-junit.xml")),
        ("pytest-plain", Format::Pytest, golden!("pytest-plain.txt")),
        ("pytest-ra", Format::Pytest, golden!("pytest-ra.txt")),
        ("pytest-color", Format::Pytest, golden!("pytest-color.txt")),
        ("pytest-q", Format::Pytest, golden!("pytest-q.txt")),
        ("cargo-test", Format::CargoTest, golden!("cargo-test.txt")),
        ("cargo-compile", Format::CargoTest, golden!("cargo-compile.txt")),
        ("go", Format::GoTestJson, golden!("go.jsonl")),
        ("node-tap", Format::NodeTest, golden!("node-tap.txt")),
        ("node-spec", Format::NodeTest, golden!("node-spec.txt")),
        ("cargo-exit0", Format::CargoTest, golden!("cargo-exit0.txt")),
        ("cargo-abort", Format::CargoTest, golden!("cargo-abort.txt")),
        ("cargo-printed", Format::CargoTest, golden!("cargo-printed.txt")),
        ("cargo-nocapture", Format::CargoTest, golden!("cargo-nocapture.txt")),
        ("cargo-workspace", Format::CargoTest, golden!("cargo-workspace.txt")),
        ("pytest-printed", Format::Pytest, golden!("pytest-printed.txt")),
        ("pytest-inner", Format::Pytest, golden!("pytest-inner.txt")),
        ("pytest-subtests", Format::Pytest, golden!("pytest-subtests.txt")),
        ("node-printed-spec", Format::NodeTest, golden!("node-printed-spec.txt")),
        ("node-printed-tap", Format::NodeTest, golden!("node-printed-tap.txt")),
        ("node-two-runs", Format::NodeTest, golden!("node-two-runs.txt")),
        ("jest-todo.xml", Format::Junit, golden!("jest-todo.xml")),
    ]
}

fn counts(report: &SuiteReport) -> (usize, usize, usize) {
    (report.count(TestStatus::Passed), report.count(TestStatus::Failed), report.count(TestStatus::Skipped))
}

fn of<'r>(report: &'r SuiteReport, test: &str) -> &'r Finding {
    let names: Vec<_> = report.findings.iter().map(|f| &f.test).collect();
    report
        .findings
        .iter()
        .find(|f| f.test.as_deref() == Some(test))
        .unwrap_or_else(|| panic!("{test} not in {names:?}"))
}

fn place(finding: &Finding) -> String {
    finding.location.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn every_recording_is_recognised() {
    for (name, format, bytes) in all() {
        assert_eq!(detect(bytes), format, "{name}");
    }
    assert_eq!(detect(b"make: *** [Makefile:3: all] Error 1\n"), Format::ExitCode);
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("tap".parse::<Format>().unwrap_err().to_string().contains("node-test"));
}

#[test]
fn pytest_junit() {
    let report = parse(Format::Junit, golden!("pytest.xml"));
    assert_eq!(counts(&report), (4, 4, 2));
    assert_eq!(report.oddities, Vec::<String>::new());
    let div = of(&report, "test_a::test_div");
    assert_eq!(
        (div.kind.as_str(), div.message.lines().next().unwrap()),
        ("ZeroDivisionError", "ZeroDivisionError: division by zero")
    );
    assert_eq!(place(div), "test_a.py:11");
    assert_eq!(of(&report, "test_a.TestMath::test_pairs[3-5]").kind, "AssertionError");
    assert!(report.cases.iter().any(|c| c.id == "test_a.TestMath::test_pairs[x y-z::w]"));
}

#[test]
fn node_junit() {
    let report = parse(Format::Junit, golden!("node-junit.xml"));
    assert_eq!(of(&report, "test::fails").kind, "AssertionError");
    assert_eq!(place(of(&report, "test::fails")), "/tmp/tiny/js/a.test.js:3:30");
}

#[test]
fn pytest_output() {
    for bytes in [&golden!("pytest-ra.txt")[..], &golden!("pytest-color.txt")[..]] {
        let report = parse(Format::Pytest, bytes);
        assert_eq!(counts(&report), (4, 4, 2), "{:?}", report.oddities);
        assert_eq!(report.oddities, Vec::<String>::new());
        let div = of(&report, "test_a.py::test_div");
        assert_eq!((div.kind.as_str(), place(div).as_str()), ("ZeroDivisionError", "test_a.py:11"));
        let pairs = of(&report, "test_a.py::TestMath::test_pairs[3-5]");
        assert_eq!(pairs.message, "assert 3 != 3");
        let err = of(&report, "test_a.py::test_err");
        assert_eq!(err.kind, "RuntimeError");
        assert_eq!(report.findings.len(), 4);
    }
    let broken = parse(Format::Pytest, golden!("pytest-plain.txt"));
    let missing = of(&broken, "test_b.py");
    assert_eq!(
        (missing.source, missing.kind.as_str(), place(missing).as_str()),
        (Source::Build, "ModuleNotFoundError", "test_b.py:1")
    );
}

#[test]
fn pytest_without_names_says_so() {
    let report = parse(Format::Pytest, golden!("pytest-q.txt"));
    assert_eq!(counts(&report), (0, 4, 0));
    assert!(report.oddities.iter().any(|o| o.contains("only counts are visible")), "{:?}", report.oddities);
    let last = debug(None, golden!("pytest-q.txt")).pop().unwrap();
    let json: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&json["summary"]["passed"], &json["summary"]["failed"]), (&4.into(), &4.into()), "{last}");
    assert_eq!(json["summary"]["format"], "pytest");
}

#[test]
fn cargo_output() {
    let report = parse(Format::CargoTest, golden!("cargo-test.txt"));
    assert_eq!(counts(&report), (4, 5, 1), "{:?}", report.cases);
    assert_eq!(report.oddities, Vec::<String>::new());
    assert!(report.cases.iter().any(|c| c.id == "it::adds"));
    assert!(report.cases.iter().any(|c| c.id == "tiny (doc)::src/lib.rs - add"));
    let fails = of(&report, "tiny::tests::fails");
    assert_eq!((fails.kind.as_str(), place(fails).as_str()), ("panic", "src/lib.rs:13:26"));
    assert!(fails.message.starts_with("assertion `left == right` failed: sum is wrong"));
    assert!(fails.stack.iter().any(|f| f.function.as_deref() == Some("tiny::tests::fails")));
    assert_eq!(of(&report, "tiny::tests::panics_not - should panic").kind, "no_panic");
    assert_eq!(of(&report, "tiny::tests::result").message, "Error: \"bad thing\"");
    assert_eq!(report.findings.len(), 5);
    let compiled = parse(Format::CargoTest, b"   Doc-tests a\n\nrunning 1 test\ntest src/lib.rs - f (line 3) - compile ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
    assert_eq!(compiled.cases[0].id, "a (doc)::src/lib.rs - f - compile");
}

#[test]
fn cargo_that_does_not_compile() {
    let report = parse(Format::CargoTest, golden!("cargo-compile.txt"));
    let kinds: Vec<_> = report.findings.iter().map(|f| (f.source, f.kind.as_str(), place(f))).collect();
    assert_eq!(
        kinds,
        [
            (Source::Build, "E0308", "src/lib.rs:19:23".to_owned()),
            (Source::Build, "E0425", "src/lib.rs:20:18".to_owned()),
            (Source::Build, "E0382", "src/lib.rs:21:41".to_owned()),
        ]
    );
    assert!(report.cases.is_empty());
}

#[test]
fn go_output() {
    let report = parse(Format::GoTestJson, golden!("go.jsonl"));
    assert_eq!(counts(&report), (1, 2, 1));
    let sub = of(&report, "example.com/tiny.TestSub/one_two");
    assert_eq!((place(sub).as_str(), sub.message.as_str()), ("tiny_test.go:14", "Sub(1, 2) = 4294967295, want -1"));
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
}

#[test]
fn node_output() {
    for bytes in [&golden!("node-tap.txt")[..], &golden!("node-spec.txt")[..]] {
        let report = parse(Format::NodeTest, bytes);
        assert_eq!(counts(&report), (3, 5, 2), "{:?}", report.cases);
        assert_eq!(report.oddities, Vec::<String>::new());
        let fails = of(&report, "fails");
        assert_eq!((fails.kind.as_str(), place(fails).as_str()), ("AssertionError", "/tmp/tiny/js/a.test.js:3:30"));
        assert!(fails.message.starts_with("Expected values to be strictly equal:"), "{}", fails.message);
        assert_eq!(of(&report, "group > deep > x # y").kind, "TypeError");
        let missing = of(&report, "c.test.js");
        assert!(missing.message.contains("Cannot find module './missing-module'"), "{}", missing.message);
        assert_eq!(report.findings.len(), 5);
    }
}

#[test]
fn other_outputs_tell_their_errors() {
    let one = |text: &str| {
        let report = parse(Format::ExitCode, text.as_bytes());
        assert!(report.cases.is_empty());
        let finding = report.findings.first().unwrap_or_else(|| panic!("nothing in {text}")).clone();
        (finding.kind.clone(), place(&finding), finding.message)
    };
    assert_eq!(
        one("src/a.ts(12,5): error TS2345: Argument\n"),
        ("TS2345".into(), "src/a.ts:12:5".into(), "Argument".into())
    );
    assert_eq!(one("a.c:1:2: error: expected ';'\n"), ("error".into(), "a.c:1:2".into(), "expected ';'".into()));
    assert_eq!(one("# m\n./a.go:3:5: undefined: x\n"), ("go build".into(), "./a.go:3:5".into(), "undefined: x".into()));
    let python = "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    f()\n  File \"b.py\", line 9, in f\n    x\nNameError: name 'x' is not defined\n";
    assert_eq!(one(python), ("NameError".into(), "b.py:9".into(), "name 'x' is not defined".into()));
    let java = "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat java.util.X.y(X.java:1)\n\tat com.a.Main.main(Main.java:7)\n";
    assert_eq!(one(java), ("java.lang.IllegalStateException".into(), "Main.java:7".into(), "no".into()));
    let go = "panic: boom\n\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/src/main.go:12 +0x1d\n";
    assert_eq!(one(go).1, "/src/main.go:12");
    assert_eq!(one("bash: line 1: nope: command not found\n").2, "bash: line 1: nope: command not found");
}
