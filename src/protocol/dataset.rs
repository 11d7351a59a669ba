//! What clients ask about data sets, and what they are told.

use crate::domain::Dataset;
use serde::{Deserialize, Serialize};

/// What is asked about data sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum DatasetAsk {
    /// Them, by name.
    List,
    /// One.
    One {
        /// Its name.
        name: String,
    },
    /// Register a directory of this machine; its files are then read.
    Add {
        /// Its name.
        name: String,
        /// Where it lies, absolute.
        path: String,
        /// The only project that may have it, by name or id; any where none is named.
        project: Option<String>,
        /// What there is to know of it.
        text: String,
    },
    /// Read its files anew.
    Verify {
        /// Its name.
        name: String,
    },
    /// Take it out of the registry; its files stay.
    Remove {
        /// Its name.
        name: String,
    },
}

/// A data set as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetView {
    /// It.
    pub dataset: Dataset,
    /// The name of the only project that may have it.
    pub project: Option<String>,
    /// How far its reading is: files and bytes.
    pub read: Option<(u64, u64)>,
}
