//! Python's traces in what a build prints, among them the errors of its own compiler.

use super::Told;
use crate::domain::Source;
use crate::evidence::junit_problem::exception;
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use crate::evidence::service::exception::is_python_error;
use crate::evidence::trace::frames;

/// Lines of one trace.
const LINES: usize = 400;

/// What Python says before a program of it runs.
const BUILD: [&str; 5] = ["SyntaxError", "IndentationError", "TabError", "ModuleNotFoundError", "ImportError"];

/// Whether an exception's name is one of those.
pub fn is_build(kind: &str) -> bool {
    BUILD.contains(&kind)
}

/// A trace in the making.
#[derive(Debug, Default)]
pub struct Python {
    lines: Vec<String>,
    open: bool,
}

impl Python {
    /// Reads one line: a problem when a trace is whole.
    pub fn line(&mut self, line: &str) -> Told {
        let starts =
            line.starts_with("Traceback (most recent call last):") || !self.open && line.starts_with("  File \"");
        if starts {
            self.lines.clear();
            self.open = true;
        } else if !self.open {
            return Told::Foreign;
        }
        if starts || line.starts_with(' ') {
            if self.lines.len() < LINES {
                self.lines.push(limits::head(line, limits::MESSAGE_BYTES).to_owned());
            }
            return Told::Used;
        }
        self.open = false;
        let (word, message) = line.split_once(": ").unwrap_or((line, ""));
        // Whatever stands below a trace is an exception's name.
        let named = is_python_error(word) && !self.lines.is_empty();
        let Some(kind) = exception(word).or_else(|| named.then(|| word.to_owned())) else { return Told::Foreign };
        let mut problem = Problem::new(Source::Backend, kind, if message.is_empty() { word } else { message });
        problem.stack = frames(&self.lines.join("\n"));
        if is_build(&problem.kind) {
            problem.source = Source::Build;
        }
        Told::Problem(problem)
    }
}
