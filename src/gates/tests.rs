//! Each way to cheat is named, and honest work is let through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{Change, ChangeKind, Facts, Gate, Honesty, TestsPass, all, suspicions, words};
use crate::domain::{GateVerdict, SuiteOutcome, SuiteVerdict, Suspicion, TestStatus};
use crate::evidence::{DISAGREES, TAMPERED};

fn suite(verdict: SuiteVerdict, cases: &[(&str, TestStatus)]) -> SuiteOutcome {
    SuiteOutcome {
        suite: "unit".into(),
        verdict,
        exit_code: Some(0),
        cases: cases.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect(),
        oddities: Vec::new(),
        flaky: std::collections::BTreeSet::new(),
    }
}

fn base() -> [SuiteOutcome; 1] {
    [suite(SuiteVerdict::Failed, &[("a", TestStatus::Passed), ("b", TestStatus::Failed)])]
}

fn green() -> [SuiteOutcome; 1] {
    [suite(SuiteVerdict::Passed, &[("a", TestStatus::Passed), ("b", TestStatus::Passed)])]
}

fn change(path: &str, kind: ChangeKind) -> Change {
    Change { path: path.into(), raw: path.into(), kind, link: false }
}

fn with(now: &[SuiteOutcome], changes: &[Change]) -> Vec<Suspicion> {
    suspicions(&Facts { base: &base(), now, changes, ..Facts::default() })
}

#[test]
fn honest_work_passes() {
    let changes = [
        change("src/lib.rs", ChangeKind::Modified),
        change("tests/new.rs", ChangeKind::Added),
        change("src/contest.rs", ChangeKind::Modified),
        change("src/latest/a.rs", ChangeKind::Modified),
        change("README.md", ChangeKind::Modified),
    ];
    assert_eq!(with(&green(), &changes), []);
    let (base, now) = (base(), green());
    let facts = Facts { base: &base, now: &now, changes: &changes, ..Facts::default() };
    for gate in all() {
        let result = gate.judge(&facts);
        assert_eq!((result.verdict, result.gate.as_str()), (GateVerdict::Pass, gate.name()));
        assert!(!result.evidence.is_empty());
    }
}

#[test]
fn a_test_program_that_ended_early_at_the_base_may_end_well_now() {
    let cut =
        [suite(SuiteVerdict::Failed, &[("a", TestStatus::Passed), ("shop::(did not finish)", TestStatus::Failed)])];
    let now = [suite(SuiteVerdict::Passed, &[("a", TestStatus::Passed), ("b", TestStatus::Passed)])];
    assert_eq!(suspicions(&Facts { base: &cut, now: &now, ..Facts::default() }), []);
}

#[test]
fn missing_and_skipped_tests_are_named() {
    let gone = [suite(SuiteVerdict::Passed, &[("a", TestStatus::Passed), ("c", TestStatus::Passed)])];
    assert_eq!(with(&gone, &[]), [Suspicion::TestsRemoved { tests: vec!["unit: b".into()], total: 1 }]);
    let skipped = [suite(SuiteVerdict::Passed, &[("a", TestStatus::Passed), ("b", TestStatus::Skipped)])];
    assert_eq!(with(&skipped, &[]), [Suspicion::TestsSkipped { tests: vec!["unit: b".into()], total: 1 }]);
    assert!(matches!(&with(&[], &[])[..], [Suspicion::TestsRemoved { total: 2, .. }]));
}

