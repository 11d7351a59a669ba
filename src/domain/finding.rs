//! One normalised problem seen in an iteration.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a finding was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Compilers and linkers.
    Build,
    /// A test that failed.
    Test,
    /// A service's log.
    Backend,
    /// A browser.
    Frontend,
    /// A quality gate.
    Gate,
    /// The harness itself: reports that could not be read, steps that ended strangely.
    Harness,
    /// A person who told of it. Bugs have this source, findings never do.
    Person,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// Stops success.
    Error,
}

/// A place in a file, as the tool wrote it. The path comes from outside and is never opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The path as written by the tool.
    pub file: String,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column, counted from 1.
    pub column: Option<u32>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let (Some(_), Some(column)) = (self.line, self.column) {
            write!(f, ":{column}")?;
        }
        Ok(())
    }
}

/// One frame of a stack trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// The function's name, where the trace gives one.
    pub function: Option<String>,
    /// Where it is, where the trace says so.
    pub location: Option<Location>,
}

/// A stable name of a problem: 32 lower-case hexadecimal digits (half a SHA-256).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One normalised problem. All text in it comes from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Where it was seen.
    pub source: Source,
    /// A code or exception type: `AssertionError`, `E0308`, `failed`.
    pub kind: String,
    /// How bad it is.
    pub severity: Severity,
    /// The message, trimmed and bounded.
    pub message: String,
    /// The test's id where it is a test.
    pub test: Option<String>,
    /// The most telling place.
    pub location: Option<Location>,
    /// The stack, innermost frame first, bounded.
    pub stack: Vec<Frame>,
    /// First blocking line, code, test and file (its place in the tree), normalised: the same problem again.
    pub exact: Fingerprint,
    /// Code or exception type only: for looking up what is known of the class, never for stopping.
    pub class: Fingerprint,
    /// How often it was seen in this iteration.
    pub count: u32,
}
