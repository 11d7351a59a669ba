//! Mistakes in a configuration file, each with its place.

use std::fmt;

/// One mistake: where it is, and in words which rule it breaks and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The rule and the remedy. May quote the file, so it is drawn as outside text.
    pub message: String,
}

/// Every mistake found in one file, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    /// The file as people know it: a path, or a path as of a commit.
    pub place: String,
    /// The mistakes.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    /// A single mistake that concerns the file as a whole.
    pub fn whole(place: &str, message: String) -> Self {
        Self { place: place.to_owned(), problems: vec![Problem { line: 1, column: 1, message }] }
    }
}

impl fmt::Display for ConfigErrors {
    /// One line a mistake: `dogwatch.toml:3:1: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}:{}: {}", self.place, problem.line, problem.column, problem.message)?;
        }
        Ok(())
    }
}
