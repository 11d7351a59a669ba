//! Code that reaches into its own test run. A program under test shares a process with the test framework in most
//! languages, so it can write the report itself and end the run before anything is asserted. No reading of reports can tell
//! that; what the work added can. This is a look at words, not a proof: who hides the words well is not found by it.

use super::paths;
use std::collections::BTreeSet;

/// Ends the run with success before the framework has its say.
const ENDS: [&str; 15] = [
    "_exit",
    "atexit",
    "exit(0",
    "Exit(0",
    "Exit(",
    "process.exit",
    "process::exit",
    "reallyExit",
    "process.on(",
    "execv",
    ".halt(",
    "libc::exit",
    "abort(",
    "syscall.Exit",
    "func TestMain",
];
/// By these a program knows that it is being tested, or makes assertions say nothing.
const KNOWS: [&str; 9] = [
    "cfg!(test)",
    "cfg(not(test))",
    "PYTEST_CURRENT_TEST",
    "NODE_TEST_CONTEXT",
    "JEST_WORKER_ID",
    "VITEST",
    "testing.Testing(",
    "macro_rules! assert",
    "macro_rules! panic",
];
/// Larger files are not looked through: work on code does not add such.
const LARGEST: usize = 1 << 20;
/// The frameworks and the format of their reports. Tests may name these.
const FRAMEWORKS: [&str; 10] = [
    "pytest",
    "unittest",
    "junit",
    "testsuite",
    "testcase",
    "node:test",
    "jest",
    "vitest",
    "testing.M",
    "sys.settrace",
];
/// By these a new file of tests replaces what the other tests test.
const PATCHES: [&str; 3] = ["sys.modules", "setattr(", "require.cache"];
/// Most patches that are named of one file.
const MOST_PATCHES: usize = 20;
/// Texts that nothing executes.
const DOCUMENTS: [&str; 4] = [".md", ".rst", ".adoc", ".svg"];

/// What in a changed file is new and reaches into the test run, in words. `before` is the file at the base, empty for a new
/// one; `reports` are the report paths of the suites, relative to the repository.
pub fn meddling(path: &str, before: &[u8], now: &[u8], reports: &[String]) -> Vec<String> {
    if DOCUMENTS.iter().any(|end| path.ends_with(end)) {
        return Vec::new();
    }
    if now.len().max(before.len()) > LARGEST {
        return vec![format!("{path} is larger than {LARGEST} bytes and was not looked through")];
    }
    let more = |word: &str| count(now, word.as_bytes()) > count(before, word.as_bytes());
    let mut found = Vec::new();
    for report in reports {
        let name = report.rsplit('/').next().unwrap_or(report);
        // Of a pattern only a literal name says something.
        if !name.is_empty() && !name.contains(['*', '?']) && more(name) {
            found.push(format!("{path} names the report `{name}`"));
        }
    }
    if paths::is_test(path) {
        found.extend(new_patches(before, now).into_iter().map(|what| format!("{path} patches `{what}` for all tests")));
        found.extend(PATCHES.iter().filter(|word| more(word)).map(|word| format!("{path} says `{word}`")));
    }
    let frameworks: &[&str] = if paths::is_test(path) || paths::is_entry(path) { &[] } else { &FRAMEWORKS };
    found.extend(
        ENDS.iter()
            .chain(&KNOWS)
            .chain(frameworks)
            .filter(|word| more(word))
            .map(|word| format!("{path} says `{word}`")),
    );
    found
}

/// Assignments to what belongs to another module that stand at the beginning of a line, as they do when importing a file of
/// tests is to change the package for all of them: `calc.add = ...`.
fn new_patches(before: &[u8], now: &[u8]) -> Vec<String> {
    let of = |text: &[u8]| -> BTreeSet<String> {
        String::from_utf8_lossy(text).lines().filter_map(|line| target(line).map(str::to_owned)).collect()
    };
    let known = of(before);
    of(now).into_iter().filter(|target| !known.contains(target)).take(MOST_PATCHES).collect()
}

/// The dotted name that the line assigns to.
fn target(line: &str) -> Option<&str> {
    let (left, right) = line.split_once('=')?;
    let left = left.strip_suffix(' ').unwrap_or(left);
    let dotted = left.contains('.') && left.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
    // `a.b == c` compares, and a number is no name.
    (dotted && !right.starts_with('=') && !left.starts_with(|c: char| c.is_ascii_digit())).then_some(left)
}

fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|window| *window == word).count()
}

#[cfg(test)]
mod tests {
    use super::meddling;

    fn of(path: &str, before: &str, now: &str) -> Vec<String> {
        meddling(path, before.as_bytes(), now.as_bytes(), &["out/report.xml".to_owned(), "*.xml".to_owned()])
    }

    #[test]
    fn only_what_is_new_counts() {
        assert_eq!(of("calc.py", "import atexit\n", "import atexit\nx = 1\n"), Vec::<String>::new());
        assert_eq!(of("calc.py", "", "import atexit\n"), ["calc.py says `atexit`"]);
        assert_eq!(of("calc.py", "", "open('out/report.xml', 'w')"), ["calc.py names the report `report.xml`"]);
        assert_eq!(of("calc.py", "os._exit(1)", "os._exit(1); os._exit(1)"), ["calc.py says `_exit`"]);
    }

    #[test]
    fn tests_may_name_their_framework_but_not_end_the_run() {
        assert_eq!(of("tests/test_new.py", "", "import pytest\n"), Vec::<String>::new());
        assert_eq!(of("tests/test_new.py", "", "import os; os._exit(code)"), ["tests/test_new.py says `_exit`"]);
        let patch = "import calc\ncalc.add = lambda a, b: a + b\nassert calc.add == 1\n    calc.x = 1\n1.5 = 2\n";
        assert_eq!(of("tests/test_new.py", "", patch), ["tests/test_new.py patches `calc.add` for all tests"]);
        assert_eq!(of("README.md", "", "run pytest, see report.xml"), Vec::<String>::new());
        assert_eq!(of("calc.py", "", "import pytest"), ["calc.py says `pytest`"]);
    }
}
