//! Recorded runs of real compilers and linters, and lines of others after their documentation.

use crate::domain::{Severity, SuiteReport};
use crate::evidence::{Format, detect, parse};
use std::fmt::Write as _;

macro_rules! recordings {
    ($($name:literal),* $(,)?) => {
        [$(($name, &include_bytes!(concat!("../../../tests/evidence/compiler/", $name))[..])),*]
    };
}

pub fn all() -> Vec<(&'static str, &'static [u8])> {
    recordings![
        "cargo.jsonl",
        "clang.txt",
        "clangxx-color.txt",
        "eslint.json",
        "eslint.txt",
        "flake8.txt",
        "gcc.txt",
        "go-build.txt",
        "go-vet.txt",
        "gxx.txt",
        "javac.txt",
        "kotlinc.txt",
        "link.txt",
        "maven.txt",
        "mypy-pretty.txt",
        "mypy.txt",
        "pylint.txt",
        "python.txt",
        "ruff-concise.txt",
        "ruff.txt",
        "rustc.txt",
        "tsc-pretty.txt",
        "tsc.txt",
    ]
    .to_vec()
}

/// One line a finding, with the first line of its message.
pub fn shown(report: &SuiteReport) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let source = format!("{:?}", finding.source).to_lowercase();
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let place = finding.location.as_ref().map_or("-".to_owned(), ToString::to_string);
        let mut lines = finding.message.lines();
        let first = lines.next().unwrap_or_default();
        let below = lines.count();
        let frames = finding.stack.len();
        write!(out, "{source} {severity} x{} {} {place} +{below}/{frames}: {first}", finding.count, finding.kind)
            .unwrap();
        out.push('\n');
    }
    for oddity in &report.oddities {
        writeln!(out, "odd: {oddity}").unwrap();
    }
    out
}

/// Compares with what is written down beside the recording.
pub fn holds(directory: &str, name: &str, report: &SuiteReport) {
    written(directory, name, &shown(report));
}

/// The same for any text.
pub fn written(directory: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(format!("../../../tests/evidence/{directory}"));
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn recordings_are_read_as_written_down() {
    for (name, bytes) in all() {
        let report = parse(Format::Compiler, bytes);
        assert!(report.cases.is_empty() && !report.findings.is_empty(), "{name}");
        holds("compiler", name, &report);
    }
}

#[test]
fn recordings_are_recognised_where_their_lines_are_plain() {
    for (name, bytes) in all() {
        let expected = match name {
            // What cargo prints is read with the reader for its tests; traces and ruff's long form are no sure sign.
            "rustc.txt" => Format::CargoTest,
            "python.txt" | "eslint.txt" | "ruff.txt" => Format::ExitCode,
            _ => Format::Compiler,
        };
        assert_eq!(detect(bytes), expected, "{name}");
    }
}

fn one(text: &str) -> String {
    let report = parse(Format::Compiler, text.as_bytes());
    let line = shown(&report);
    assert_eq!(line.lines().count(), 1, "{line}");
    line.trim_end().to_owned()
}

#[test]
fn other_tools_have_the_same_shapes() {
    for (text, expected) in [
        (
            "Program.cs(5,9): error CS1002: ; expected [/p/x.csproj]\n",
            "build error x1 CS1002 Program.cs:5:9 +0/0: ; expected [/p/x.csproj]",
        ),
        (
            "  /p/a.py:3:5 - error: \"x\" is not defined (reportUndefinedVariable)\n",
            "build error x1 reportUndefinedVariable /p/a.py:3:5 +0/0: \"x\" is not defined",
        ),
        (
            "e: file:///p/src/Main.kt:3:5 Unresolved reference: foo\n",
            "build error x1 error /p/src/Main.kt:3:5 +0/0: Unresolved reference: foo",
        ),
        (
            "w: /p/Main.kt: (3, 5): Variable 'x' is never used\n",
            "build warning x1 warning /p/Main.kt:3:5 +0/0: Variable 'x' is never used",
        ),
        (
            "error TS18003: No inputs were found in config file.\n",
            "build error x1 TS18003 - +0/0: No inputs were found in config file.",
        ),
        (
            "Makefile:3: *** missing separator.  Stop.\n",
            "build error x1 make Makefile:3 +0/0: missing separator.  Stop.",
        ),
        (
            "mold: error: undefined symbol: foo\n>>> referenced by /p/a.c:5\n>>>               a.o:(main)\n",
            "build error x1 link /p/a.c:5 +2/0: undefined symbol: foo",
        ),
        (
            "FAILURE: Build failed with an exception.\n\n* What went wrong:\nExecution failed for task ':app:test'.\n> There were failing tests.\n",
            "build error x1 gradle - +1/0: Execution failed for task ':app:test'.",
        ),
        (
            "[ERROR] Failed to execute goal x:enforce on project a: Some rules have failed. -> [Help 1]\n[ERROR] again\n",
            "build error x1 maven - +0/0: Failed to execute goal x:enforce on project a: Some rules have failed.",
        ),
        ("vet: ./a.go:3:5: undefined: x\n", "build error x1 go build ./a.go:3:5 +0/0: undefined: x"),
        ("a.c:1:2: error: no semicolon [-Werror=pedantic]\n", "build error x1 pedantic a.c:1:2 +0/0: no semicolon"),
    ] {
        assert_eq!(one(text), expected);
    }
    for text in [
        "10:00:00: error: x\n",
        "127.0.0.1:80: error: x\n",
        "warning: nothing with a place\n",
        "see http://a.b:80: error: x\n",
    ] {
        assert!(parse(Format::Compiler, text.as_bytes()).findings.is_empty(), "{text}");
    }
}

#[test]
fn notes_and_includes_belong_to_their_problem() {
    let report = parse(Format::Compiler, all()[6].1);
    let included = &report.findings[0];
    assert!(included.message.contains("In file included from src/main.c:2:"), "{}", included.message);
    let noted = report.findings.iter().find(|f| f.message.contains("incompatible type for argument")).unwrap();
    assert!(noted.message.contains("include/shape.h:4:30: note: expected"), "{}", noted.message);
}

#[test]
fn what_a_failing_command_printed_is_read_with_errors_first() {
    let report = parse(Format::ExitCode, all()[6].1);
    assert!(report.findings.iter().all(|finding| finding.severity == Severity::Error), "{}", shown(&report));
    assert_eq!(report.findings.len(), 2);
    let warned = parse(Format::ExitCode, b"a.c:1:2: warning: odd [-Wodd]\nmake: *** [all] Error 1\n");
    assert_eq!(shown(&warned), "build warning x1 odd a.c:1:2 +0/0: odd\n");
}
