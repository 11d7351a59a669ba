//! New files beside tests that would be loaded instead of what is tested. In Python the directory of a test goes first among those
//! that modules are looked for in; on the machine of Java the classes and resources of tests go before those of the program.

use super::{Change, ChangeKind, paths};
use std::collections::BTreeSet;

/// Directories in which a repository has its own modules of Python, below its top or a part of it.
const ROOTS: [&str; 4] = ["", "src", "lib", "python"];
/// How the languages of Java's machine name their sources.
const JVM: [&str; 5] = ["java", "kt", "scala", "groovy", "clj"];
/// Resources that tests have of their own in most repositories: what is logged, and how.
const LOGGING: [&str; 3] = ["logback", "log4j", "logging."];

/// Whether any of the changes may be such a file, so that the paths of the tree are worth a look.
pub fn may_stand_instead(changes: &[Change]) -> bool {
    changes.iter().any(is_candidate)
}

fn is_candidate(change: &Change) -> bool {
    let path = change.path.as_str();
    change.kind == ChangeKind::Added
        && paths::is_test(path)
        && (is_python(path) || path.starts_with("src/test/") || path.contains("/src/test/"))
}

/// What new files beside tests would be loaded instead of, in words. `tree` has the paths of the base; `empty` are new files in which
/// no code stands.
pub fn instead(
    changes: &[Change],
    tree: &BTreeSet<String>,
    suite_directories: &[String],
    empty: &[String],
) -> Vec<String> {
    let added = changes.iter().filter(|change| change.kind == ChangeKind::Added).map(|change| change.path.as_str());
    let all: BTreeSet<&str> = tree.iter().map(String::as_str).chain(added).collect();
    let new = changes.iter().filter(|change| is_candidate(change) && !empty.contains(&change.path));
    let found = new.filter_map(|change| {
        let path = change.path.as_str();
        let other = if is_python(path) { of_python(path, &all, suite_directories) } else { of_java(path, &all) };
        other.map(|other| format!("{path} would be loaded instead of {other}"))
    });
    found.collect()
}

fn is_python(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == "py")
}

/// The module outside the tests that has the name which a new one has within them.
fn of_python(path: &str, all: &BTreeSet<&str>, suite_directories: &[String]) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let above = (0..parts.len()).filter_map(|length| Some(parts.get(..length)?.join("/")));
    let mut roots: BTreeSet<String> = above.collect();
    roots.extend(suite_directories.iter().map(|one| if one == "." { String::new() } else { one.clone() }));
    let roots: Vec<String> = roots.iter().flat_map(|root| ROOTS.map(|inner| below(root, inner))).collect();
    // The module's name as each directory above it would have it.
    (1..parts.len()).rev().find_map(|at| {
        let name = parts.get(at..)?.join("/");
        let (module, package) = match name.strip_suffix("/__init__.py") {
            Some(stem) => (format!("{stem}.py"), name.clone()),
            None => (name.clone(), format!("{}/__init__.py", name.strip_suffix(".py")?)),
        };
        let names = || [&module, &package].into_iter();
        let mut others = roots.iter().flat_map(|root| names().map(move |name| below(root, name)));
        others.find(|other| {
            // Modules of a package are found by its name alone.
            let directory = other.strip_suffix(&module).or_else(|| other.strip_suffix(&package)).unwrap_or_default();
            all.contains(other.as_str())
                && other != path
                && !paths::is_test(other)
                && !all.contains(format!("{directory}__init__.py").as_str())
        })
    })
}

/// The class or resource of the program that has the place of a new one of the tests.
fn of_java(path: &str, all: &BTreeSet<&str>) -> Option<String> {
    let (module, rest) = path.split_once("src/test/")?;
    // The language's own directory, then the place.
    let (_, place) = rest.split_once('/')?;
    let name = place.rsplit('/').next().unwrap_or(place);
    if LOGGING.iter().any(|start| name.starts_with(start)) {
        return None;
    }
    let stem = |path: &str| match path.rsplit_once('.') {
        Some((stem, end)) if JVM.contains(&end) => stem.to_owned(),
        _ => path.to_owned(),
    };
    let main = format!("{module}src/main/");
    let mut sources = all.range(main.as_str()..).take_while(|other| other.starts_with(&main));
    let is_same = |other: &&&str| {
        let place_there = other.strip_prefix(&main).and_then(|rest| rest.split_once('/'));
        place_there.is_some_and(|(_, there)| stem(there) == stem(place))
    };
    sources.find(is_same).map(|other| (*other).to_owned())
}

fn below(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(new: &str, tree: &[&str]) -> Vec<String> {
        let change = Change { path: new.into(), kind: ChangeKind::Added, ..Change::default() };
        let tree = tree.iter().map(|path| (*path).to_owned()).collect();
        instead(&[change], &tree, &[".".to_owned()], &[])
    }

    #[test]
    fn a_module_of_the_same_name_beside_the_tests_is_named() {
        for (new, other) in [
            ("tests/calc.py", "calc.py"),
            ("tests/calc.py", "calc/__init__.py"),
            ("tests/calc/__init__.py", "calc.py"),
            ("tests/unit/calc.py", "src/calc.py"),
            ("tests/calc/core.py", "calc/core.py"),
            ("api/tests/calc.py", "api/calc.py"),
            ("src/test/java/x/Calc.java", "src/main/java/x/Calc.java"),
            ("src/test/kotlin/x/Calc.kt", "src/main/java/x/Calc.java"),
            ("app/src/test/resources/rates.json", "app/src/main/resources/rates.json"),
        ] {
            assert_eq!(found(new, &[other, "tests/test_a.py"]), [format!("{new} would be loaded instead of {other}")]);
        }
        // What the work itself brings beside is no better.
        let new = ["calc.py", "tests/calc.py"];
        let new = new.map(|path| Change { path: path.into(), kind: ChangeKind::Added, ..Change::default() });
        assert_eq!(instead(&new, &BTreeSet::new(), &[], &[]).len(), 1);
    }

    #[test]
    fn honest_files_beside_tests_are_not_named() {
        for (new, tree) in [
            ("tests/test_calc.py", &["calc.py"][..]),
            ("tests/utils.py", &["app/utils.py", "app/__init__.py"]),
            ("tests/utils.py", &["src/app/utils.py", "src/app/__init__.py"]),
            ("tests/calc/test_core.py", &["calc/core.py"]),
            ("tests/helpers.py", &["web/helpers.py"]),
            ("tests/helpers.py", &["test/helpers.py"]),
            ("src/test/java/x/CalcTest.java", &["src/main/java/x/Calc.java"]),
            ("src/test/java/y/Calc.java", &["src/main/java/x/Calc.java"]),
            ("a/src/test/java/x/Calc.java", &["b/src/main/java/x/Calc.java"]),
            ("src/test/resources/logback-test.xml", &["src/main/resources/logback-test.xml"]),
            ("src/other.py", &["other.py"]),
        ] {
            assert_eq!(found(new, tree), Vec::<String>::new(), "{new}");
        }
        let change = Change { path: "tests/calc/__init__.py".into(), kind: ChangeKind::Added, ..Change::default() };
        let (tree, empty) = (BTreeSet::from(["calc/__init__.py".to_owned()]), [change.path.clone()]);
        assert_eq!(instead(&[change], &tree, &[], &empty), Vec::<String>::new());
    }
}
