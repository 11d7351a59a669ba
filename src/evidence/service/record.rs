//! Lines of a log that belong together: one that begins a record, and what is told below it, such as a stack.

use super::level::{self, Level};
use crate::evidence::junit_problem::exception;
use crate::evidence::limits;

/// Lines of one record that are kept.
const LINES: usize = 300;

/// What is expected below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Below {
    #[default]
    Anything,
    /// Python's trace, whose error comes without indentation.
    Python,
    /// Goroutines, whose functions come without indentation.
    Go,
    /// The message of a panic in Rust, which comes in a line of its own.
    Rust,
}

/// A record in the making.
#[derive(Debug, Default)]
pub struct Record {
    /// Its first line.
    pub head: String,
    /// The level that the first line names, and where its message begins.
    pub level: Option<(Level, usize)>,
    /// The lines below.
    pub lines: Vec<String>,
    bytes: usize,
    below: Below,
    gap: bool,
    /// Whether a trace began in it, and whether another is announced.
    traced: bool,
    announced: bool,
}

impl Record {
    /// Whether there is one.
    pub fn is_begun(&self) -> bool {
        !self.head.is_empty()
    }

    /// Begins anew with this line.
    pub fn begin(&mut self, line: &str) {
        self.head.clear();
        self.head.push_str(line);
        self.lines.clear();
        self.level = if line.starts_with('{') { None } else { level::at_start(line) };
        self.bytes = 0;
        self.gap = false;
        self.announced = false;
        self.traced = false;
        self.below = Below::Anything;
        if line.starts_with("Traceback (most recent call last):") {
            self.below = Below::Python;
            self.traced = true;
        } else if line.starts_with("thread '") && line.contains(" panicked at ") {
            self.below = Below::Rust;
            self.traced = true;
        } else if is_panic(line) || begins_exception(line) {
            self.traced = true;
        }
    }

    /// Takes the line where it belongs to this record.
    pub fn takes(&mut self, line: &str) -> bool {
        if !self.is_begun() || self.head.starts_with('{') {
            return false;
        }
        if line.trim_ascii().is_empty() {
            self.gap = true;
            if self.below == Below::Rust {
                self.below = Below::Anything;
            }
            return true;
        }
        let takes = if line.starts_with([' ', '\t', '}']) {
            !self.gap || self.traced || self.is_bad()
        } else {
            self.takes_plain(line)
        };
        if takes {
            self.gap = false;
            if self.lines.len() < LINES && self.bytes < limits::BLOCK_BYTES {
                self.bytes += line.len();
                self.lines.push(limits::head(line, limits::MESSAGE_BYTES).to_owned());
            }
        }
        takes
    }

    /// A line without indentation.
    fn takes_plain(&mut self, line: &str) -> bool {
        match self.below {
            Below::Go if !self.gap && (line.ends_with(')') || line.starts_with("created by ")) => return true,
            Below::Python | Below::Rust if !self.gap => {
                self.below = Below::Anything;
                return true;
            }
            _ => {}
        }
        match line.as_bytes().first() {
            Some(b'T' | b'D') => {
                if line.starts_with("The above exception was the direct cause")
                    || line.starts_with("During handling of the above exception")
                {
                    self.announced = self.traced;
                    return self.traced;
                }
                if line.starts_with("Traceback (most recent call last):")
                    && (self.announced || self.is_bad() && !self.traced)
                {
                    self.announced = false;
                    self.traced = true;
                    self.below = Below::Python;
                    return true;
                }
            }
            Some(b'g') if line.starts_with("goroutine ") && is_panic(&self.head) => {
                self.below = Below::Go;
                return true;
            }
            Some(b'[') if line.starts_with("[signal ") => return is_panic(&self.head),
            Some(b's' | b'n') if line.starts_with("stack backtrace:") || line.starts_with("note: ") => {
                return self.traced;
            }
            Some(b'S') if line.starts_with("Stack trace:") || line.starts_with("Suppressed: ") => return true,
            Some(b'#') => {
                return line.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) && self.traced
                    || self.lines.last().is_some_and(|last| last.starts_with('#') || last.starts_with("Stack trace:"));
            }
            Some(b'N') if line.starts_with("Next ") && self.head.contains("Uncaught ") => return true,
            Some(b'C') if line.starts_with("Caused by: ") => return true,
            Some(b'.') if line.starts_with("... ") => return self.traced,
            _ => {}
        }
        if self.is_old_java() && level::at_start(line).is_some_and(|(_, end)| line.get(end..end + 1) == Some(":")) {
            // java.util.logging puts the level below the time.
            if let Some((level, end)) = level::at_start(line) {
                self.level = Some((level, end + self.head.len() + 1));
                self.head.push('\n');
                self.head.push_str(line);
            }
            self.gap = false;
            return true;
        }
        if (self.is_bad() || self.traced) && is_ruby_frame(line) {
            return true;
        }
        let alone = line.starts_with("Exception in ") || line.starts_with('U');
        if self.is_bad() && !self.traced && !alone && begins_exception(line) {
            self.traced = true;
            return true;
        }
        false
    }

    /// Whether the first line says by itself that something is wrong.
    fn is_bad(&self) -> bool {
        self.level.is_some_and(|(level, _)| level.severity.is_some())
    }

    fn is_old_java(&self) -> bool {
        self.level.is_none()
            && self.lines.is_empty()
            && (self.head.contains(" AM ") || self.head.contains(" PM "))
            && self.head.starts_with(|c: char| c.is_ascii_uppercase())
            && !self.head.contains('\n')
    }

    /// Whether the record tells of an exception.
    pub fn is_traced(&self) -> bool {
        self.traced || !self.lines.is_empty() && self.lines.iter().any(|line| is_frame(line))
    }
}

/// Whether a line begins what Go prints when it panics.
pub fn is_panic(line: &str) -> bool {
    line.starts_with("panic: ") || line.starts_with("fatal error: ") || line.contains(": panic serving ")
}

/// `java.lang.X: words`, `TypeError: words`, also behind what some put before it.
pub fn begins_exception(line: &str) -> bool {
    let line = ["Exception in thread ", "Unhandled exception. ", "Uncaught ", "Unhandled "]
        .iter()
        .find_map(|start| line.strip_prefix(start))
        .unwrap_or(line);
    let line = if line.starts_with('"') { line.split_once("\" ").map_or(line, |(_, rest)| rest) } else { line };
    let word = line.split([':', ' ']).next().unwrap_or_default();
    word.len() < line.len() && exception(word).is_some()
}

/// `app.rb:5:in 'load'`.
pub fn is_ruby_frame(line: &str) -> bool {
    line.find(".rb:").and_then(|at| line.get(at + 4..)).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(":in ")
    })
}

/// Whether an indented line is a frame of a stack.
pub fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("at ")
        || line.starts_with("File \"")
        || line.starts_with("from ")
        || line.starts_with('#')
        || is_ruby_frame(line)
}
