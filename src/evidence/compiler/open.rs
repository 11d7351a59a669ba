//! A problem whose lines still come: which of them belong to it, and what they add.

use super::placed;
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use crate::evidence::trace::place;

/// How a problem goes on below its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Notes, indented lines, and a line of code directly below.
    Gcc,
    /// Indented lines.
    Indented,
    /// Indented and numbered lines with blank ones between them.
    Pretty,
    /// Everything up to a blank line; the place is behind an arrow.
    Arrow,
    /// As `Arrow`, and nothing without a place.
    Lint,
    /// Lines behind `>>>`.
    Lld,
}

/// A problem whose lines still come.
#[derive(Debug)]
pub struct Open {
    /// The problem so far.
    pub problem: Problem,
    /// How it goes on.
    pub style: Style,
    /// Lines below its first one, or below its last note.
    pub below: usize,
}

impl Open {
    /// Whether the line, which opens no problem itself, belongs to this one.
    pub fn takes(&self, line: &str) -> bool {
        let indented = line.starts_with([' ', '\t']);
        match self.style {
            Style::Gcc => indented && !line.trim().is_empty() || self.below == 0 && !closes(line),
            Style::Indented => indented && !line.trim().is_empty(),
            Style::Pretty => {
                line.is_empty()
                    || indented
                    || line.starts_with(|c: char| c.is_ascii_digit())
                        && line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(' ')
            }
            Style::Arrow | Style::Lint => !line.trim().is_empty(),
            Style::Lld => line.starts_with(">>>"),
        }
    }

    /// Adds such a line.
    pub fn add(&mut self, line: &str) {
        let line = line.trim_end();
        let marks = line.trim();
        match self.style {
            Style::Arrow | Style::Lint => {
                if self.problem.location.is_none()
                    && let Some(rest) = marks.strip_prefix("--> ")
                {
                    self.problem.location = place(rest);
                }
                if let Some(lint) = lint_name(marks)
                    && self.problem.kind == "warning"
                {
                    lint.clone_into(&mut self.problem.kind);
                }
            }
            Style::Gcc => {
                if self.below == 0
                    && self.problem.kind == "error"
                    && !line.starts_with(' ')
                    && let Some((rest, code)) = placed::code_behind(line)
                {
                    // mypy breaks long messages, and the code comes at their end.
                    self.problem.message.push(' ');
                    self.problem.message.push_str(rest);
                    code.clone_into(&mut self.problem.kind);
                    return;
                }
                // javac tells the column only by the mark below the code.
                if marks == "^"
                    && let Some(location) = &mut self.problem.location
                    && location.column.is_none()
                {
                    location.column = u32::try_from(line.len()).ok();
                }
            }
            Style::Lld => {
                let rest = marks.trim_start_matches(">>> ");
                if self.problem.location.is_none() {
                    self.problem.location = rest
                        .strip_prefix("referenced by ")
                        .or_else(|| rest.strip_prefix("defined at "))
                        .and_then(place);
                }
            }
            Style::Indented | Style::Pretty => {}
        }
        self.below += 1;
        append(&mut self.problem, line);
    }
}

/// Adds a line to a problem's message, within its bound.
pub fn append(problem: &mut Problem, line: &str) {
    if problem.message.len() <= limits::MESSAGE_BYTES {
        problem.message.push('\n');
        problem.message.push_str(limits::head(line, limits::MESSAGE_BYTES));
    }
}

/// The lint that a note on an attribute such as `#[warn(unused_variables)]` names.
fn lint_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("= note: `#[")?;
    let (_, rest) = rest.split_once('(')?;
    rest.split_once(')').map(|(name, _)| name)
}

/// Lines that close a problem even where code is expected.
fn closes(line: &str) -> bool {
    let words = ["Found ", "make", "collect2:", "compilation terminated", "Success", "ninja:", "["];
    line.trim().is_empty()
        || words.iter().any(|word| line.starts_with(word))
        || line.starts_with(|c: char| c.is_ascii_digit()) && (line.contains(" error") || line.contains(" warning"))
}
