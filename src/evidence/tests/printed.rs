//! What tests print changes no counts, hides no failure and invents no tests; different failures keep different names.

use crate::domain::{SuiteReport, TestStatus};
use crate::evidence::{DISAGREES, Format, debug, parse};
use std::collections::HashSet;

macro_rules! recording {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/evidence/", $name))
    };
}

fn counts(report: &SuiteReport) -> (usize, usize, usize) {
    (report.count(TestStatus::Passed), report.count(TestStatus::Failed), report.count(TestStatus::Skipped))
}

fn honest(report: &SuiteReport) {
    assert!(!report.oddities.iter().any(|o| o.starts_with(DISAGREES)), "{:?}", report.oddities);
    let failed: HashSet<&str> =
        report.cases.iter().filter(|c| c.status == TestStatus::Failed).map(|c| c.id.as_str()).collect();
    let told: HashSet<&str> = report.findings.iter().filter_map(|f| f.test.as_deref()).collect();
    assert_eq!(failed, told);
    let names: HashSet<&str> = report.findings.iter().map(|f| f.exact.0.as_str()).collect();
    assert_eq!(names.len(), report.findings.len(), "two failures share a fingerprint");
}

#[test]
fn cargo_output_inside_cargo_output() {
    let report = parse(Format::CargoTest, recording!("cargo-printed.txt"));
    assert_eq!(counts(&report), (2, 7, 1), "{:?}", report.cases);
    honest(&report);
    let of = |test: &str| report.findings.iter().find(|f| f.test.as_deref() == Some(test)).unwrap();
    assert_eq!(of("tiny::tests::aforge").message, "forged boom");
    assert_eq!(of("tiny::tests::sp_no - should panic").location.as_ref().unwrap().to_string(), "src/lib.rs:30:29");
    assert_eq!(of("tiny::tests::sp_wrong - should panic").kind, "wrong_panic");
    let nested = "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nfailures:\n    a\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n     Running tests/x.rs (target/debug/deps/x-abf)\nthread 'b' panicked at src/lib.rs:5:9:\nno\n\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n";
    let report = parse(Format::CargoTest, nested.as_bytes());
    assert_eq!(counts(&report), (1, 1, 0), "{:?}", report.cases);
    assert_eq!(report.findings[0].location.as_ref().unwrap().to_string(), "src/lib.rs:5:9");
}

#[test]
fn tests_of_one_name_in_several_programs() {
    let report = parse(Format::CargoTest, recording!("cargo-workspace.txt"));
    assert_eq!(counts(&report), (0, 4, 0));
    honest(&report);
    assert!(report.cases.iter().any(|c| c.id == "cli#2::works"), "{:?}", report.cases);
    let doc = parse(Format::CargoTest, recording!("cargo-doc.txt"));
    honest(&doc);
    // The tests end in any order; their names do not follow it.
    let text = String::from_utf8(recording!("cargo-doc.txt").to_vec()).unwrap();
    let (first, second) = ("test src/lib.rs - (line 2) ... FAILED\n", "test src/lib.rs - (line 6) ... FAILED\n");
    let swapped = text.replace(first, "\0").replace(second, first).replace('\0', second);
    assert_ne!(swapped, text);
    let names = |report: &SuiteReport| report.findings.iter().map(|f| f.exact.0.clone()).collect::<HashSet<_>>();
    assert_eq!(names(&parse(Format::CargoTest, swapped.as_bytes())), names(&doc));
}

#[test]
fn pytest_output_inside_pytest_output() {
    let report = parse(Format::Pytest, recording!("pytest-printed.txt"));
    assert_eq!(counts(&report), (0, 16, 0), "{:?}", report.cases);
    let names: HashSet<_> = report.findings.iter().map(|f| &f.exact).collect();
    assert_eq!((names.len(), report.findings.len()), (17, 17));
    assert!(!report.cases.iter().any(|c| c.id.contains("fake")), "{:?}", report.cases);
    let last = debug(Some(Format::Pytest), recording!("pytest-printed.txt")).pop().unwrap();
    assert!(last.contains("\"passed\":3"), "{last}");
}

