//! Directories of data that people registered for runs to read.

use super::{Actor, DatasetId, Millis, ProjectId};
use serde::{Deserialize, Serialize};

/// Where steps find data sets.
pub const DATASETS_INSIDE: &str = "/datasets";
/// Longest name in bytes.
pub const LONGEST_DATASET_NAME: usize = 64;

/// Whether it can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetState {
    /// Its files are being read.
    Reading,
    /// It is what was registered.
    Ready,
    /// It is not what was registered any more.
    Changed,
    /// It cannot be read.
    Failed,
}

impl DatasetState {
    /// In a few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reading => "being read",
            Self::Ready => "ready",
            Self::Changed => "changed",
            Self::Failed => "unreadable",
        }
    }
}

/// One directory of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// Its name; nobody else's.
    pub name: String,
    /// The only project that may have it; any where none is named.
    pub project: Option<ProjectId>,
    /// What there is to know of it.
    pub text: String,
    /// Where it lies on this machine, with no link on the way.
    pub path: String,
    /// Whether it can be had.
    pub state: DatasetState,
    /// The digest of what is in it, once it was read.
    pub digest: Option<String>,
    /// The digest of what the file system says of its files.
    #[serde(skip)]
    pub quick: Option<String>,
    /// How many files it has.
    pub files: u64,
    /// How many bytes are in them.
    pub bytes: u64,
    /// Why it cannot be had.
    pub fault: Option<String>,
    /// Who registered it.
    pub by: Actor,
    /// When.
    pub added: Millis,
    /// When it was read last.
    pub looked: Option<Millis>,
}

/// Whether a text can be the name of one: it becomes the name of a directory.
pub fn is_dataset_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first && name.len() <= LONGEST_DATASET_NAME && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for good in ["orders", "orders-2026.05", "7z", "a_b"] {
            assert!(is_dataset_name(good), "{good}");
        }
        for bad in ["", ".", "..", "../x", "a/b", "-a", "Orders", "a b", "ä", &"x".repeat(65)] {
            assert!(!is_dataset_name(bad), "{bad}");
        }
    }
}
