//! What a run asked of one model in one iteration, and what that took.

use super::{Millis, Tokens};
use serde::{Deserialize, Serialize};

/// The sum of some requests to one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSum {
    /// The iteration.
    pub iteration: u32,
    /// The provider's name.
    pub provider: String,
    /// The model's name. Text from outside.
    pub model: String,
    /// How many.
    pub requests: u64,
    /// How many of them the provider refused or could not answer.
    pub failed: u64,
    /// How many of them the provider did not say the use of.
    pub reckoned: u64,
    /// Tokens by kind.
    pub tokens: Tokens,
    /// Millionths of a dollar.
    pub microusd: u64,
    /// When the last one began.
    pub last: Millis,
}
