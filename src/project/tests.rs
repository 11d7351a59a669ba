//! Tests of detection and of what init writes, on trees in memory and on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::config::ProjectConfig;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Files of a tree, then the name and format of the one suite that is expected.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

struct Files(BTreeMap<String, String>);

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }
}

impl Tree for Files {
    fn list(&self, directory: &str) -> Vec<Entry> {
        let inside = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let names: BTreeSet<Entry> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&inside))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Entry { name: name.to_owned(), directory: true },
                None => Entry { name: rest.to_owned(), directory: false },
            })
            .collect();
        names.into_iter().collect()
    }

    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }
}

fn config_of(files: &[(&str, &str)]) -> (ProjectConfig, String) {
    let text = render(&detect(&Files::of(files)));
    let config = ProjectConfig::parse(&text, "dogwatch.toml").unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    (config, text)
}

#[test]
fn each_ecosystem_gives_a_suite() {
    let cases: [Case<'_>; 27] = [
        (&[("Cargo.toml", "[workspace]"), ("a/Cargo.toml", "")], "cargo", "cargo-test"),
        (&[("package.json", r#"{"scripts":{"test":"node --test"}}"#)], "npm", "node-test"),
        (&[("package.json", r#"{"scripts":{"test":"tsc && vitest run"}}"#), ("pnpm-lock.yaml", "")], "pnpm", "junit"),
        (&[("package.json", r#"{"scripts":{"test":"jest"}}"#), ("yarn.lock", "")], "yarn", "jest-json"),
        (&[("pyproject.toml", "[project]\nname='a'"), ("tests/test_a.py", "")], "pytest", "junit"),
        (&[("calc.py", ""), ("tests/test_calc.py", "")], "pytest", "junit"),
        (&[("calc.py", ""), ("test_calc.py", "")], "pytest", "junit"),
        (
            &[("setup.py", ""), ("x/__init__.py", ""), ("x/tests/__init__.py", ""), ("x/tests/test_a.py", "")],
            "pytest",
            "junit",
        ),
        (
            &[("setup.py", ""), ("src/x/__init__.py", ""), ("src/x/y/__init__.py", ""), ("src/x/y/a_test.py", "")],
            "pytest",
            "junit",
        ),
        (&[("x/__init__.py", ""), ("x/test_a.py", "")], "pytest", "junit"),
        (
            &[
                ("manage.py", "x('DJANGO_SETTINGS_MODULE', 'site.settings')"),
                ("shop/__init__.py", ""),
                ("shop/tests.py", ""),
            ],
            "django",
            "junit",
        ),
        (&[("package.json", "\u{feff}{\"scripts\":{\"test\":\"node --test\"}}")], "npm", "node-test"),
        (&[("package.json", r#"{"scripts":{"test":"bun test"}}"#)], "bun", "junit"),
        (&[("package.json", r#"{"scripts":{"test":"vitest run"}}"#), ("bun.lock", "")], "bun", "junit"),
        (&[("package.json", r#"{"scripts":{"test":"ava"}}"#), ("bun.lockb", "")], "bun", "exit-code"),
        (&[("go.mod", "module a"), ("Makefile", "test:\n")], "go", "go-test-json"),
        (&[("pom.xml", "<modules>")], "maven", "junit"),
        (&[("build.gradle.kts", "")], "gradle", "junit"),
        (&[("Cargo.toml", ""), (".config/nextest.toml", "")], "nextest", "nextest"),
        (&[("package.json", r#"{"scripts":{"test":"vitest run"}}"#)], "npm", "junit"),
        (&[("package.json", r#"{"scripts":{"test":"jest"}}"#)], "npm", "jest-json"),
        (&[("package.json", r#"{"scripts":{"test":"react-scripts test"}}"#)], "npm", "jest-json"),
        (&[("composer.json", r#"{"require-dev":{"phpunit/phpunit":"^11"}}"#)], "phpunit", "junit"),
        (&[("phpunit.xml.dist", "<phpunit/>")], "phpunit", "junit"),
        (&[("Gemfile", "gem 'rspec'"), ("spec/a_spec.rb", "")], "rspec", "junit"),
        (&[(".rspec", "")], "rspec", "junit"),
        (&[("Makefile", "test: all\n")], "make", "exit-code"),
    ];
    for (files, name, format) in cases {
        let (config, text) = config_of(files);
        assert_eq!(config.suites.len(), 1, "{text}");
        assert_eq!((config.suites[0].name.as_str(), config.suites[0].format.as_str()), (name, format), "{text}");
    }
}

#[test]
fn backend_and_frontend_are_both_found() {
    let (config, text) = config_of(&[
        ("backend/requirements.txt", "flask"),
        ("backend/test_app.py", ""),
        ("frontend/package.json", r#"{"scripts":{"test":"mocha"},"devDependencies":{"mocha":"1"}}"#),
        ("frontend/package-lock.json", "{}"),
        ("frontend/node_modules/x/package.json", r#"{"scripts":{"test":"node --test"}}"#),
        (".hidden/Cargo.toml", ""),
    ]);
    let names: Vec<&str> = config.suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(names, ["backend-pytest", "frontend-npm"], "{text}");
    assert!(config.setup.is_none() && text.contains("# keep = [\"frontend/node_modules\"]"), "{text}");
    assert!(text.contains("needs the tools of several images"), "{text}");
}

#[test]
fn suites_run_where_and_with_what_they_need() {
    let (config, text) = config_of(&[("x/__init__.py", ""), ("x/tests/test_a.py", "")]);
    assert_eq!(config.suites[0].directory, ".", "the package is imported from its parent:\n{text}");
    let (_, text) = config_of(&[
        ("manage.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site.settings\")"),
        ("requirements.txt", "Django"),
        ("shop/__init__.py", ""),
        ("shop/tests.py", ""),
    ]);
    assert!(text.contains("--ds=site.settings") && text.contains("-r requirements.txt pytest pytest-django"), "{text}");
    let (_, text) = config_of(&[("package.json", r#"{"scripts":{"test":"bun test"},"dependencies":{"a":"1"}}"#)]);
    assert!(text.contains("oven/bun") && text.contains("bun install") && !text.contains("node:"), "{text}");
}

#[test]
fn what_was_not_looked_at_is_said() {
    let detection = detect(&Files::of(&[
        ("web app/package.json", "{}"),
        ("a/b/c/d/Cargo.toml", ""),
        ("node_modules/x/package.json", "{}"),
        (".hidden/Cargo.toml", ""),
        ("go.mod", "module a"),
    ]));
    assert_eq!(detection.passed_over, ["a/b/c/d", "web app"]);
    let text = render(&detection);
    assert!(text.contains("# - a/b/c/d\n# - web app\n"), "{text}");
    let many: Vec<_> = (0..30).map(|n| (format!("x {n}/a"), String::new())).collect();
    let detection = detect(&Files(many.into_iter().collect()));
    let text = render(&detection);
    assert!(text.contains("and 20 more"), "{text}");
    assert!(!render(&detect(&Files::of(&[("go.mod", "module a")]))).contains("not looked at"));
}

#[test]
fn an_unknown_layout_writes_no_suite() {
    let cases: [&[(&str, &str)]; 7] = [
        &[],
        &[("README", "")],
        &[("tool.py", ""), ("tests/data/x.txt", "")],
        &[("manage.py", "print(1)")],
        &[("tests/real/prepare.py", ""), ("tests/x.rs", "")],
        &[("package.json", r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#)],
        &[("Makefile", "test := 1\nall:\n\ttest: x\n")],
    ];
    for files in cases {
        assert!(detect(&Files::of(files)).unknown);
        let (config, text) = config_of(files);
        assert!(config.suites.is_empty() && config.why_never_done().is_some());
        assert!(text.contains("No test suite was found"), "{text}");
    }
}

#[test]
fn links_and_pipes_on_disk_are_left_alone() {
    let top = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("go.mod"), "module secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), top.path().join("linked")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("go.mod"), top.path().join("go.mod")).unwrap();
    let pipe = top.path().join("Cargo.toml");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    std::fs::create_dir(top.path().join("sub")).unwrap();
    std::fs::write(top.path().join("sub/go.mod"), "module fine").unwrap();
    let tree = HostTree::open(top.path()).unwrap();
    assert_eq!(tree.read("linked/go.mod"), None);
    assert_eq!(tree.read("go.mod"), None);
    assert_eq!(tree.read("Cargo.toml"), None);
    assert_eq!(tree.read("../x"), None);
    assert_eq!(tree.read("sub/go.mod").as_deref(), Some("module fine"));
    let found = detect(&tree).found;
    assert_eq!(found.iter().map(|one| one.directory.as_str()).collect::<Vec<_>>(), ["sub"]);
}

fn any_files() -> impl Strategy<Value = BTreeMap<String, String>> {
    let directory = prop::sample::select(vec!["", "backend/", "web app/", "a/b/", "x/y/z/", "Ünï/", "-d/", "-/"]);
    let name = prop::sample::select(vec![
        "Cargo.toml",
        "package.json",
        "pnpm-lock.yaml",
        "yarn.lock",
        "pyproject.toml",
        "requirements.txt",
        "setup.py",
        "tests/test_x.py",
        "manage.py",
        "app/__init__.py",
        "app/tests.py",
        "bun.lock",
        "go.mod",
        "pom.xml",
        "build.gradle",
        "settings.gradle",
        "gradlew",
        "Makefile",
    ]);
    let text = prop_oneof![
        Just(r#"{"scripts":{"test":"jest --x \"y\""},"dependencies":{"a":"1"},"workspaces":["p"]}"#.to_owned()),
        Just(r#"{"scripts":{"test":"a; ./node_modules/.bin/mocha"}}"#.to_owned()),
        Just("[project]\noptional-dependencies = { dev = [] }\n[dependency-groups]\ntest = []\n".to_owned()),
        Just("test:\n\techo\n".to_owned()),
        Just("include 'a'\nrequire (\n[workspace]\n".to_owned()),
        Just("'DJANGO_SETTINGS_MODULE', 'a.b'".to_owned()),
        "\\PC{0,30}",
    ];
    prop::collection::btree_map((directory, name).prop_map(|(d, n)| format!("{d}{n}")), text, 0..10)
}

proptest! {
    #[test]
    fn whatever_is_found_reads_back(files in any_files()) {
        let tree = Files(files);
        let detection = detect(&tree);
        let text = render(&detection);
        let config = ProjectConfig::parse(&text, "p").map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(config.suites.is_empty(), detection.unknown);
    }
}
