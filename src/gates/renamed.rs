//! Tests that stood for others. Where a file of tests cannot be loaded, tools report one failed test for the whole file;
//! once it can be, its real tests come instead.

use super::{Change, paths};
use crate::domain::{SuiteOutcome, TestStatus};

/// Whether a test of the base stood for a whole file that could not be loaded, and the file's own tests run now.
pub fn stood_for_a_file(id: &str, base: &SuiteOutcome, now: &SuiteOutcome, changes: &[Change]) -> bool {
    if base.cases.get(id) != Some(&TestStatus::Failed) {
        return false;
    }
    if stood_for_a_set_up(id, base, now) {
        return true;
    }
    let mut new = now.cases.keys().filter(|other| !base.cases.contains_key(*other)).peekable();
    if new.peek().is_none() {
        return false;
    }
    let Some(last) = parts(id).last().map(|part| (*part).to_owned()) else { return false };
    // Ids of node's runner do not name their file, but a file that is as it was still holds what it held.
    if is_script(&last) && paths::is_test(&last) && !changes.iter().any(|change| change.path == last) {
        return true;
    }
    let whole = slashed(&last);
    new.any(|other| {
        let other = parts(other).iter().map(|part| slashed(part)).collect::<Vec<_>>().join("/");
        other.strip_prefix(&whole).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Names under which tools report that what comes before the tests of a class failed.
const SET_UPS: [&str; 4] = ["(unnamed)", "initializationError", "classMethod", "executionError"];

/// Whether a test of the base stood for what is done before or after the tests of a class or group, and these run now.
fn stood_for_a_set_up(id: &str, base: &SuiteOutcome, now: &SuiteOutcome) -> bool {
    let parts = parts(id);
    let Some((last, group)) = parts.split_last() else { return false };
    let ran = now.cases.iter().filter(|(other, _)| *other != id);
    // Tests that are told for the first time, or that failed as well.
    let anew = |other: &str| !matches!(base.cases.get(other), Some(TestStatus::Passed | TestStatus::Skipped));
    if let Some(title) = hooked(last) {
        // Mocha names the test at hand beside the hook; it may lie in a group within.
        let mut passed = ran.filter(|(_, status)| **status == TestStatus::Passed);
        return passed.any(|(other, _)| {
            let named = self::parts(other);
            let is_it = named.last().is_some_and(|name| *name == title || name.ends_with(&format!(" {title}")));
            is_it && (anew(other) || named.starts_with(group))
        });
    }
    let mut ran = ran.filter(|(_, status)| **status != TestStatus::Skipped);
    !group.is_empty()
        && SET_UPS.contains(last)
        && ran
            .any(|(other, _)| anew(other) && self::parts(other).split_last().is_some_and(|(_, others)| others == group))
}

/// The test that is named in `"before all" hook for "adds"`.
fn hooked(part: &str) -> Option<&str> {
    let (hook, title) = part.split_once("\" hook for \"")?;
    let known = ["\"before all", "\"before each", "\"after all", "\"after each"];
    known.iter().any(|known| hook.ends_with(known)).then(|| title.strip_suffix('"')).flatten()
}

/// What an id is put together from.
fn parts(id: &str) -> Vec<&str> {
    id.split("::").flat_map(|part| part.split(" > ")).filter(|part| !part.is_empty()).collect()
}

fn is_script(part: &str) -> bool {
    let end = part.rsplit_once('.').map_or("", |(_, end)| end);
    ["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"].contains(&end)
}

/// A module or file as a path without its ending: `tests.test_calc`, `tests/test_calc.py`.
fn slashed(part: &str) -> String {
    part.strip_suffix(".py").unwrap_or(part).replace('.', "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SuiteVerdict;
    use crate::gates::ChangeKind;

    fn suite(cases: &[(&str, TestStatus)]) -> SuiteOutcome {
        SuiteOutcome {
            suite: "unit".into(),
            verdict: SuiteVerdict::Passed,
            exit_code: Some(0),
            cases: cases.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect(),
            oddities: Vec::new(),
            flaky: std::collections::BTreeSet::new(),
        }
    }

    #[test]
    fn a_set_up_that_failed_gives_way_to_the_tests_after_it() {
        use TestStatus::{Failed, Passed, Skipped};
        let stood_for = |stood: &str, before: &[(&str, TestStatus)], after: &[(&str, TestStatus)]| {
            let base: Vec<_> = before.iter().copied().chain([(stood, Failed)]).collect();
            stood_for_a_file(stood, &suite(&base), &suite(after), &[])
        };
        for (stood, real) in [
            ("x.CalcTest::(unnamed)", "x.CalcTest::add"),
            ("x.CalcTest::initializationError", "x.CalcTest::add"),
            ("x.CalcTest::classMethod", "x.CalcTest::add"),
            ("calc > \"before all\" hook for \"add\"", "calc > add"),
            ("calc > \"before each\" hook for \"add\"", "calc > inner > add"),
            ("calc::\"before all\" hook for \"add\"", "calc::add"),
            ("\"before all\" hook for \"add\"::calc \"before all\" hook for \"add\"", "add::calc add"),
        ] {
            assert!(stood_for(stood, &[], &[(real, Passed)]), "{stood}");
            assert!(stood_for(stood, &[(real, Failed)], &[(real, Passed)]), "{stood}");
            assert!(!stood_for(stood, &[], &[(real, Skipped)]), "{stood}");
            assert!(!stood_for(stood, &[], &[("y.Other::more", Passed)]), "{stood}");
            assert!(!stood_for(stood, &[], &[]), "{stood}");
        }
        // What passed then shows nothing of the class, but the one at hand does of its hook.
        let (stood, real) = ("x.CalcTest::(unnamed)", [("x.CalcTest::add", Passed)]);
        assert!(!stood_for(stood, &real, &real));
        let (stood, real) = ("calc > \"after all\" hook for \"add\"", [("calc > add", Passed)]);
        assert!(stood_for(stood, &real, &real));
    }

    #[test]
    fn a_file_that_could_not_be_loaded_gives_way_to_its_tests() {
        use TestStatus::{Failed, Passed};
        for (stood, real) in [
            ("pytest::tests.test_calc", "tests.test_calc::test_add"),
            ("pytest::tests.test_calc", "tests.test_calc.TestAdd::test_add"),
            ("tests/test_calc.py", "tests/test_calc.py::test_add"),
            ("test/calc.test.js", "adds"),
            ("test/calc.test.js::test/calc.test.js", "test/calc.test.js::adds"),
            ("unittest.loader._FailedTest::tests.test_calc", "tests.test_calc.T::test_add"),
        ] {
            let stood_for = |status, now: &str, changes: &[Change]| {
                stood_for_a_file(stood, &suite(&[(stood, status)]), &suite(&[(now, Passed)]), changes)
            };
            assert!(stood_for(Failed, real, &[]), "{stood}");
            assert!(!stood_for(Passed, real, &[]), "{stood}");
            assert!(!stood_for(Failed, stood, &[]), "{stood}");
        }
        let file =
            Change { path: "test/calc.test.js".into(), kind: ChangeKind::Deleted, link: false, ..Change::default() };
        let base = suite(&[("test/calc.test.js", Failed)]);
        assert!(!stood_for_a_file("test/calc.test.js", &base, &suite(&[("other", Passed)]), &[file]));
        let base = suite(&[("tests.test_calc::test_add", Failed)]);
        assert!(!stood_for_a_file(
            "tests.test_calc::test_add",
            &base,
            &suite(&[("tests.test_more::test_add", Passed)]),
            &[]
        ));
    }
}
