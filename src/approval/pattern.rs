//! Commands that are refused whoever proposes them, by the words in them. This is a net and no wall: who wants to get around it
//! can. It stops what nobody wants by mistake, before a person has to read it.

use crate::domain::{Command, Program};
use regex::bytes::{Regex, RegexBuilder};

/// A pattern as the operator wrote it: words, `*` for anything.
#[derive(Debug, Clone)]
pub struct Pattern {
    words: String,
    found: Regex,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pattern has 2 to 200 printable letters, not only `*` and blanks, such as \"rm -rf *\"")]
pub struct BadPattern;

impl Pattern {
    /// Reads a pattern.
    pub fn new(words: &str) -> Result<Self, BadPattern> {
        let dull = words.chars().all(|c| c == '*' || c.is_whitespace());
        if dull || !(2..=200).contains(&words.len()) || words.chars().any(char::is_control) {
            return Err(BadPattern);
        }
        let parts = words.split('*').map(|part| {
            let words: Vec<String> = part.split(' ').map(regex::escape).collect();
            words.join(r"\s+")
        });
        let body = parts.collect::<Vec<_>>().join(".*");
        // At the edges of words: `rm -rf` is found in `/bin/rm -rf x`, not in `farm -rfoo`.
        let text = format!(r"(?:^|[\s;&|(){{}}`$/=]){body}(?:$|[\s;&|(){{}}`])");
        let found = RegexBuilder::new(&text).unicode(false).size_limit(1 << 20).build().map_err(|_| BadPattern)?;
        Ok(Self { words: words.to_owned(), found })
    }

    /// As it was written.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether a command has it: as one line, in each word, in each line of a script, and in what it reads, with and without
    /// quotes and backslashes.
    pub fn fits(&self, command: &Command) -> bool {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        match &command.program {
            Program::Argv { words } => {
                texts.push(words.join(&b' '));
                texts.extend(words.iter().cloned());
            }
            Program::Script { bytes } => texts.push(bytes.clone()),
        }
        texts.extend(command.stdin.clone());
        texts.iter().any(|text| {
            let joined = joined(text);
            let bare: Vec<u8> = joined.iter().copied().filter(|byte| !b"\"'\\".contains(byte)).collect();
            [joined, bare].iter().any(|text| text.split(|byte| *byte == b'\n').any(|line| self.found.is_match(line)))
        })
    }
}

/// Lines that a backslash joins are one.
fn joined(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        match after.strip_prefix(b"\n") {
            Some(after) if *byte == b'\\' => rest = after,
            _ => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    out
}
