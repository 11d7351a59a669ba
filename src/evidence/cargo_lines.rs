//! Single lines of what `cargo test` and libtest print.

use crate::domain::TestStatus;

/// What became of a test; nothing where it was measured and not tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict(pub Option<TestStatus>);

/// The names between the last `failures:` and the result line, and where that list begins.
pub fn list_before<'t>(lines: &[&'t str], at: usize) -> Option<(usize, Vec<&'t str>)> {
    let mut names = Vec::new();
    for (index, line) in lines.get(..at)?.iter().enumerate().rev() {
        if line.trim().is_empty() && names.is_empty() {
            continue;
        }
        if line.trim_end() == "failures:" {
            return (!names.is_empty()).then_some((index, names));
        }
        names.push(line.strip_prefix("    ").filter(|name| !name.starts_with(' '))?);
    }
    None
}

/// `running 3 tests`.
pub fn running(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("running ")?;
    rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test"))?.parse().ok()
}

/// The name of the test program that comes next, without its changing hash. Inside a run only cargo's own indent counts.
pub fn program_name(line: &str, strict: bool) -> Option<String> {
    if strict && !line.starts_with("   ") {
        return None;
    }
    let line = line.trim();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (doc)"));
    }
    let rest = line.strip_prefix("Running ")?;
    // Until Rust 1.56 the path stood alone.
    let (source, path) = match rest.rsplit_once(" (") {
        Some((source, path)) => (source, path.strip_suffix(')')?),
        None => ("", Some(rest).filter(|path| path.contains("/deps/"))?),
    };
    let stem = path.rsplit(['/', '\\']).next()?;
    let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
    // The library and the program of one package share a name.
    let source = source.strip_prefix("unittests ").unwrap_or_default();
    Some(if source.is_empty() || source.ends_with("lib.rs") { name.to_owned() } else { format!("{name} ({source})") })
}

/// The end of ``  process didn't exit successfully: `PATH` (signal: 6, SIGABRT: process abort signal)``.
pub fn process_end(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("process didn't exit successfully: `")?;
    rest.rsplit_once("` (")?.1.strip_suffix(')')
}

/// `test NAME ... REST`; the rest is empty when the test's own output came between.
pub fn test_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("test ")?;
    rest.split_once(" ... ").or_else(|| rest.strip_suffix(" ...").map(|name| (name, "")))
}

/// What a verdict says.
pub fn verdict(text: &str) -> Option<Verdict> {
    let text = text.trim();
    let word = text.split([' ', ',', '<']).next().unwrap_or_default();
    match word {
        "ok" if text == "ok" || text.starts_with("ok <") => Some(Verdict(Some(TestStatus::Passed))),
        "FAILED" => Some(Verdict(Some(TestStatus::Failed))),
        "ignored" => Some(Verdict(Some(TestStatus::Skipped))),
        "bench:" => Some(Verdict(None)),
        _ => None,
    }
}

/// `50%test NAME ... ok`: a verdict behind output that came past the test program and did not end its line.
pub fn behind_output(line: &str) -> Option<(&str, Verdict)> {
    let (name, rest) = test_line(line.get(line.rfind("test ")?..)?)?;
    Some((name, verdict(rest)?))
}

/// The verdict at the end of the last line of a test's output, the first of which stands behind its name.
pub fn glued(rest: &str, printed: &[&str]) -> Option<Verdict> {
    let last = match printed.iter().rev().find(|line| !line.trim().is_empty()) {
        Some(line) if test_line(line).is_some() => return None,
        Some(line) => line.trim_end(),
        None => rest.trim_end(),
    };
    let ends = [("FAILED", TestStatus::Failed), ("ignored", TestStatus::Skipped), ("ok", TestStatus::Passed)];
    ends.iter().find(|(word, _)| last.ends_with(word)).map(|(_, status)| Verdict(Some(*status)))
}

/// Whether a name is one that Rust gives to tests, so that it is no line of a test's own making.
pub fn is_path(name: &str) -> bool {
    let name = plain_name(name);
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '#'))
}

/// The name without what libtest adds.
pub fn plain_name(name: &str) -> &str {
    [" - should panic", " - compile fail", " - compile"]
        .iter()
        .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name))
}
