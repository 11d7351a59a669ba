//! Single lines of what pytest prints.

use crate::domain::TestStatus;

/// What a word says of a test.
fn status(word: &str) -> Option<TestStatus> {
    Some(match word {
        "PASSED" | "XPASS" => TestStatus::Passed,
        "FAILED" | "ERROR" | "SUBFAILED" | "SUBFAIL" => TestStatus::Failed,
        "SKIPPED" | "XFAIL" => TestStatus::Skipped,
        _ => return None,
    })
}

const WORDS: [&str; 6] = ["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS"];

/// A test's outcome in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'t> {
    /// The test's id.
    pub id: &'t str,
    /// Its outcome.
    pub status: TestStatus,
    /// Whether its set-up or its tear-down broke, or its file did not load.
    pub error: bool,
    /// Why, where the line tells.
    pub reason: &'t str,
}

fn named<'t>(id: &'t str, word: &str, reason: &'t str) -> Option<Named<'t>> {
    Some(Named { id, status: status(word)?, error: word == "ERROR", reason })
}

/// Whether the text is a test's id: a file, and what is in it.
pub fn is_id(text: &str) -> bool {
    text.split_once("::").is_some_and(|(file, rest)| {
        !file.is_empty() && !rest.is_empty() && !file.contains(' ') && file.contains('.') && !WORDS.contains(&file)
    })
}

/// `a.py::test_x PASSED  [ 10%]`, and `[gw0] [ 10%] PASSED a.py::test_x` of a parallel run.
pub fn verbose(line: &str) -> Option<Named<'_>> {
    if let Some(rest) = line.strip_prefix("[gw") {
        let mut rest = rest.split_once("] ")?.1;
        if rest.starts_with('[') {
            rest = rest.split_once("] ")?.1;
        }
        let (word, id) = rest.split_once(' ')?;
        return named(id.trim(), word, "").filter(|found| found.id.contains("::"));
    }
    if line.starts_with(char::is_whitespace) || !line.contains("::") {
        return None;
    }
    let (at, word) =
        WORDS.iter().filter_map(|word| Some((line.rfind(&format!(" {word}"))?, *word))).max_by_key(|(at, _)| *at)?;
    let id = line.get(..at)?.trim_end();
    let rest = line.get(at + 1 + word.len()..)?.trim_start();
    // Behind the word come nothing, a reason in parentheses, or the progress in brackets.
    let fits = rest.is_empty() || rest.starts_with(['(', '[']);
    if fits && is_id(id) { named(id, word, "") } else { None }
}

/// The test of `a.py::test_x RERUN  [ 10%]` and `[gw0] [ 10%] RERUN a.py::test_x`: it failed and is run again.
pub fn rerun(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("[gw") {
        let id = rest.split_once(" RERUN ")?.1.trim();
        return is_id(id).then_some(id);
    }
    let (id, rest) = line.split_once(" RERUN")?;
    let rest = rest.trim_start();
    (is_id(id) && (rest.is_empty() || rest.starts_with(['(', '[']))).then_some(id)
}

/// `FAILED a.py::test_x - AssertionError: ...` of the short summary; `SUBFAILED(i=1) a.py::test_x - ...` of a part.
pub fn summary(line: &str) -> Option<Named<'_>> {
    let (word, rest) = if line.starts_with("SUBFAIL") {
        let end = line.find(|c: char| !c.is_ascii_uppercase())?;
        // What names the part may hold blanks; the id is the first word of an id's shape behind it.
        let id = line.split(' ').find(|word| is_id(word))?;
        (line.get(..end)?, line.get(line.find(id)?..)?)
    } else {
        line.split_once(' ')?
    };
    let (id, reason) = node_id(rest);
    let file = id.split("::").next().unwrap_or_default();
    if file.contains(' ') || !(id.contains("::") || file.contains(".py")) || rest.starts_with('[') {
        return None;
    }
    named(id, word, reason)
}

/// The id before ` - reason`, and the reason. An id's parameters may hold ` - ` themselves, so it ends behind their bracket.
fn node_id(text: &str) -> (&str, &str) {
    let split = |at: usize| {
        let (front, reason) = text.split_at(at);
        (front.trim_end(), reason.get(3..).unwrap_or_default())
    };
    let mut level = 0_usize;
    let mut closed = 0_usize;
    let mut first = None;
    for (at, c) in text.char_indices() {
        match c {
            '[' => level += 1,
            ']' => closed += 1,
            ' ' if text.get(at..at + 3) == Some(" - ") => {
                first = first.or(Some(at));
                if level <= closed {
                    return split(at);
                }
            }
            _ => {}
        }
    }
    // A reason may hold brackets too; without a whole pair the first mark counts.
    match first {
        Some(at) if level > closed => split(at),
        _ => (text.trim_end(), ""),
    }
}

/// `SKIPPED [2] a.py:12: reason`: how many, and a name without the line, which edits move.
pub fn skip(line: &str) -> Option<(usize, String)> {
    let (count, rest) = line.strip_prefix("SKIPPED [")?.split_once("] ")?;
    let (place, reason) = rest.split_once(": ").unwrap_or((rest, ""));
    let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
    Some((count.parse().ok()?, format!("{file} (skipped: {reason})")))
}

/// The title of a line such as `==== FAILURES ====` or `____ test_x ____`.
pub fn banner(line: &str, rule: char) -> Option<&str> {
    let rest = line.trim_end().strip_prefix(rule)?;
    let rest = rest.trim_start_matches(rule).strip_prefix(' ')?;
    let title = rest.trim_end_matches(rule).strip_suffix(' ')?;
    // A rule of single characters between blanks parts the levels of one trace.
    (!title.is_empty() && !title.starts_with(&format!("{rule} ")) && title != rule.to_string()).then_some(title)
}

/// Whether a session begins here. The heading of one that a test prints may stand behind pytest's own dots.
pub fn starts(line: &str) -> bool {
    line.contains("=== test session starts ===") && line.trim_end().ends_with("===")
}
