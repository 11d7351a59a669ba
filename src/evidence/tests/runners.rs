//! Recorded runs of real test tools: nextest, Vitest, Jest, Mocha, Maven, Gradle, `PHPUnit`, `RSpec`.

use super::compiler::shown;
use crate::domain::{StepEnd, SuiteReport, SuiteVerdict, TestStatus};
use crate::evidence::{DISAGREES, Format, ReportFile, UNFINISHED, detect, judge, parse};
use std::fmt::Write as _;

macro_rules! recordings {
    ($($name:literal $format:ident $passed:literal $failed:literal $skipped:literal),* $(,)?) => {
        [$((
            $name,
            Format::$format,
            &include_bytes!(concat!("../../../tests/evidence/runners/", $name))[..],
            ($passed, $failed, $skipped),
        )),*]
    };
}

type Recording = (&'static str, Format, &'static [u8], (usize, usize, usize));

/// Each with the tests that it names.
pub fn all() -> Vec<Recording> {
    recordings![
        "gradle.xml" Junit 1 2 1,
        "jest-color.txt" Jest 3 3 2,
        "jest-verbose.txt" Jest 3 3 2,
        "jest.json" JestJson 3 3 2,
        "jest.txt" Jest 0 3 0,
        "jest.xml" Junit 4 2 1,
        "maven.txt" ExitCode 0 0 0,
        "mocha.xml" Junit 2 2 2,
        "nextest-build.txt" CargoTest 0 0 0,
        "nextest-color.txt" Nextest 1 1 0,
        "nextest-retry.txt" Nextest 2 0 0,
        "nextest.txt" Nextest 5 3 0,
        "nextest.xml" Junit 5 3 0,
        "phpunit.xml" Junit 2 3 1,
        "rspec.xml" Junit 1 2 2,
        "surefire.xml" Junit 1 2 1,
        "vitest-color.txt" Vitest 3 3 2,
        "vitest-unhandled.txt" Vitest 2 1 0,
        "vitest-verbose.txt" Vitest 3 3 2,
        "vitest.json" JestJson 3 3 2,
        "vitest.txt" Vitest 0 3 0,
        "vitest.xml" Junit 3 3 2,
    ]
    .to_vec()
}

fn of(name: &str) -> Recording {
    all().into_iter().find(|(known, ..)| *known == name).unwrap()
}

fn counts(report: &SuiteReport) -> (usize, usize, usize) {
    (report.count(TestStatus::Passed), report.count(TestStatus::Failed), report.count(TestStatus::Skipped))
}

#[test]
fn recordings_are_read_as_written_down() {
    for (name, format, bytes, expected) in all() {
        assert_eq!(detect(bytes), format, "{name}");
        let report = parse(format, bytes);
        assert_eq!(counts(&report), expected, "{name}: {:?}", report.cases);
        assert!(!report.oddities.iter().any(|odd| odd.starts_with(DISAGREES)), "{name}: {:?}", report.oddities);
        let mut text = String::new();
        for case in &report.cases {
            writeln!(text, "{:?} {}", case.status, case.id).unwrap();
        }
        text.push_str(&shown(&report));
        super::compiler::written("runners", name, &text);
    }
}

#[test]
fn every_failed_test_has_its_finding() {
    for (name, format, bytes, (_, failed, _)) in all() {
        let report = parse(format, bytes);
        let told: Vec<_> = report.findings.iter().filter_map(|finding| finding.test.as_deref()).collect();
        let missing = report.cases.iter().filter(|c| c.status == TestStatus::Failed && !told.contains(&c.id.as_str()));
        assert_eq!((missing.count(), told.len()), (0, failed), "{name}");
    }
}

#[test]
fn a_run_without_its_summary_did_not_finish() {
    for name in ["nextest.txt", "vitest-verbose.txt", "jest-verbose.txt"] {
        let (_, format, bytes, _) = of(name);
        let report = parse(format, &bytes[..bytes.len() / 2]);
        assert!(report.cases.iter().any(|case| case.id.ends_with(UNFINISHED)), "{name}: {:?}", report.cases);
    }
}

