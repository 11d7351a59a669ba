//! What a person is told who has to look at a result: how much differs from the base, and where.

use super::{Change, ChangeKind, is_test, path_fits};
use crate::domain::Bounded;

/// Files with tests that are named in one line.
const NAMED: usize = 10;

/// The facts of a diff, a line each. `patch` is its beginning, and all of it where `whole`; `tests` are the project's own patterns of
/// files that hold tests.
pub fn diff_facts(changes: &[Change], patch: &str, whole: bool, tests: &[String]) -> Vec<String> {
    let count = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count();
    let (came, went) = counted(patch);
    let least = if whole { "" } else { "at least " };
    let mut facts = Bounded::default();
    facts.push(&format!(
        "{} files differ from the base: {} new, {} changed, {} gone, {} another kind of thing",
        changes.len(),
        count(ChangeKind::Added),
        count(ChangeKind::Modified),
        count(ChangeKind::Deleted),
        count(ChangeKind::TypeChanged)
    ));
    facts.push(&format!("{least}{came} lines came and {least}{went} went"));
    let holds = |path: &str| is_test(path) || tests.iter().any(|pattern| path_fits(pattern, path));
    let held: Vec<&str> = changes.iter().map(|change| change.path.as_str()).filter(|path| holds(path)).collect();
    facts.push(&match held.as_slice() {
        [] => "no file with tests is among them".to_owned(),
        named if named.len() <= NAMED => format!("files with tests among them: {}", named.join(", ")),
        named => format!(
            "files with tests among them: {} and {} more",
            named.get(..NAMED).unwrap_or_default().join(", "),
            named.len() - NAMED
        ),
    });
    for change in changes {
        let kind = match change.kind {
            ChangeKind::Added => "new",
            ChangeKind::Modified => "changed",
            ChangeKind::Deleted => "gone",
            ChangeKind::TypeChanged => "another kind of thing",
        };
        facts.push(&format!("{kind}: {}{}", change.path, if change.link { ", a link" } else { "" }));
    }
    facts.finish()
}

/// Lines that came and went. Each part of a patch says first how many lines it has, so no text in it can pass for a patch's own word.
fn counted(patch: &str) -> (u64, u64) {
    let (mut came, mut went, mut old, mut new) = (0, 0, 0_u64, 0_u64);
    for line in patch.split('\n') {
        if (old, new) == (0, 0) {
            (old, new) = part(line).unwrap_or_default();
            continue;
        }
        match line.as_bytes().first() {
            Some(b'+') => (came, new) = (came + 1, new.saturating_sub(1)),
            Some(b'-') => (went, old) = (went + 1, old.saturating_sub(1)),
            Some(b'\\') => {}
            _ => (old, new) = (old.saturating_sub(1), new.saturating_sub(1)),
        }
    }
    (came, went)
}

/// How many lines of before and of now follow a line such as `@@ -1,4 +1,5 @@`.
fn part(line: &str) -> Option<(u64, u64)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let lines = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((lines(old)?, lines(new)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;

    fn change(path: &str, kind: ChangeKind) -> Change {
        Change { path: path.to_owned(), raw: path.into(), kind, link: false }
    }

    #[test]
    fn a_diff_is_told_by_files_lines_and_tests() {
        let patch = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,3 +1,2 @@ fn\n one\n-two\n--- three\n+@@ -1,90 +1,90 @@\n\
                     diff --git a/b b/b\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n";
        let changes = [
            change("src/a.rs", ChangeKind::Modified),
            change("tests/b.rs", ChangeKind::Added),
            change("checks/c", ChangeKind::Deleted),
        ];
        assert_eq!(
            diff_facts(&changes, patch, true, &["checks/*".to_owned()]),
            [
                "3 files differ from the base: 1 new, 1 changed, 1 gone, 0 another kind of thing",
                "2 lines came and 2 went",
                "files with tests among them: tests/b.rs, checks/c",
                "changed: src/a.rs",
                "new: tests/b.rs",
                "gone: checks/c",
            ]
        );
        let told = diff_facts(&[change("a", ChangeKind::Modified)], "", false, &[]);
        assert_eq!(told[1..3], ["at least 0 lines came and at least 0 went", "no file with tests is among them"]);
    }

    proptest! {
        /// Whatever lines are in a file: as many are counted as there are.
        #[test]
        fn no_line_of_a_file_is_taken_for_the_patchs_own(lines in proptest::collection::vec("[-+@ \\\\]{0,4}[ -~]{0,20}", 1..30), gone in 0_usize..5) {
            let gone = gone.min(lines.len());
            let mut patch = format!("@@ -1,{gone} +1,{} @@\n", lines.len());
            for line in &lines[..gone] {
                writeln!(patch, "-{line}").unwrap();
            }
            for line in &lines {
                writeln!(patch, "+{line}").unwrap();
            }
            prop_assert_eq!(counted(&patch), (lines.len() as u64, gone as u64));
        }
    }
}
