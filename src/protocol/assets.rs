//! Live systems, as clients get them.

use crate::domain::Asset;
use serde::{Deserialize, Serialize};

/// What a request made of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It is new.
    Added,
    /// It is another version of what it was.
    Changed,
    /// It was that already.
    Same,
    /// It is gone.
    Removed,
}

/// A live system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetView {
    /// It.
    pub asset: Asset,
    /// What the request made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
}