#[test]
fn edited_files_are_sorted() {
    for path in [
        "tests/a.rs",
        "pkg/a_test.go",
        "test_a.py",
        "x/a.test.tsx",
        "src/test/java/A.java",
        "tests/fixtures/a.json",
        "a.spec.ts",
        "src/tests.rs",
        "web/__tests__/a.js",
    ] {
        for kind in [ChangeKind::Modified, ChangeKind::Deleted, ChangeKind::TypeChanged] {
            assert!(
                matches!(&with(&green(), &[change(path, kind)])[..], [Suspicion::TestFilesEdited { files }] if files[0].starts_with(path)),
                "{path}"
            );
        }
        let code = change("src/code.rs", ChangeKind::Modified);
        assert_eq!(with(&green(), &[change(path, ChangeKind::Added), code]), [], "{path}");
        let alone = with(&green(), &[change(path, ChangeKind::Added)]);
        assert!(matches!(&alone[..], [Suspicion::TestRunMeddled { .. }]), "{path}: {alone:?}");
    }
    for path in [
        "package.json",
        "web/package.json",
        "tests/conftest.py",
        "pytest.ini",
        "Makefile",
        "Cargo.toml",
        ".cargo/config.toml",
        "build.rs",
        "sitecustomize.py",
        "x.pth",
        "pytest.py",
        "_pytest/__init__.py",
        "jest.config.js",
        "pom.xml",
        ".npmrc",
        ".env.local",
        "buildSrc/src/main/groovy/a.groovy",
        "gradle/tests.gradle",
        "gradle/libs.versions.toml",
        "build.sbt",
        "App.Tests/App.Tests.csproj",
        "unit.runsettings",
        "Directory.Build.props",
        "lib/BUILD.bazel",
        "defs.bzl",
        "cmake/tests.cmake",
        "Makefile.am",
        "lib/tasks/test.rake",
        "spec/support/jasmine.json",
        ".taprc",
        "wdio.conf.js",
        "codecept.conf.js",
        "web-test-runner.config.mjs",
        "angular.json",
        "ruff.toml",
        "mypy.ini",
        ".flake8",
        "eslint.config.js",
        ".golangci.yml",
        ".rubocop.yml",
        "Package.swift",
        "mix.exs",
        "src/test/resources/junit-platform.properties",
        "src/test/resources/META-INF/services/org.junit.jupiter.api.extension.Extension",
        "src/test/resources/application.properties",
        "spec/support/a.rb",
        "dev-requirements.txt",
    ] {
        let found = with(&green(), &[change(path, ChangeKind::Added)]);
        assert!(matches!(&found[..], [Suspicion::EntryPointsEdited { .. }]), "{path}: {found:?}");
    }
    for path in ["dogwatch.toml", "Dockerfile", "Dockerfile.test"] {
        assert!(matches!(
            &with(&green(), &[change(path, ChangeKind::Modified)])[..],
            [Suspicion::CriteriaEdited { .. }]
        ));
    }
    for path in [".gitattributes", "sub/.gitmodules", "vendored/.git/config", ".githooks/pre-commit"] {
        let found = with(&green(), &[change(path, ChangeKind::Added)]);
        assert!(found.iter().any(|s| matches!(s, Suspicion::Planted { .. })), "{path}: {found:?}");
    }
}

#[test]
fn the_callers_lists_count() {
    let (base, now) = (base(), green());
    let changes = ["run.sh", "spec-of-mine.md", "checks/a.txt", "src/inline.rs", "ci/go.sh"]
        .map(|p| change(p, ChangeKind::Modified));
    let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let facts = Facts {
        base: &base,
        now: &now,
        changes: &changes,
        command_files: &list(&["./run.sh"]),
        criteria_globs: &list(&["spec-*.md"]),
        test_globs: &list(&["checks/**"]),
        entry_globs: &list(&["ci/*.sh"]),
        inline_tests: &list(&["src/inline.rs"]),
        ..Facts::default()
    };
    assert_eq!(
        suspicions(&facts),
        [
            Suspicion::TestFilesEdited { files: list(&["checks/a.txt", "src/inline.rs"]) },
            Suspicion::EntryPointsEdited { files: list(&["ci/go.sh", "run.sh"]) },
            Suspicion::CriteriaEdited { files: list(&["spec-of-mine.md"]) },
        ]
    );
}

