//! Sets of problems as sorted marks: short digests of their normalised names, so that a window of rounds stays small however
//! much fails.

use sha2::{Digest, Sha256};

/// A digest of a name.
pub type Mark = u64;

/// The mark of a name.
pub fn mark(name: &str) -> Mark {
    Sha256::digest(name.as_bytes()).iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

/// A set of marks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marks(Vec<Mark>);

impl FromIterator<Mark> for Marks {
    fn from_iter<I: IntoIterator<Item = Mark>>(marks: I) -> Self {
        let mut all: Vec<Mark> = marks.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }
}

impl Marks {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, mark: Mark) -> bool {
        self.0.binary_search(&mark).is_ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = Mark> {
        self.0.iter().copied()
    }

    /// Those that both have.
    pub fn common(&self, other: &Self) -> Self {
        Self(self.iter().filter(|mark| other.has(*mark)).collect())
    }

    /// Those that the other has not.
    pub fn without(&self, other: &Self) -> Self {
        Self(self.iter().filter(|mark| !other.has(*mark)).collect())
    }

    /// Both together.
    pub fn with(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// Whether at most a third of all that either has is in both.
    pub fn differs(&self, other: &Self) -> bool {
        let common = self.common(other).len();
        common * 3 <= self.len() + other.len() - common
    }

    /// Whether at least four fifths of all that either has are in both.
    pub fn nearly(&self, other: &Self) -> bool {
        let common = self.common(other).len();
        let all = self.len() + other.len() - common;
        all > 0 && common * 5 >= all * 4
    }
}
