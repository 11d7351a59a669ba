//! Code that reaches into its own test run. A program under test shares a process with the test framework in most
//! languages, so it can write the report itself and end the run before anything is asserted. No reading of reports can tell
//! that; what the work added can. This is a look at words, not a proof: who hides the words well is not found by it.

mod ends;
mod patches;

use super::code::{self, Language, beginnings, flat, lines, name};
use super::paths;
use std::collections::BTreeMap;

/// By these a program knows that it is being tested, or says what test tools say. Without needless blanks.
const KNOWS: [&str; 11] = [
    "cfg!(test)",
    "cfg(not(test))",
    "cfg_attr(not(test)",
    "PYTEST_CURRENT_TEST",
    "NODE_TEST_CONTEXT",
    "JEST_WORKER_ID",
    "VITEST",
    "testing.Testing(",
    "orig_argv",
    "test result:",
    "TAP version ",
];
/// Larger files are not looked through: work on code does not add such.
pub const LARGEST: usize = 1 << 20;
/// The frameworks and the format of their reports. Tests may name these.
const FRAMEWORKS: [&str; 11] = [
    "pytest",
    "_pytest",
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
/// By these a source finds its test framework without naming it.
const REACHES: [&str; 12] = [
    "sys.modules",
    "gc.get_objects",
    "_getframe",
    "_current_frames",
    "currentframe",
    "inspect.stack",
    "builtins",
    "__builtins__",
    "ctypes",
    "require.cache",
    "Module._load",
    "Module.prototype",
];
/// By these a new file of tests changes how the other tests are run, or what they test.
const HOOKS: [&str; 25] = [
    "sys.modules",
    "require.cache",
    "setattr(",
    "pytest_plugins",
    "def pytest_",
    "hookimpl",
    "_pytest",
    "pluginmanager",
    "addopts",
    "pytest.exit(",
    "func init()",
    "var _=func(",
    "TestExecutionExceptionHandler",
    "LifecycleMethodExecutionExceptionHandler",
    "InvocationInterceptor",
    "IHookable",
    "IInvokedMethodListener",
    "RSpec.configure",
    "RSpec::",
    "module Minitest",
    "Minitest::Assertions",
    "Minitest::Test.",
    "Minitest::Runnable",
    "currentTest.fn",
    "mochaHooks",
];
/// Matchers that `RSpec` itself has. Others may be defined beside the tests that they are for.
const MATCHERS: [&str; 22] = [
    "be",
    "be_nil",
    "be_truthy",
    "be_falsey",
    "be_within",
    "be_between",
    "be_an_instance_of",
    "be_a",
    "change",
    "contain_exactly",
    "end_with",
    "eq",
    "eql",
    "equal",
    "exist",
    "have_attributes",
    "include",
    "match",
    "match_array",
    "raise_error",
    "satisfy",
    "start_with",
];
/// Parts of pytest that tests name as types.
const TYPES: [&str; 9] =
    ["monkeypatch", "logging", "capture", "tmpdir", "recwarn", "pytester", "mark", "fixtures", "python_api"];
/// Most replacements that are named of one file.
const MOST_PATCHES: usize = 20;
/// Texts that nothing executes.
const DOCUMENTS: [&str; 4] = [".md", ".rst", ".adoc", ".svg"];
/// Files that no test run reads.
const UNREAD: [&str; 6] = [".gitignore", ".dockerignore", ".npmignore", ".editorconfig", "LICENSE", "CODEOWNERS"];
/// Directories whose files no test run reads.
const UNREAD_DIRECTORIES: [&str; 5] = [".github/", ".gitlab/", ".circleci/", ".vscode/", ".idea/"];

/// What in a changed file is new and reaches into the test run, in words. `before` is the file at the base, empty for a new
/// one; `reports` are the report paths of the suites, relative to the repository.
pub fn meddling(path: &str, before: &[u8], now: &[u8], reports: &[String]) -> Vec<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let unread = UNREAD.contains(&name) || UNREAD_DIRECTORIES.iter().any(|directory| path.starts_with(directory));
    if unread || DOCUMENTS.iter().any(|end| path.ends_with(end)) {
        return Vec::new();
    }
    if now.len().max(before.len()) > LARGEST {
        return vec![format!("{path} is larger than {LARGEST} bytes and was not looked through")];
    }
    let (before, now) = (Seen::of(path, before, reports), Seen::of(path, now, reports));
    let more = |(said, times): &(&String, &usize)| *times > before.said.get(*said).unwrap_or(&0);
    let mut found: Vec<String> = now.said.iter().filter(more).map(|(said, _)| format!("{path} {said}")).collect();
    let patches = now.patches.iter().filter(|patch| !before.patches.contains(patch));
    found.extend(patches.take(MOST_PATCHES).map(|patch| format!("{path} patches `{patch}` for all tests")));
    found
}

