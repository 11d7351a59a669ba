//! First lines of problems that begin with a place: `a.c:1:2: error: words`, `a.ts(1,2): error TS1: words`, `a.py:1:2: E1 words`.

use super::Style;
use crate::domain::{Location, Severity, Source};
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use crate::evidence::trace::place;

/// The kind of what only adds to the problem before it.
pub const NOTE: &str = "\0note";

/// The problem that the line opens, and how it goes on.
pub fn header(line: &str) -> Option<(Problem, Style)> {
    let (location, rest, dashed) = split(line)?;
    let indented = if dashed { Style::Pretty } else { Style::Indented };
    let go = is_go(&location.file) || line.starts_with("vet: ");
    if let Some((severity, code, message)) = severity(rest) {
        let mut style = if line.contains("): ") && code.is_some() { Style::Indented } else { Style::Gcc };
        if dashed {
            style = Style::Pretty;
        }
        return Some((problem(location, severity, code, message), style));
    }
    if let Some((code, message, colon)) = lint_code(rest) {
        // pylint's letters are severities, the others' are only families.
        let warning = if colon { code.starts_with(['C', 'R', 'W', 'I']) } else { code.starts_with('W') };
        let mut problem = Problem::new(Source::Build, code, message.trim_start_matches("[*] "));
        problem.severity = if warning { Severity::Warning } else { Severity::Error };
        problem.location = Some(location);
        return Some((problem, Style::Indented));
    }
    if go && location.column.is_some() {
        let mut problem = Problem::new(Source::Build, "go build", rest);
        problem.location = Some(location);
        return Some((problem, indented));
    }
    if let Some(message) = rest.strip_prefix("*** ") {
        let mut problem = Problem::new(Source::Build, "make", message);
        problem.location = Some(location);
        return Some((problem, Style::Indented));
    }
    let linker = ["undefined reference to ", "multiple definition of "].iter().any(|start| rest.starts_with(start));
    linker.then(|| {
        let mut problem = super::link::problem(rest);
        problem.location = Some(location);
        (problem, Style::Indented)
    })
}

/// `  /p/a.py:3:5 - error: words (code)`, as pyright writes it below its file.
pub fn indented(line: &str) -> Option<Problem> {
    let rest = line.strip_prefix("  ").filter(|rest| rest.starts_with(['/', '.']) || rest.contains(" - "))?;
    if !rest.contains(" - error") && !rest.contains(" - warning") {
        return None;
    }
    let (location, rest, _) = split(rest)?;
    let (severity, code, message) = severity(rest)?;
    Some(problem(location, severity, code, message))
}

/// Place and the rest, and whether a dash stands between them.
fn split(line: &str) -> Option<(Location, &str, bool)> {
    let line = line.strip_prefix("vet: ").unwrap_or(line);
    // Everything before the first blank is the place, since a path with blanks cannot be told from words.
    let end = line.find([' ', '\t']).unwrap_or(line.len());
    let front = limits::head(line, end);
    let rest = line.get(end..)?.trim_start();
    let (front, dashed, rest) = match rest.strip_prefix("- ") {
        Some(rest) if !front.ends_with(':') => (front, true, rest),
        _ => (front.strip_suffix(':')?, false, rest),
    };
    let location = match front.strip_suffix(')') {
        Some(inner) => {
            let (file, numbers) = inner.rsplit_once('(')?;
            let (line, column) = numbers.split_once(',').unwrap_or((numbers, ""));
            Location {
                file: limits::head(file, limits::NAME_BYTES).to_owned(),
                line: Some(line.parse().ok()?),
                column: column.parse().ok(),
            }
        }
        None => place(front)?,
    };
    is_file(&location.file).then_some((location, rest, dashed))
}

