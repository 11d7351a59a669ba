//! One problem as a reader found it, and how it becomes a finding with fingerprints.

use super::detail::detail;
use super::limits::{self, head};
use super::normal::normalise;
use super::plain::plain;
use super::trace;
use crate::domain::{Finding, Fingerprint, Frame, Location, Severity, Source};
use sha2::{Digest, Sha256};

/// Where the tree under test lies in a sandbox.
pub const WORK: &str = "/work/";

/// A problem before it is bounded and named.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Where it was seen.
    pub source: Source,
    /// Code or exception type; empty counts as `failed`.
    pub kind: String,
    /// The message; its first line that is not blank is the blocking line.
    pub message: String,
    /// The test's id where it is a test.
    pub test: Option<String>,
    /// The place, where it is known; otherwise the stack's most telling frame is taken.
    pub location: Option<Location>,
    /// The stack, innermost frame first.
    pub stack: Vec<Frame>,
    /// How bad it is.
    pub severity: Severity,
}

impl Problem {
    /// An error with nothing but source, kind and message.
    pub fn new(source: Source, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            source,
            kind: kind.into(),
            message: message.into(),
            test: None,
            location: None,
            stack: Vec::new(),
            severity: Severity::Error,
        }
    }

    /// What the fingerprint is made from, as it came and bounded: equal words make equal fingerprints.
    pub fn words(&self) -> String {
        let telling = if self.location.is_none() { trace::telling(&self.stack) } else { None };
        let file = self.location.as_ref().or(telling.as_ref()).map_or("", |location| location.file.as_str());
        let first = self.message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let test = self.test.as_deref().unwrap_or_default();
        let mut words = String::with_capacity(160);
        let more = match self.source {
            Source::Build => detail(limits::head(&self.message, limits::MESSAGE_BYTES)),
            _ => "",
        };
        for part in [source(self.source), &self.kind, file, test, limits::head(first, limits::MESSAGE_BYTES), more] {
            // Lengths go first, so that no two lists run together.
            words.push_str(&part.len().to_string());
            words.push(':');
            words.push_str(part);
        }
        words
    }

    /// Bounds the texts and computes both fingerprints.
    pub fn finding(self) -> Finding {
        let kind = plain(self.kind.trim().as_bytes()).replace(['\n', '\t'], " ");
        let kind = if kind.is_empty() { "failed".to_owned() } else { head(&kind, limits::KIND_BYTES).to_owned() };
        let message =
            head(plain(head(&self.message, limits::BLOCK_BYTES).as_bytes()).trim(), limits::MESSAGE_BYTES).to_owned();
        let mut stack = self.stack;
        stack.truncate(limits::FRAMES);
        let location = self.location.or_else(|| trace::telling(&stack));
        let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let file = location.as_ref().map_or("", |l| in_tree(&l.file));
        let test = self.test.unwrap_or_default();
        let (first, file) = (normalise(first), normalise(file));
        let mut parts = vec!["exact", source(self.source), &kind, &first, &file, &test];
        // Compilers say the same first line of things that have nothing to do with each other.
        let more = if self.source == Source::Build { normalise(detail(&message)) } else { String::new() };
        if !more.is_empty() {
            parts.push(&more);
        }
        let exact = digest(&parts);
        let class = digest(&["class", &normalise(&kind)]);
        Finding {
            source: self.source,
            kind,
            severity: self.severity,
            message,
            test: (!test.is_empty()).then_some(test),
            location,
            stack,
            exact,
            class,
            count: 1,
        }
    }
}

/// The file as its place in the tree under test names it. Outside of it only the base name is the same in every run.
fn in_tree(file: &str) -> &str {
    let file = file.strip_prefix(WORK).unwrap_or(file);
    if file.starts_with(['/', '\\']) || file.get(1..3).is_some_and(|drive| drive == ":\\" || drive == ":/") {
        return file.rsplit(['/', '\\']).next().unwrap_or_default();
    }
    file.strip_prefix("./").unwrap_or(file)
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Build => "build",
        Source::Test => "test",
        Source::Backend => "backend",
        Source::Frontend => "frontend",
        Source::Gate => "gate",
        Source::Harness => "harness",
        Source::Person => "person",
    }
}

/// Half a SHA-256 over the parts, each preceded by its length so that no two lists run together.
pub fn digest(parts: &[&str]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Fingerprint(hash.finalize().iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    }))
}