#[test]
fn pytest_blocks_find_their_tests() {
    let report = parse(Format::Pytest, recording!("pytest-same-names.txt"));
    honest(&report);
    let of = |test: &str| report.findings.iter().find(|f| f.test.as_deref() == Some(test)).unwrap();
    assert_eq!(of("d2/test_two.py::test_same").message, "RuntimeError: fx");
    let traced = of("d1/test_one.py::test_same");
    assert_eq!((traced.stack.len(), traced.location.as_ref().unwrap().to_string()), (3, "lib.py:2".into()));
    let parts = parse(Format::Pytest, recording!("pytest-subtests.txt"));
    assert_eq!(counts(&parts), (1, 2, 0), "{:?}", parts.cases);
    honest(&parts);
    let old = "=== test session starts ===\ncollected 2 items\n\na.py .F [100%]\n\n=== FAILURES ===\n____ test_x ____\n\n    def test_x():\n>       assert 0\nE       assert 0\n\na.py:3: AssertionError\n=== 1 failed, 1 passed in 0.03 seconds ===\n";
    let report = parse(Format::Pytest, old.as_bytes());
    assert_eq!(report.cases[0].id, "a.py::test_x");
    honest(&report);
}

#[test]
fn node_output_with_printed_lines() {
    let parent = parse(Format::NodeTest, recording!("node-parent.txt"));
    assert_eq!(counts(&parent), (1, 1, 0));
    assert_eq!(
        (parent.findings[0].test.as_deref(), parent.findings[0].message.as_str()),
        (Some("parent own"), "own failure")
    );
    let closing =
        "ℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms 5.1\n";
    let text = format!(
        "ok done preparing\nok 1 - x\nTAP version 13\n✔ a (1.1ms)\n✖ b (1.1ms)\n  Error: boom\n      at x (/work/a.js:1:1)\n\n{closing}\n✖ failing tests:\n\ntest at a.js:1:1\n✖ b (1.1ms)\n  Error: boom\n      at x (/work/a.js:1:1)\n"
    );
    let report = parse(Format::NodeTest, text.as_bytes());
    assert_eq!(counts(&report), (1, 1, 0));
    honest(&report);
    let older = "▶ g\n  ✔ a (1.1ms)\n▶ g (2.2ms)\n✔ g (0.3ms)\nℹ tests 2\nℹ pass 2\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms 5.1\n";
    let report = parse(Format::NodeTest, older.as_bytes());
    assert_eq!(report.cases.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["g > a", "g"]);
}

#[test]
fn go_packages_and_runs() {
    let fail = |package: &str, words: &str| {
        format!(
            "{{\"Action\":\"start\",\"Package\":\"{package}\"}}\n{{\"Action\":\"output\",\"Package\":\"{package}\",\"Output\":\"{words}\\n\"}}\n{{\"Action\":\"fail\",\"Package\":\"{package}\"}}\n"
        )
    };
    let report =
        parse(Format::GoTestJson, format!("{}{}", fail("a", "cannot start"), fail("b", "cannot start")).as_bytes());
    honest(&report);
    assert_eq!(counts(&report), (0, 2, 0));
    let test = |lines: &[&str], end: &str| {
        let printed: String = lines
            .iter()
            .map(|l| format!("{{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\",\"Output\":{l:?}}}\n"))
            .collect();
        format!(
            "{{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}}\n{printed}{{\"Action\":\"{end}\",\"Package\":\"p\",\"Test\":\"T\"}}\n"
        )
    };
    let rerun = format!(
        "{}{}{{\"Action\":\"fail\",\"Package\":\"p\"}}\n",
        test(&["    a_test.go:1: x\n"], "fail"),
        test(&[], "pass")
    );
    assert_eq!(parse(Format::GoTestJson, rerun.as_bytes()).findings[0].message, "x");
    let one = |lines: &[&str]| {
        let output = format!("{}{{\"Action\":\"fail\",\"Package\":\"p\"}}\n", test(lines, "fail"));
        parse(Format::GoTestJson, output.as_bytes()).findings[0].clone()
    };
    let logged = one(&["    l_test.go:4: first log\n", "    l_test.go:9: want 1, have 2\n"]);
    assert_eq!((logged.message.as_str(), logged.location.unwrap().line), ("want 1, have 2", Some(9)));
    let testify = |words: &str| {
        one(&[
            "    t_test.go:11: \n",
            "        \tError Trace:\t/work/a/t_test.go:11\n",
            &format!("        \tError:      \t{words}\n"),
            "        \t            \tEOF\n",
            "        \tTest:       \tT\n",
        ])
    };
    let received = testify("Received unexpected error:");
    assert_eq!(received.message.lines().next(), Some("Received unexpected error: EOF"));
    assert_eq!(received.location.as_ref().unwrap().to_string(), "t_test.go:11");
    assert_ne!(received.exact, testify("Not equal:").exact);
    let build = "# ex.com/b [ex.com/b.test]\nb/b_test.go:7:2: undefined: Foo\nFAIL\tex.com/b [build failed]\n";
    assert_eq!(parse(Format::GoTestJson, build.as_bytes()).findings[0].kind, "go build");
}