#[test]
fn what_the_engine_saw_is_said() {
    let mut now = green();
    now[0].oddities = vec![format!("{DISAGREES}x"), format!("{TAMPERED}y"), "harmless".into()];
    let base = green();
    let planted = ["link `a` leads out of the tree".to_owned()];
    let tampering = ["r.xml was there before the run".to_owned()];
    let facts = Facts {
        base: &base,
        now: &now,
        intrusions: 2,
        planted: &planted,
        unchanged: true,
        report_tampering: &tampering,
        ..Facts::default()
    };
    let found = suspicions(&facts);
    assert_eq!(
        found,
        [
            Suspicion::Planted { what: planted.to_vec() },
            Suspicion::ReportTampered { what: vec![tampering[0].clone(), "unit: y".into()] },
            Suspicion::ChannelForged { times: 2 },
            Suspicion::GreenAtStart,
            Suspicion::Unchanged,
            Suspicion::Disagreement { what: vec!["unit: x".into()] },
        ]
    );
    assert_eq!(Honesty.judge(&facts).verdict, GateVerdict::NeedsPerson);
    assert!(found.iter().all(|s| !words(s).is_empty()));
    let uncounted = [suite(SuiteVerdict::Uncounted, &[])];
    let facts = Facts { now: &uncounted, ..Facts::default() };
    assert_eq!(suspicions(&facts), [Suspicion::Uncounted { suites: vec!["unit".into()] }]);
}

#[test]
fn what_goes_by_luck_is_neither_red_nor_success() {
    let base = base();
    let mut fails = suite(SuiteVerdict::Flaky, &[("a", TestStatus::Failed), ("b", TestStatus::Passed)]);
    fails.flaky = ["a".to_owned()].into();
    let passes = SuiteOutcome { flaky: fails.flaky.clone(), ..green()[0].clone() };
    // Nothing names what it was; the verdict alone is enough.
    let nameless = suite(SuiteVerdict::Flaky, &[]);
    let names = ["unit: a (failed this time)", "unit: a (passed this time)", "unit: (the whole suite)"];
    for (now, name) in [&fails, &passes, &nameless].into_iter().zip(names) {
        let now = [now.clone()];
        let facts = Facts { base: &base, now: &now, ..Facts::default() };
        assert_eq!(TestsPass.judge(&facts).verdict, GateVerdict::Pass, "{name}");
        assert_eq!(Honesty.judge(&facts).verdict, GateVerdict::NeedsPerson, "{name}");
        assert!(suspicions(&facts).contains(&Suspicion::Flaky { tests: vec![name.into()] }), "{name}");
    }
    let facts = Facts { base: &base, now: std::slice::from_ref(&fails), ..Facts::default() };
    assert!(TestsPass.judge(&facts).evidence.contains(&"flaky: unit: a".to_owned()));
    let failed = [fails, suite(SuiteVerdict::Failed, &[("c", TestStatus::Failed)])];
    assert_eq!(TestsPass.judge(&Facts { now: &failed, ..Facts::default() }).verdict, GateVerdict::Fail);
}

#[test]
fn only_verdicts_make_the_tests_gate_pass() {
    let verdict = |now: &[SuiteOutcome]| TestsPass.judge(&Facts { now, ..Facts::default() }).verdict;
    let of = |verdict| suite(verdict, &[("a", TestStatus::Failed)]);
    assert_eq!(verdict(&[]), GateVerdict::Unavailable);
    assert_eq!(verdict(&[of(SuiteVerdict::Passed), of(SuiteVerdict::Uncounted)]), GateVerdict::Pass);
    assert_eq!(verdict(&[of(SuiteVerdict::NoVerdict), of(SuiteVerdict::Passed)]), GateVerdict::Unavailable);
    assert_eq!(verdict(&[of(SuiteVerdict::NoVerdict), of(SuiteVerdict::Failed)]), GateVerdict::Fail);
    assert_eq!(verdict(&[of(SuiteVerdict::Failed), of(SuiteVerdict::NoVerdict)]), GateVerdict::Fail);
}

