//! What compilers and linters print, as problems with their place, code and severity: gcc and clang with their linkers, rustc
//! and cargo, tsc, Python with mypy, ruff, flake8 and pylint, javac, kotlinc, Maven and Gradle, `ESLint`, Go.
//!
//! The reader goes line by line and knows no tool beforehand, since one `make` prints what many tools say. A line opens a
//! problem, belongs to the open one (notes, code with marks below it) or closes it.

mod eslint;
mod jvm;
mod link;
mod open;
mod placed;
mod python;
mod rust_json;

use self::jvm::Maven;
use self::open::{Open, Style, append};
use self::python::Python;
use super::collector::Collector;
use super::limits;
use super::problem::Problem;
use super::rustc;
use crate::domain::{Severity, Source};

/// Lines that may stand before a problem and belong to it.
const BEFORE: usize = 12;

/// What a part makes of a line.
enum Told {
    /// It is none of its lines.
    Foreign,
    /// It is, and tells no whole problem.
    Used,
    /// A problem.
    Problem(Problem),
}

/// Reads compiler output line by line.
#[derive(Debug, Default)]
pub struct Compiler {
    open: Option<Open>,
    before: Vec<String>,
    /// The file that indented lines are about, as `ESLint` writes it above them.
    file: Option<String>,
    maven: Maven,
    python: Option<Python>,
    /// Problems with a place so far: without any, what a build tool says in general counts.
    placed: usize,
}

impl Compiler {
    /// A reader that also joins Python's traces.
    pub fn with_traces() -> Self {
        Self { python: Some(Python::default()), ..Self::default() }
    }

    /// Reads one line; whether it told something.
    pub fn line(&mut self, to: &mut Collector, line: &str) -> bool {
        if let Some(python) = &mut self.python {
            let told = python.line(line);
            if !matches!(told, Told::Foreign) {
                self.close(to);
                if let Told::Problem(problem) = told {
                    to.problem(problem);
                }
                return true;
            }
        }
        if line.starts_with([' ', '\t']) || line.is_empty() {
            return self.inner(to, line);
        }
        if let Some((problem, style)) = begin(line) {
            self.start(to, problem, style);
            return true;
        }
        match self.maven.line(line) {
            Told::Foreign => {}
            Told::Used => {
                self.close(to);
                return true;
            }
            Told::Problem(problem) => {
                self.start(to, problem, Style::Indented);
                return true;
            }
        }
        let json = rust_json::read(line);
        if !matches!(json, Told::Foreign) {
            self.close(to);
            if let Told::Problem(problem) = json {
                self.placed += 1;
                to.problem(problem);
            }
            return true;
        }
        if placed::context(line) {
            if self.before.len() < BEFORE {
                self.before.push(line.to_owned());
            }
            return true;
        }
        if self.open.as_ref().is_some_and(|open| open.takes(line)) {
            self.add(line);
            return true;
        }
        self.close(to);
        self.file = eslint::file(line);
        false
    }

    /// A line that is blank or indented.
    fn inner(&mut self, to: &mut Collector, line: &str) -> bool {
        if let Some(file) = &self.file
            && let Some(problem) = eslint::entry(file, line)
        {
            self.placed += 1;
            to.problem(problem);
            return true;
        }
        if let Some(problem) = placed::indented(line) {
            self.start(to, problem, Style::Indented);
            return true;
        }
        if placed::context(line) && !self.before.is_empty() {
            self.before.push(line.to_owned());
            self.before.truncate(BEFORE);
            return true;
        }
        if self.open.as_ref().is_some_and(|open| open.takes(line)) {
            self.add(line);
            return true;
        }
        self.close(to);
        if line.is_empty() {
            self.file = None;
        }
        false
    }

    /// Opens a problem, unless it is a note to the one that is open.
    fn start(&mut self, to: &mut Collector, problem: Problem, style: Style) {
        if problem.kind == placed::NOTE {
            let before = std::mem::take(&mut self.before);
            if let Some(open) = &mut self.open {
                let place = problem.location.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
                append(&mut open.problem, &format!("{place}note: {}", problem.message));
                open.below = 0;
            }
            drop(before);
            return;
        }
        self.close_open(to);
        let mut open = Open { problem, style, below: 0 };
        for line in self.before.drain(..) {
            append(&mut open.problem, &line);
        }
        self.open = Some(open);
    }

    fn add(&mut self, line: &str) {
        if let Some(open) = &mut self.open {
            open.add(line);
        }
    }

    fn close_open(&mut self, to: &mut Collector) {
        let Some(Open { problem, style, .. }) = self.open.take() else { return };
        let first = problem.message.lines().next().unwrap_or_default();
        if style == Style::Lint && problem.location.is_none() || style == Style::Arrow && rustc::echo(first) {
            return;
        }
        self.placed += usize::from(problem.location.is_some());
        to.problem(problem);
    }

    fn close(&mut self, to: &mut Collector) {
        self.close_open(to);
        self.before.clear();
    }

    /// Closes what is open, at the end of the output.
    pub fn end(&mut self, to: &mut Collector) {
        self.close(to);
        if let Some(problem) = self.maven.end()
            && self.placed == 0
        {
            to.problem(problem);
        }
    }
}

/// The problem that a line opens by itself, and how it goes on.
fn begin(line: &str) -> Option<(Problem, Style)> {
    match line.as_bytes().first()? {
        b'{' | b'[' | b'#' => return None,
        b'e' | b'w' | b'F' | b'*' | b'>' => {
            if let Some(problem) = jvm::kotlin(line) {
                return Some((problem, Style::Indented));
            }
            if let Some((kind, message)) = rustc::error_line(line) {
                let mut problem = Problem::new(Source::Build, kind, message);
                if let Some((code, rest)) = placed::typescript_code(line) {
                    code.clone_into(&mut problem.kind);
                    rest.clone_into(&mut problem.message);
                }
                return Some((problem, Style::Arrow));
            }
            if let Some(message) = line.strip_prefix("error ").and_then(|_| placed::typescript_code(line)) {
                return Some((Problem::new(Source::Build, message.0, message.1), Style::Indented));
            }
            if let Some((kind, message)) = rustc::warning_line(line) {
                let mut problem = Problem::new(Source::Build, kind, message);
                problem.severity = Severity::Warning;
                return Some((problem, Style::Lint));
            }
        }
        _ => {}
    }
    placed::header(line).or_else(|| link::header(line)).or_else(|| {
        let (code, message) = placed::ruff_head(line)?;
        Some((Problem::new(Source::Build, code, message), Style::Lint))
    })
}

/// Reads a whole output.
pub fn read(to: &mut Collector, text: &str) {
    let mut compiler = Compiler::with_traces();
    for line in text.lines() {
        // What a linter writes as JSON stands in one line, however long it is.
        if eslint::json(to, line) {
            continue;
        }
        let line = if line.starts_with('{') { line } else { limits::head(line, limits::LINE_BYTES) };
        compiler.line(to, line);
    }
    compiler.end(to);
}

/// Whether a line is surely a compiler's.
pub fn sure(line: &str) -> bool {
    eslint::is_json(line)
        || line.starts_with("{\"reason\":\"compiler-")
        || placed::indented(line).is_some()
        || !line.starts_with([' ', '\t', '{', '#'])
            && (placed::header(line).is_some() || link::header(line).is_some() || jvm::is_placed(line))
}
