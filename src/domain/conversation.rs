//! The conversation of a coding agent with its model, as far as it can be gone on with, and the tokens that it took.

use serde::{Deserialize, Serialize};

/// Model tokens of one kind each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Input that was not cached.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Input that was read from a cache.
    pub cached: u64,
    /// Input that was written to a cache.
    pub cache_write: u64,
}

impl Tokens {
    /// Most tokens that one turn may claim of a kind; more is taken as this much.
    pub(crate) const MOST: u64 = 1 << 50;

    /// Adds what one more call took.
    pub fn add(&mut self, more: Self) {
        let sum = |a: u64, b: u64| a.saturating_add(b).min(Self::MOST);
        self.input = sum(self.input, more.input);
        self.output = sum(self.output, more.output);
        self.cached = sum(self.cached, more.cached);
        self.cache_write = sum(self.cache_write, more.cache_write);
    }

    /// What was added since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            input: self.input.saturating_sub(before.input),
            output: self.output.saturating_sub(before.output),
            cached: self.cached.saturating_sub(before.cached),
            cache_write: self.cache_write.saturating_sub(before.cache_write),
        }
    }

    /// All of them.
    pub fn all(self) -> u64 {
        [self.input, self.output, self.cached, self.cache_write].into_iter().fold(0, u64::saturating_add)
    }
}

/// What a turn leaves of its conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The agent's name for it, in a form that is safe on a command line.
    pub id: String,
    /// The tokens that it took up to here.
    pub used: Tokens,
    /// The step whose files of it are kept; `None` where there are none that can be gone on with.
    #[serde(default)]
    pub kept: Option<String>,
}