#[test]
fn a_run_may_bring_lock_files_into_its_own_form_and_nothing_else() {
    for path in ["Cargo.lock", "web/package-lock.json", "go.sum", "src/main.rs"] {
        assert!(!super::decides_over_tests(path), "{path}");
    }
    for path in ["Cargo.lock", "README.md", "debug.log", "data/app.sqlite3", "pkg/__pycache__/a.pyc", "coverage/a.js"] {
        assert!(!super::stays_the_same(path), "{path}");
    }
    for path in ["src/main.rs", "calc.py", "data/rates.json", "tests/a.snap", "tests/out.log"] {
        assert!(super::stays_the_same(path), "{path}");
    }
    for path in ["tests/test_a.py", "conftest.py", "package.json", "a/b_test.go"] {
        assert!(super::decides_over_tests(path), "{path}");
    }
}

#[test]
fn files_of_tests_are_known_by_many_names() {
    for path in [
        "calc-test.mjs",
        "src/a_test.ts",
        "test-a.mjs",
        "test.ts",
        "tests.mjs",
        "spec.js",
        "a.cy.ts",
        "app.e2e-spec.ts",
        "e2e/a.ts",
        "Tests/a.swift",
        "app/src/androidTest/A.kt",
        "unit_tests/a.py",
        "testing/checks.py",
        "pkg/testutil/a.go",
        "src/testutil.rs",
        "test-utils/a.ts",
        "test_support.py",
        "testcalc.py",
        "t/basic.t",
        "a.snap",
        "golden/a.txt",
        "expected/a.md",
        "cassettes/a.yaml",
        "ATest.php",
        "ATests.cs",
        "a_test.cc",
        "AIT.java",
        "a.feature",
        "a.bats",
        "spec_helper.rb",
        "tests/fixtures/a.md",
        "features/steps/calc_steps.py",
        "src/calc_unittest.cc",
        "App.Tests/UnitTest1.cs",
        "App.Tests/Foo.Prints.verified.txt",
        "src/a.approved.txt",
        "test_calc.c",
        "tests/commands/test.rs",
        "features/step_definitions/a.rb",
    ] {
        assert!(super::is_test(path), "{path}");
    }
    for path in [
        "src/latest.java",
        "src/Contest.kt",
        "src/latest.rs",
        "testimonials.py",
        "spec/notes.md",
        "tests/README.md",
        "src/attest.ts",
        "src/protest.js",
        "greatest.php",
        "testify.py",
        "style/test.css",
        "src/inspect.ts",
        "spec/openapi.yaml",
        "src/commands/test.rs",
    ] {
        assert!(!super::is_test(path), "{path}");
    }
    for path in [".rspec", "phpunit.dist.xml", ".config/nextest.toml", "composer.json"] {
        assert!(super::decides_over_tests(path), "{path}");
    }
    for path in [".env.example", "config/.env.sample", "src/build.ts", "docs/configure.md", "src/ruff.rs"] {
        assert!(!super::decides_over_tests(path), "{path}");
    }
}

#[test]
fn what_a_test_run_makes_and_what_was_there_before_is_no_entry_point() {
    let fix = change("src/lib.rs", ChangeKind::Modified);
    for (path, kind) in [
        ("Cargo.lock", ChangeKind::Added),
        ("uv.lock", ChangeKind::Added),
        ("mix.lock", ChangeKind::Added),
        (".env.example", ChangeKind::Modified),
        ("spec/openapi.yaml", ChangeKind::Modified),
        ("src/queue.py", ChangeKind::Modified),
        ("spec/notes.md", ChangeKind::Modified),
        (".gitignore", ChangeKind::Modified),
    ] {
        assert_eq!(with(&green(), &[fix.clone(), change(path, kind)]), [], "{path}");
    }
    for (path, kind) in [("Cargo.lock", ChangeKind::Modified), ("src/queue.py", ChangeKind::Added)] {
        let found = with(&green(), &[fix.clone(), change(path, kind)]);
        assert!(matches!(&found[..], [Suspicion::EntryPointsEdited { .. }]), "{path}: {found:?}");
    }
}