/// Whether it can be a source file: not a time, an address, or a word.
fn is_file(file: &str) -> bool {
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let (name, extension) = base.rsplit_once('.').unwrap_or((base, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let plain = extension.starts_with(|c: char| c.is_ascii_alphabetic());
    (plain && !name.is_empty() || name == "Makefile" || (file.contains('/') && !digits(base)))
        && !file.contains(['(', '"', '`'])
        && !file.contains("://")
}

fn is_go(file: &str) -> bool {
    file.strip_suffix(".go").is_some()
}

/// `error: words`, `error TS1: words`, `fatal error[x]: words`: severity (none for a note), code, words.
#[allow(clippy::type_complexity, reason = "three parts of one line")]
fn severity(rest: &str) -> Option<(Option<Severity>, Option<&str>, &str)> {
    let error = Some(Severity::Error);
    let warning = Some(Severity::Warning);
    let (severity, rest) = [
        ("error", error),
        ("warning", warning),
        ("note", None),
        ("fatal error", error),
        ("info", None),
        ("information", warning),
        ("remark", None),
        ("hint", None),
        ("style", warning),
        ("performance", warning),
        ("portability", warning),
    ]
    .into_iter()
    .find_map(|(word, severity)| {
        let rest = rest.strip_prefix(word)?;
        rest.starts_with([':', ' ', '[']).then_some((severity, rest))
    })?;
    let (code, message) = rest.split_once(':')?;
    let code = code.trim().trim_matches(['[', ']']);
    if code.contains(' ') || code.len() > 40 {
        return None;
    }
    Some((severity, (!code.is_empty()).then_some(code), message.trim()))
}

fn problem(location: Location, severity: Option<Severity>, code: Option<&str>, message: &str) -> Problem {
    let word = match severity {
        Some(Severity::Error) => "error",
        Some(Severity::Warning) => "warning",
        None => NOTE,
    };
    let named = if severity.is_none() { None } else { code_behind(message).or_else(|| code_before(message)) };
    let (message, kind) = match (code, named) {
        (Some(code), _) => (message, code),
        (None, Some((message, code))) => (message, code),
        (None, None) => (message, word),
    };
    let mut problem = Problem::new(Source::Build, kind, message);
    problem.severity = severity.unwrap_or(Severity::Warning);
    problem.location = Some(location);
    problem
}

/// `words [-Wcode]`, `words  [code]`: the words and the code.
pub fn code_behind(message: &str) -> Option<(&str, &str)> {
    let message = message.trim_end();
    if let Some(inner) = message.strip_suffix(']') {
        let (words, code) = inner.rsplit_once('[')?;
        let code = code.strip_prefix("-Werror=").map_or(code, |_| code.get("-Werror=".len()..).unwrap_or(code));
        let code = code.strip_prefix("-W").unwrap_or(code).split(',').next().unwrap_or(code);
        let named = !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+=.".contains(&b));
        return (named && words.ends_with(' ') && !words.trim().is_empty()).then(|| (words.trim_end(), code));
    }
    // pyright's own codes.
    let inner = message.strip_suffix(')')?;
    let (words, code) = inner.rsplit_once(" (report")?;
    let from = inner.len() - code.len() - "report".len();
    (!code.contains(' ')).then(|| (words, inner.get(from..).unwrap_or(code)))
}

/// javac's `[deprecation] words`.
fn code_before(message: &str) -> Option<(&str, &str)> {
    let (code, words) = message.strip_prefix('[')?.split_once("] ")?;
    code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-').then_some((words, code))
}

/// `F401 words`, `C0114: words`, `invalid-syntax: words`: the code, the words, whether a colon stands between.
fn lint_code(rest: &str) -> Option<(&str, &str, bool)> {
    let (word, message) = rest.split_once(' ')?;
    let code = word.strip_suffix(':').unwrap_or(word);
    (is_lint_code(code) || word == "invalid-syntax:").then_some((code, message.trim(), code.len() < word.len()))
}

fn is_lint_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = word.len() - digits.len();
    (1..=6).contains(&letters) && (2..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `F401 [*] words` alone, as ruff writes it above the place.
pub fn ruff_head(line: &str) -> Option<(&str, &str)> {
    if let Some(words) = line.strip_prefix("invalid-syntax: ") {
        return Some(("invalid-syntax", words));
    }
    let (code, words) = line.split_once(' ')?;
    is_lint_code(code).then(|| (code, words.trim_start_matches("[*] ")))
}

/// `error TS18003: words` without a place.
pub fn typescript_code(line: &str) -> Option<(&str, &str)> {
    let (code, words) = line.strip_prefix("error ")?.split_once(": ")?;
    let number = code.strip_prefix("TS")?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some((code, words))
}

/// Lines before a problem that belong to it: who includes the file, which function it is in, what asked for it.
pub fn context(line: &str) -> bool {
    line.starts_with("In file included from ")
        || line.starts_with("                 from ")
        || line.ends_with("required from here")
        || line.contains(":   required from ")
        || (line.ends_with(':') || line.ends_with("’") || line.ends_with(']'))
            && [": In function ", ": in function ", ": In member function ", ": At top level", ": At global scope"]
                .iter()
                .chain(&[
                    ": In instantiation of ",
                    ": In constructor ",
                    ": In substitution of ",
                    ": In lambda function",
                ])
                .any(|word| line.contains(word))
}
