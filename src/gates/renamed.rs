//! Tests that stood for others. Where a file of tests cannot be loaded, tools report one failed test for the whole file;
//! once it can be, its real tests come instead.

use super::{Change, paths};
use crate::domain::{SuiteOutcome, TestStatus};

/// Whether a test of the base stood for a whole file that could not be loaded, and the file's own tests run now.
pub fn stood_for_a_file(id: &str, base: &SuiteOutcome, now: &SuiteOutcome, changes: &[Change]) -> bool {
    if base.cases.get(id) != Some(&TestStatus::Failed) {
        return false;
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