/// Everything of interest in one version of a file.
#[derive(Debug, Default)]
struct Seen {
    /// What is said, in words, and how often.
    said: BTreeMap<String, usize>,
    /// What is given another value.
    patches: Vec<String>,
}

impl Seen {
    fn of(path: &str, text: &[u8], reports: &[String]) -> Self {
        let language = Language::of(path);
        let text = String::from_utf8_lossy(text);
        let raw = code::with_usual_ends(language, &text);
        // What only starting a file as a program runs, no test runs.
        let imported = if language == Language::Python { code::imported(&raw) } else { &raw };
        let lines = lines(language, imported);
        let text = flat(&lines);
        let is_test = paths::is_test(path);
        let mut seen = Self::default();
        for report in reports {
            let name = report.rsplit('/').next().unwrap_or(report);
            // Of a pattern only a literal name says something.
            if !name.is_empty() && !name.contains(['*', '?']) {
                seen.add(format!("names the report `{name}`"), raw.matches(name).count());
            }
        }
        let words: &[&str] = match (is_test, paths::is_entry(path)) {
            (true, _) => &HOOKS,
            (false, true) => &[],
            (false, false) => &FRAMEWORKS,
        };
        // Literals of Rust say something here, too.
        let said = if language == Language::Rust { flat(&raw) } else { text.clone() };
        for word in KNOWS.iter().chain(words).chain(if is_test { &[][..] } else { &REACHES }) {
            let uses = beginnings(&said, word).filter(|(before, behind)| !is_usual(word, before, behind));
            seen.add(format!("says `{word}`"), uses.count());
        }
        for end in ends::ends(language, &raw, &text) {
            seen.add(format!("says `{end}`"), 1);
        }
        let patches =
            if is_test { patches::in_tests(language, &raw, &lines) } else { patches::in_sources(language, &lines) };
        seen.patches.extend(patches);
        seen
    }

    fn add(&mut self, said: String, times: usize) {
        if times > 0 {
            *self.said.entry(said).or_default() += times;
        }
    }
}

/// Whether a word stands where honest programs have it: for a module's own entry, or where it is undone by itself.
fn is_usual(word: &str, before: &str, behind: &str) -> bool {
    match word {
        "sys.modules" => {
            behind.starts_with("[__name__]")
                || ["monkeypatch.setitem(", "monkeypatch.delitem(", "patch.dict(", "patch.dict('", "patch.dict(\""]
                    .iter()
                    .any(|call| before.ends_with(call))
        }
        "setattr(" => (before.ends_with('.') && !before.ends_with("builtins.")) || behind.starts_with("self,"),
        "def pytest_" => behind.starts_with("generate_tests("),
        "_pytest" => behind.strip_prefix('.').is_some_and(|part| TYPES.contains(&name(part))),
        "require.cache" => before.ends_with("delete "),
        "RSpec::" => {
            let defined = behind.strip_prefix("Matchers.define").map(|rest| rest.trim_start_matches(['(', ' ', ':']));
            defined.is_some_and(|rest| !MATCHERS.contains(&name(rest)))
        }
        "Minitest::Assertions" => before.ends_with("include "),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
