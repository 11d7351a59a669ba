//! Frames of Ruby, PHP and .NET.

use super::limits::{self, head};
use super::trace::place;
use crate::domain::{Frame, Location};

/// The frame that the line is, if it is one of these languages'.
pub fn frame(line: &str) -> Option<Frame> {
    match line.as_bytes().first()? {
        b'#' => php(line),
        b'a' if line.starts_with("at ") => dotnet(line),
        _ => ruby(line),
    }
}

/// `from app.rb:9:in 'load'` and `app.rb:9:in 'load'`.
fn ruby(line: &str) -> Option<Frame> {
    let (front, function) = line.strip_prefix("from ").unwrap_or(line).split_once(":in ")?;
    let location = place(front).filter(|place| place.file.strip_suffix(".rb").is_some())?;
    let function = function.trim_matches(['`', '\'']);
    Some(Frame { function: name(function), location: Some(location) })
}

/// `#0 /src/app.php(7): outer()` and `#1 {main}`.
fn php(line: &str) -> Option<Frame> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let Some((front, function)) = rest.split_once("): ") else {
        return rest.starts_with('{').then(|| Frame { function: name(rest), location: None });
    };
    let (file, line) = front.rsplit_once('(')?;
    let location = Location { file: head(file, limits::NAME_BYTES).to_owned(), line: line.parse().ok(), column: None };
    Some(Frame { function: name(function.split('(').next().unwrap_or(function)), location: Some(location) })
}

/// `at A.B(String x) in /src/A.cs:line 5`.
fn dotnet(line: &str) -> Option<Frame> {
    let (function, at) = line.strip_prefix("at ")?.rsplit_once(") in ")?;
    let (file, line) = at.rsplit_once(":line ")?;
    let location =
        Location { file: head(file, limits::NAME_BYTES).to_owned(), line: line.trim().parse().ok(), column: None };
    Some(Frame { function: name(function.split('(').next().unwrap_or(function)), location: Some(location) })
}

fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| head(text, limits::NAME_BYTES).to_owned())
}