fn judged(format: Format, code: i32, report: Option<&str>, output: &str) -> crate::evidence::Judged {
    let reports =
        report.map(|text| Ok(vec![ReportFile { path: "r.xml".to_owned(), bytes: text.as_bytes().to_vec(), links: 1 }]));
    judge("s", &StepEnd::Exited { code }, format, reports, output.as_bytes())
}

#[test]
fn forged_lines_are_caught_by_the_summary() {
    let (_, _, bytes, _) = of("nextest.txt");
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    // What a test prints in `--no-capture` is not indented.
    let forged = text.replace("about to fail", "x\n        PASS [   0.001s] (9/8) tiny tests::invented");
    let report = parse(Format::Nextest, forged.as_bytes());
    assert!(report.oddities.iter().any(|odd| odd.starts_with(DISAGREES)), "{:?}", report.oddities);
    assert_eq!(judged(Format::Nextest, 0, None, &text).outcome.verdict, SuiteVerdict::Failed);
    let xml = "<testsuite><testcase name='a'/></testsuite>";
    for output in [text.as_str(), "      Tests  1 failed | 1 passed (2)\n"] {
        let honest = judged(Format::Junit, 0, Some(xml), output);
        assert!(honest.outcome.oddities.iter().any(|odd| odd.starts_with(DISAGREES)), "{:?}", honest.outcome.oddities);
    }
}

#[test]
fn good_runs_pass_and_those_with_only_counts_are_left_to_a_person() {
    let nextest = " Nextest run ID 1 with nextest profile: default\n    Starting 1 test across 1 binary\n        PASS [   0.014s] (1/1) tiny tests::adds\n────────────\n     Summary [   0.014s] 1 test run: 1 passed, 0 skipped\n";
    let jest =
        "PASS ./c.test.js\n  ✓ passes (1 ms)\n\nTest Suites: 1 passed, 1 total\nTests:       1 passed, 1 total\n";
    let vitest =
        " RUN  v4.1.12 /work\n\n ✓ c.test.js > passes 1ms\n\n Test Files  1 passed (1)\n      Tests  1 passed (1)\n";
    for (format, output) in [(Format::Nextest, nextest), (Format::Jest, jest), (Format::Vitest, vitest)] {
        let good = judged(format, 0, None, output);
        assert_eq!(good.outcome.verdict, SuiteVerdict::Passed, "{format}: {:?}", good.outcome.oddities);
        assert_eq!(good.outcome.oddities, Vec::<String>::new());
    }
    let counted =
        " RUN  v4.1.12 /work\n\n ✓ c.test.js (1 test) 5ms\n\n Test Files  1 passed (1)\n      Tests  1 passed (1)\n";
    assert_eq!(judged(Format::Vitest, 0, None, counted).outcome.verdict, SuiteVerdict::Uncounted);
    assert_eq!(
        judged(Format::Vitest, 0, None, vitest.replace("1 passed (1)\n", "2 passed (2)\n").as_str()).outcome.verdict,
        SuiteVerdict::Passed
    );
}

#[test]
fn tests_that_are_expected_to_fail_passed() {
    let xml = "<testsuite><testcase name='a'/><testcase name='b'/></testsuite>";
    let good = judged(Format::Junit, 0, Some(xml), "      Tests  1 passed | 1 expected fail (2)\n");
    assert_eq!((good.outcome.verdict, good.outcome.oddities), (SuiteVerdict::Passed, Vec::new()));
}

#[test]
fn runs_without_any_test_count_for_nothing() {
    for (format, output) in [
        (Format::Vitest, " RUN  v4.1.12 /work\n\nNo test files found, exiting with code 0\n"),
        (Format::Jest, "No tests found, exiting with code 0\n"),
    ] {
        assert_eq!(judged(format, 0, None, output).outcome.verdict, SuiteVerdict::Uncounted, "{format}");
    }
}

#[test]
fn files_that_cannot_be_run_are_no_disagreement() {
    for name in ["vitest-unhandled.txt", "vitest.txt", "jest-verbose.txt"] {
        let (_, format, bytes, _) = of(name);
        let report = judged(format, 1, None, std::str::from_utf8(bytes).unwrap());
        assert_eq!(report.outcome.verdict, SuiteVerdict::Failed);
        assert!(
            !report.outcome.oddities.iter().any(|odd| odd.starts_with(DISAGREES)),
            "{name}: {:?}",
            report.outcome.oddities
        );
    }
}