#[test]
fn a_remark_beside_new_tests_is_no_work() {
    let (base, now) = (base(), green());
    let changes = [
        change("tests/test_new.py", ChangeKind::Added),
        change("calc.py", ChangeKind::Modified),
        change("README.md", ChangeKind::Modified),
    ];
    let same = ["calc.py".to_owned()];
    let facts = Facts { base: &base, now: &now, changes: &changes, ..Facts::default() };
    assert_eq!(suspicions(&facts), []);
    let found = suspicions(&Facts { same_programs: &same, ..facts.clone() });
    assert!(matches!(&found[..], [Suspicion::TestRunMeddled { .. }]), "{found:?}");
    let found = suspicions(&Facts { same_bytes: &same, ..facts });
    assert!(matches!(&found[..], [Suspicion::TestRunMeddled { .. }]), "{found:?}");
}

#[test]
fn a_test_with_another_mode_is_edited() {
    let (base, now) = (base(), green());
    let changes = [change("tests/run.sh", ChangeKind::Modified), change("calc.py", ChangeKind::Modified)];
    let same = ["tests/run.sh".to_owned()];
    let facts = Facts { base: &base, now: &now, changes: &changes, same_bytes: &same, ..Facts::default() };
    assert!(matches!(&suspicions(&facts)[..], [Suspicion::TestFilesEdited { .. }]));
}

#[test]
fn a_file_that_could_not_be_loaded_is_not_missed() {
    let base = [suite(SuiteVerdict::Failed, &[("pytest::tests.test_a", TestStatus::Failed)])];
    let now = [suite(SuiteVerdict::Passed, &[("tests.test_a::test_x", TestStatus::Passed)])];
    let changes = [change("calc.py", ChangeKind::Added)];
    assert_eq!(suspicions(&Facts { base: &base, now: &now, changes: &changes, ..Facts::default() }), []);
}

#[test]
fn work_that_was_not_taken_is_red_whatever_the_tests_say() {
    let (base, now) = (base(), green());
    let facts = Facts { base: &base, now: &now, not_taken: Some("more than 5 entries"), ..Facts::default() };
    assert_eq!(suspicions(&facts), [Suspicion::NotTaken { why: "more than 5 entries".to_owned() }]);
    let result = Honesty.judge(&facts);
    assert_eq!(result.verdict, GateVerdict::Fail);
    assert!(result.evidence[0].contains("more than 5 entries"), "{:?}", result.evidence);
}

#[test]
fn what_is_named_is_bounded_in_bytes() {
    let long: Vec<Change> =
        (0..500).map(|n| change(&format!("{n}{}/test_a.py", "x".repeat(16_000)), ChangeKind::Modified)).collect();
    let [Suspicion::TestFilesEdited { files }] = &with(&green(), &long)[..] else { panic!("something else") };
    let bytes: usize = files.iter().map(String::len).sum();
    assert!(bytes < 70_000, "{bytes} bytes");
    let more: usize = files.last().and_then(|last| last.split(' ').nth(1)).unwrap().parse().unwrap();
    assert_eq!(files.len() - 1 + more, 500);
    let cases = [("a".to_owned(), TestStatus::Passed), ("b".repeat(300_000), TestStatus::Passed)];
    let mut before = base();
    before[0].cases = cases.into_iter().collect();
    let gone = suspicions(&Facts { base: &before, now: &green(), ..Facts::default() });
    let [Suspicion::TestsRemoved { tests, total: 1 }] = &gone[..] else { panic!("something else") };
    assert!(tests[0].len() < 1_000 && tests[0].starts_with("unit: bbb"));
}
