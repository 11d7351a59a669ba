//! What cargo and rustc write as JSON, one message a line.

use super::Told;
use crate::domain::{Location, Severity, Source};
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use crate::evidence::rustc;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "message")]
    words: String,
    level: String,
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
}

/// Reads one line.
pub fn read(line: &str) -> Told {
    if line.starts_with("{\"reason\":\"") {
        if !line.contains("\"compiler-message\"") {
            return Told::Used;
        }
        // A line that is cut off tells nothing.
        let message = serde_json::from_str::<Line>(line).ok().and_then(|line| line.message);
        return message.and_then(problem).map_or(Told::Used, Told::Problem);
    }
    if line.starts_with("{\"$message_type\":\"diagnostic\"") {
        return serde_json::from_str(line).ok().and_then(problem).map_or(Told::Used, Told::Problem);
    }
    Told::Foreign
}

fn problem(message: Message) -> Option<Problem> {
    let severity = match message.level.as_str() {
        "warning" => Severity::Warning,
        level if level.starts_with("error") => Severity::Error,
        _ => return None,
    };
    let place = message.spans.iter().find(|span| span.is_primary).or(message.spans.first());
    if rustc::echo(&message.words) || severity == Severity::Warning && place.is_none() {
        return None;
    }
    let word = if severity == Severity::Error { "error" } else { "warning" };
    let kind = message.code.map_or_else(|| word.to_owned(), |code| code.code);
    // The first rendered line repeats code and message.
    let rendered = message.rendered.as_deref().and_then(|text| text.split_once('\n')).map_or("", |(_, rest)| rest);
    let words = format!("{}\n{}", message.words, limits::head(rendered, limits::MESSAGE_BYTES));
    let mut problem = Problem::new(Source::Build, kind, words.trim_end());
    problem.severity = severity;
    problem.location = place.map(|span| Location {
        file: limits::head(&span.file_name, limits::NAME_BYTES).to_owned(),
        line: Some(span.line_start),
        column: Some(span.column_start),
    });
    Some(problem)
}
