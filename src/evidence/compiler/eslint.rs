//! `ESLint`'s two forms: lines below the name of their file, and JSON.

use crate::domain::{Location, Severity, Source};
use crate::evidence::collector::Collector;
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use serde::Deserialize;

/// The file that the lines below are about, where the line is nothing but a path.
pub fn file(line: &str) -> Option<String> {
    let path = line.len() <= limits::NAME_BYTES
        && (line.starts_with('/') || line.get(1..3) == Some(":\\") || !line.contains(' ') && line.contains(['/', '.']))
        && !line.contains(": ")
        && !line.ends_with([':', '.', ')']);
    path.then(|| line.to_owned())
}

/// `  2:5  error  words  rule`.
pub fn entry(file: &str, line: &str) -> Option<Problem> {
    let (place, rest) = line.trim().split_once(' ')?;
    let (row, column) = place.split_once(':')?;
    let (row, column) = (row.parse().ok()?, column.parse().ok()?);
    let (severity, words) = rest.trim_start().split_once(' ')?;
    let severity = match severity {
        "error" | "✖" | "×" => Severity::Error,
        "warning" | "⚠" | "‼" => Severity::Warning,
        _ => return None,
    };
    let words = words.trim();
    let (words, rule) = match words.rsplit_once("  ") {
        Some((words, rule)) if !rule.contains(' ') => (words.trim_end(), rule),
        _ => (words, "eslint"),
    };
    Some(problem(file, (row, Some(column)), rule, severity, words))
}

fn problem(file: &str, place: (u32, Option<u32>), rule: &str, severity: Severity, words: &str) -> Problem {
    let mut problem = Problem::new(Source::Build, rule, words);
    problem.severity = severity;
    problem.location = Some(Location {
        file: limits::head(file, limits::NAME_BYTES).to_owned(),
        line: Some(place.0),
        column: place.1,
    });
    problem
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    file_path: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    rule_id: Option<String>,
    severity: u8,
    #[serde(rename = "message")]
    words: String,
    line: Option<u32>,
    column: Option<u32>,
}

/// Whether the line is such a report.
pub fn is_json(line: &str) -> bool {
    line.starts_with("[{\"filePath\":")
}

/// Reads a report that is one line; whether it was one.
pub fn json(to: &mut Collector, line: &str) -> bool {
    if !is_json(line) {
        return false;
    }
    let files: Vec<File> = match serde_json::from_str(line) {
        Ok(files) => files,
        Err(error) => {
            to.disagreement(&format!("a linter's report is not readable: {}", limits::head(&error.to_string(), 200)));
            return true;
        }
    };
    for file in files {
        for one in file.messages {
            let severity = if one.severity > 1 { Severity::Error } else { Severity::Warning };
            let rule = one.rule_id.as_deref().unwrap_or("eslint");
            to.problem(problem(&file.file_path, (one.line.unwrap_or(1), one.column), rule, severity, &one.words));
        }
    }
    true
}
