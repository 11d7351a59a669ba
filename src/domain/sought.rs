//! What somebody looks for in a log: words that a line has or has not, where it comes from, how grave it is.

use serde::{Deserialize, Serialize};

/// The longest of the words, in bytes.
pub const MAX_WORDS: usize = 1000;

/// A line is sought that fits all of this. Where there is nothing, every line fits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sought {
    /// What a line must have, or must not have.
    pub words: Vec<Words>,
    /// Where it may come from, numbered as in logs: 1 standard output, 2 standard error, 3 the engine. Empty for anywhere.
    pub from: Vec<u8>,
    /// Where it must not come from.
    pub not_from: Vec<u8>,
    /// How grave it must be at least.
    pub least: Option<Grave>,
}

/// Words that are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Them.
    pub text: String,
    /// They are a regular expression.
    #[serde(default)]
    pub regex: bool,
    /// A line that has them does not fit.
    #[serde(default)]
    pub not: bool,
}

/// How grave a line is, by its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grave {
    /// It warns.
    Warning,
    /// It tells of an error.
    Error,
}

impl Sought {
    /// Whether every line fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What fits both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both = |ours: &[u8], theirs: &[u8]| match (ours, theirs) {
            ([], any) | (any, []) => any.to_vec(),
            // Zero is no source: nothing comes from both.
            _ => Some(ours.iter().filter(|one| theirs.contains(one)).copied().collect())
                .filter(|both: &Vec<u8>| !both.is_empty())
                .unwrap_or_else(|| vec![0]),
        };
        Self {
            words: [self.words.as_slice(), &other.words].concat(),
            from: both(&self.from, &other.from),
            not_from: [self.not_from.as_slice(), &other.not_from].concat(),
            least: self.least.max(other.least),
        }
    }
}
