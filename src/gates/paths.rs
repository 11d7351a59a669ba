//! Which paths hold tests, decide what the test command does, hold criteria, or try to run on the host.

mod builds;
mod planted;
mod tables;

use super::globs::path_fits;
use builds::{BUILDS, FURTHER_TESTS, NO_TESTS, SAMPLES};
use ignore::gitignore::GitignoreBuilder;
pub use planted::{guides_agents, planted};
use std::path::Path;
use tables::{CAPITALS, CRITERIA, ENTRIES, LIBRARY, PINS, SHADOWS, TESTS};

/// Ends of texts that are read by people only.
const DOCUMENTS: [&str; 3] = [".md", ".rst", ".adoc"];
/// Directories whose documents are what tests compare with.
const COMPARED: [&str; 8] =
    ["testdata", "fixtures", "golden", "goldens", "expected", "snapshots", "__snapshots__", "cassettes"];
/// Files that running tests brings into its own form, or makes where there is none.
const LOCKS: [&str; 8] = [
    "*.lock",
    "*-lock.json",
    "*-lock.yaml",
    "npm-shrinkwrap.json",
    "go.sum",
    "bun.lockb",
    "Package.resolved",
    "packages.lock.json",
];
/// Lock files that merely running tests makes.
const MADE_BY_RUNS: [&str; 8] = [
    "Cargo.lock",
    "uv.lock",
    "Gemfile.lock",
    "mix.lock",
    "rebar.lock",
    "pubspec.lock",
    "deno.lock",
    "Package.resolved",
];
/// What test runs leave behind, in repositories that track it.
const LEFT_BEHIND: [&str; 22] = [
    "**/__pycache__/**",
    "**/.pytest_cache/**",
    "**/.mypy_cache/**",
    "**/.ruff_cache/**",
    "**/node_modules/**",
    "**/target/**",
    "**/coverage/**",
    "**/htmlcov/**",
    "**/*.egg-info/**",
    "**/.nyc_output/**",
    "**/.gradle/**",
    ".coverage*",
    "coverage.*",
    "*.lcov",
    "*.log",
    "*.pid",
    "*.db",
    "*.sqlite*",
    "*.tsbuildinfo",
    ".eslintcache",
    "*.prof",
    "*.tmp",
];
/// New files by which a program changes what is run after it in the same test run.
pub const PLANTED_WHILE_RUNNING: [&str; 7] =
    ["conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "sitecustomize.py", "usercustomize.py"];

fn any(globs: &[&str], path: &str) -> bool {
    globs.iter().any(|glob| path_fits(glob, path))
}

/// Whether a pattern of the configuration fits, by the rules of `.gitignore`: a directory covers what is in it.
pub fn configured(patterns: &[String], path: &str) -> bool {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        // The configuration was read strictly; a pattern that cannot be used does not come here.
        let _usable = builder.add_line(None, pattern);
    }
    let path = Path::new(path);
    // An escaped path is never absolute; the matcher wants to be asked for relative ones only.
    path.is_relative() && builder.build().is_ok_and(|set| set.matched_path_or_any_parents(path, false).is_ignore())
}

/// Whether a change of this path while tests run changes what they say or how they are run. Lock files are left out: tools
/// bring them into their own form.
pub fn decides_over_tests(path: &str) -> bool {
    is_test(path) || (is_entry(path) && !any(&LOCKS, path))
}

/// Whether a tracked file has to be the same after a test run as before. What people read, lock files and what tools leave
/// behind are not what is tested.
pub fn stays_the_same(path: &str) -> bool {
    decides_over_tests(path) || !(any(&LOCKS, path) || any(&LEFT_BEHIND, path) || is_document(path))
}

/// Whether the path holds tests.
pub fn is_test(path: &str) -> bool {
    let lower = path.to_lowercase();
    let fits = any(&TESTS, &lower) || any(FURTHER_TESTS, &lower) || any(&CAPITALS, path) || is_plain_test(&lower);
    // Below a directory of tests everything belongs to them, whatever it is called.
    let within = |part: &str| ["tests", "test", "fixtures", "testdata"].contains(&part);
    let none = any(NO_TESTS, path) && !lower.split('/').any(within);
    fits && !none && (!is_document(&lower) || lower.split('/').any(|part| COMPARED.contains(&part)))
}

/// `calc-test.mjs` in all its spellings, `testcalc.py`, which unittest finds, and Perl's `t/calc.t`.
fn is_plain_test(lower: &str) -> bool {
    let (directory, name) = lower.rsplit_once('/').unwrap_or(("", lower));
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    let script = ["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"].contains(&end)
        && (["test", "tests", "spec"].contains(&stem)
            || ["test-", "test_"].iter().any(|start| stem.starts_with(start))
            || ["-test", "_test", ".test", "-spec", "_spec", "-tests", "_tests"]
                .iter()
                .any(|last| stem.ends_with(last)));
    let python = name.strip_prefix("test").is_some_and(|rest| rest.strip_suffix(".py").is_some());
    // Words of other things begin in the same way.
    let other = ["testimon", "testament", "tester", "testify"].iter().any(|word| name.starts_with(word));
    let perl = name.strip_suffix(".t").is_some() && directory.split('/').any(|part| part == "t" || part == "xt");
    script || (python && !other) || perl
}

/// Whether the path is a text for people.
pub fn is_document(path: &str) -> bool {
    let lower = path.to_lowercase();
    DOCUMENTS.iter().any(|end| lower.ends_with(end))
}

/// Whether merely running tests makes this file where there is none.
pub fn is_made_by_runs(path: &str) -> bool {
    any(&MADE_BY_RUNS, path)
}

/// Whether it is a module of Python's library, or of what test frameworks stand on.
pub fn is_of_language(module: &str) -> bool {
    LIBRARY.contains(&module)
}

/// Whether the path decides what a test command does.
pub fn is_entry(path: &str) -> bool {
    (any(&ENTRIES, path) || any(&PINS, path) || any(BUILDS, path)) && !any(SAMPLES, path)
}

/// Whether a new file at this path would be loaded instead of a test tool's module.
pub fn is_shadow(path: &str) -> bool {
    any(&SHADOWS, path)
}

/// Whether a new file at this path would be loaded instead of a module of Python's own library: tests run with their
/// directory first on the path, and the framework itself imports from there.
pub fn shadows_language(path: &str, suite_directories: &[String]) -> bool {
    let (directory, module) = match path.strip_suffix("/__init__.py") {
        Some(package) => package.rsplit_once('/').unwrap_or((".", package)),
        None => match path.strip_suffix(".py") {
            Some(module) => module.rsplit_once('/').unwrap_or((".", module)),
            None => return false,
        },
    };
    let first = [".", "src", "lib", "tests", "test"].contains(&directory);
    (first || suite_directories.iter().any(|one| one == directory)) && LIBRARY.contains(&module)
}

/// Whether the path holds criteria.
pub fn is_criteria(path: &str) -> bool {
    any(&CRITERIA, path)
}
