//! A registered repository.

use super::{Millis, ProjectId};
use serde::{Deserialize, Serialize};

/// A registered git repository. Its `dogwatch.toml` is read from the base commit of each run, never from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Unique name, by default the directory's.
    pub name: String,
    /// Absolute path or URL of the source repository.
    pub source: String,
    /// When it was registered.
    pub created: Millis,
}
