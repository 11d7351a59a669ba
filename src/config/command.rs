//! A command as people write it: one line for a shell, or a list of words.

use serde::{Deserialize, Serialize};

/// A program to run in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandLine {
    /// One string, run by `/bin/sh -c`.
    Shell(String),
    /// A list of words, run as it is without a shell. Never empty.
    Argv(Vec<String>),
}

impl CommandLine {
    /// The program and its arguments.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Self::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
            Self::Argv(words) => words.clone(),
        }
    }
}
