//! A stop that a person asks for while something runs on a live asset.

use super::{Human, Moment};
use serde::{Deserialize, Serialize};

/// It. That it is wanted stands here before anything leaves for the asset, and what came of it afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Who asked for it.
    pub by: Human,
    /// Why; whoever asked for the command gets to read it.
    pub reason: String,
    /// When.
    pub at: Moment,
    /// What came of it, in words, once the asset has answered.
    pub told: Option<String>,
}
