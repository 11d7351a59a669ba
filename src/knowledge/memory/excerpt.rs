//! The lines of a patch that tell what a repair was, few enough to be quoted: those of files that the problem names come first.

use crate::domain::Finding;
use std::fmt::Write as _;

/// Longest excerpt, in characters.
pub const LONGEST: usize = 520;
/// Longest line of it.
const LINE: usize = 160;
/// Files of a patch that are looked at.
const FILES: usize = 200;

/// The changed lines of one file.
struct File<'a> {
    path: &'a str,
    lines: Vec<&'a str>,
}

/// What of a unified patch is kept of a repair of `finding`: for each file its name and the lines that were taken away and added.
pub fn excerpt(patch: &str, finding: &Finding) -> String {
    let mut files = files(patch);
    files.sort_by_key(|file| !named(finding, file.path));
    let mut text = String::new();
    let mut left = LONGEST;
    for file in files.iter().filter(|file| !file.lines.is_empty()) {
        let lines = std::iter::once(file.path).chain(file.lines.iter().copied());
        for line in lines {
            let line: String = line.trim_end().chars().take(LINE).collect();
            let long = line.chars().count() + 1;
            if long > left {
                return text;
            }
            left -= long;
            let _infallible = writeln!(text, "{line}");
        }
    }
    text
}

/// Whether the problem is at this file, or its stack goes through it.
fn named(finding: &Finding, path: &str) -> bool {
    let places = finding.stack.iter().filter_map(|frame| frame.location.as_ref()).chain(&finding.location);
    places.into_iter().any(|place| place.file == path || place.file.ends_with(&format!("/{path}")))
}

/// The files of a patch as git writes it. What it cannot be read as is left out: this is for reading, not for applying.
fn files(patch: &str) -> Vec<File<'_>> {
    let mut files: Vec<File<'_>> = Vec::new();
    let mut inside = false;
    for line in patch.lines() {
        if line.starts_with("diff --git ") {
            inside = false;
            if files.len() == FILES {
                break;
            }
            files.push(File { path: "", lines: Vec::new() });
        }
        let Some(file) = files.last_mut() else { continue };
        if line.starts_with("@@ ") {
            inside = true;
        } else if inside {
            if line.starts_with(['+', '-']) && !line[1..].trim().is_empty() {
                file.lines.push(line);
            }
        } else if let Some(path) = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")) {
            // Of a file that is gone the old name is left.
            if path != "/dev/null" {
                file.path = path.strip_prefix("b/").or_else(|| path.strip_prefix("a/")).unwrap_or(path);
            }
        }
    }
    files
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{Fingerprint, Location, Severity, Source};
    use proptest::prelude::*;

    /// A problem at a place.
    pub fn finding(kind: &str, message: &str, file: Option<&str>, test: Option<&str>) -> Finding {
        Finding {
            source: Source::Test,
            kind: kind.to_owned(),
            severity: Severity::Error,
            message: message.to_owned(),
            test: test.map(str::to_owned),
            location: file.map(|file| Location { file: file.to_owned(), line: Some(3), column: None }),
            stack: Vec::new(),
            exact: Fingerprint(format!("exact {kind} {message}")),
            class: Fingerprint(format!("class {kind}")),
            count: 1,
        }
    }

    const PATCH: &str = "diff --git a/notes.md b/notes.md\nindex 1..2 100644\n--- a/notes.md\n+++ b/notes.md\n@@ -1 +1,2 @@\n one\n\
        +two\n+\ndiff --git a/src/calc.py b/src/calc.py\nindex 1..2 100644\n--- a/src/calc.py\n+++ b/src/calc.py\n@@ -1,2 +1,2 @@\n\
        -    return a - b\n+    return a + b\n";

    #[test]
    fn files_that_the_problem_names_come_first() {
        let told = excerpt(PATCH, &finding("E", "m", Some("/work/src/calc.py"), None));
        assert_eq!(told, "src/calc.py\n-    return a - b\n+    return a + b\nnotes.md\n+two\n");
        assert!(excerpt(PATCH, &finding("E", "m", None, None)).starts_with("notes.md\n"));
        assert_eq!(excerpt("", &finding("E", "m", None, None)), "");
    }

    proptest! {
        #[test]
        fn anything_is_cut_to_what_can_be_quoted(parts in prop::collection::vec("[+@ -]{0,3}.{0,300}\n?", 0..40)) {
            let patch = format!("diff --git a/x b/x\n+++ b/x\n@@ -1 +1 @@\n{}", parts.concat());
            prop_assert!(excerpt(&patch, &finding("E", "m", Some("x"), None)).chars().count() <= LONGEST);
        }
    }
}
