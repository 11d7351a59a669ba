//! What of an error or of a test's name stays the same when the same thing happens again. `evidence::normalise` takes out what
//! any log has; here goes what only comparing whole rounds shows: ids that are made up anew, names of workers, counts with
//! their plural, lines that are not the telling one.

use super::made_up::{is_worker, known_by};
use crate::domain::Source;
use crate::evidence::normalise;

/// Most bytes of an error's text that are looked at.
const LONGEST: usize = 16 * 1024;
/// Most bytes of one line of it.
const LONGEST_LINE: usize = 2 * 1024;
/// Words of lines that say what is wrong.
const TELLING: [&str; 7] = ["error", "exception", "panicked", "fail", "fatal", "assert", "cannot"];
/// What sums up other lines.
const SUMS: [&str; 8] = [
    "aborting due to",
    "could not compile",
    "build failed",
    "tests failed",
    "previous error",
    "found <n> error",
    "npm err! code elifecycle",
    "waiting for other jobs",
];

/// What an error is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its source and its telling line, normalised.
    pub name: String,
    /// It only warns, or sums up what other lines say. Such lines count where nothing else is there.
    pub weak: bool,
}

/// What an error is known by. Nothing where it has no words.
pub fn error_line(source: Source, text: &str) -> Option<Known> {
    let line = telling(clip(text, LONGEST))?;
    let words = settle(&normalise(clip(line, LONGEST_LINE)));
    (!words.is_empty()).then(|| Known { name: format!("{source:?} {words}"), weak: is_weak(&words) })
}

/// What any text of trouble is known by, whatever said it. Nothing where it has no words.
pub fn known_line(text: &str) -> Option<String> {
    error_line(Source::Harness, text).map(|known| known.name)
}

fn is_weak(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let mut words = line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).take(4);
    let warns = words.any(|word| matches!(word, "warn" | "warning" | "info" | "debug" | "note" | "notice" | "trace"));
    warns && !line.contains("error") || SUMS.iter().any(|words| line.contains(words))
}

/// The line of a text that says what is wrong: of a Python traceback the last, else the first that speaks of an error, else the
/// first that does not only warn.
fn telling(text: &str) -> Option<&str> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines().next()?;
    if first.contains("Traceback (most recent call last)") {
        return lines().next_back();
    }
    let tells = |line: &&str| {
        let line = line.to_ascii_lowercase();
        TELLING.iter().any(|word| line.contains(word)) && !line.starts_with("warning")
    };
    lines().take(200).find(tells).or(Some(first))
}

/// Goes over a normalised line word by word.
fn settle(line: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
    // `[gw0]` and `app-1 |` say which of several wrote the line.
    while let Some(word) = words.peek() {
        let tag = word.trim_matches(['[', ']', '(', ')', ':']);
        if *word != tag && is_worker(tag) {
            words.next();
        } else {
            break;
        }
    }
    for word in words {
        let before = out.last().map(String::as_str).unwrap_or_default();
        let counted = out.iter().rev().take(2).any(|before| before.ends_with("<n>"));
        let word = if counted { singular(word) } else { word };
        let word = known_by(before, word);
        out.push(word);
    }
    out.join(" ")
}

/// `3 errors` and `1 error` are the same but for the number.
fn singular(word: &str) -> &str {
    let body = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    match body.strip_suffix('s') {
        Some(one) if one.len() >= 3 && body.len() == word.len() => one,
        _ => word,
    }
}

/// At most so many bytes from the front, at the end of a character.
pub(super) fn clip(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn same(a: &str, b: &str) {
        let (left, right) = (error_line(Source::Test, a), error_line(Source::Test, b));
        assert!(left.is_some() && left == right, "{left:?}\n{right:?}");
    }

    fn other(a: &str, b: &str) {
        assert_ne!(error_line(Source::Test, a), error_line(Source::Test, b));
    }

    #[test]
    fn the_same_error_is_known_again() {
        for (a, b) in [
            ("2026-11-22T18:39:00.123Z ERROR pool timed out", "2026-11-23T01:02:03.999Z ERROR pool timed out"),
            ("\x1b[31merror\x1b[0m: x at 0x7ffe01 (pid 12)", "error: x at 0x55aa99 (pid 98765)"),
            ("connect ECONNREFUSED 127.0.0.1:54321", "connect ECONNREFUSED 127.0.0.1:40001"),
            ("request_id=req_8f3a2b failed", "request_id=req_11c0de failed"),
            ("trace: 4bf92f3577b34da6 boom", "trace: a0ce929d0e0e4736 boom"),
            ("assertion failed after 1.23s at src/a.rs:10:5", "assertion failed after 98ms at src/a.rs:14:9"),
            ("aborting due to 3 previous errors", "aborting due to 1 previous error"),
            ("[gw0] FAILED tests/a.py::b", "[gw7] FAILED tests/a.py::b"),
            ("[worker-3] Error: no such table: users", "[worker-1] Error: no such table: users"),
            ("Thread-12 error: deadlock", "Thread-3 error: deadlock"),
            ("http-nio-8080-exec-3 error: deadlock", "http-nio-8080-exec-9 error: deadlock"),
            ("GET /users/123 status 500 error", "GET /users/77 status 500 error"),
            ("open /tmp/tmpab12cd/data.db: error", "open /tmp/tmpzz99xx/data.db: error"),
            ("commit a1b2c3d: error: boom", "commit 9f8e7d6: error: boom"),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'x'",
                "Traceback (most recent call last):\n  File \"a.py\", line 9\nKeyError: 'x'",
            ),
            ("on 11/22/2026 error: boom", "on 01/02/2027 error: boom"),
        ] {
            same(a, b);
        }
    }

    #[test]
    fn different_errors_stay_different() {
        for (a, b) in [
            ("error[E0308]: mismatched types", "error[E0382]: mismatched types"),
            ("error in f10.rs", "error in f11.rs"),
            ("status 500", "status 404"),
            ("SQLSTATE 42P01", "SQLSTATE 23505"),
            ("KeyError: 'x'", "KeyError: 'y'"),
            ("TS2345: error", "TS2322: error"),
            ("utf8 error", "sha256 error"),
        ] {
            other(a, b);
        }
        assert_ne!(error_line(Source::Backend, "boom"), error_line(Source::Frontend, "boom"));
    }

    #[test]
    fn lines_that_only_warn_or_sum_up_are_seen() {
        let weak = |text| error_line(Source::Build, text).unwrap().weak;
        assert!(weak("warning: unused variable"));
        assert!(weak("2026-11-22T18:39:00Z WARN slow query"));
        assert!(weak("error: aborting due to 3 previous errors"));
        assert!(!weak("error: warning treated as error"));
        assert!(!weak("assertion failed"));
    }

    proptest! {
        #[test]
        fn anything_is_read(text in any::<String>(), times in 1usize..40) {
            let long = text.repeat(times);
            let _any = error_line(Source::Build, &long);
        }
    }
}
