//! Why a tool gives nothing, in words that are fit for the agent.

use super::field::BadArgument;
use crate::domain::ToolOutcome;
use crate::store::StoreError;

/// Why a tool gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// The run has no such tool.
    #[error("this run has no tool `{0}`: list the tools to see which it has")]
    Unknown(String),
    /// Asked for wrongly, or more than there may be.
    #[error("{0}")]
    Refused(String),
    /// The engine failed. What happened is none of the agent's business.
    #[error("the engine cannot answer this now; its operator finds the reason in its log")]
    Failed(String),
}

impl ToolFault {
    /// A refusal in these words.
    pub(super) fn refused(words: String) -> Self {
        Self::Refused(words)
    }

    /// How it is recorded.
    pub(super) fn outcome(&self) -> ToolOutcome {
        match self {
            Self::Unknown(_) | Self::Refused(_) => ToolOutcome::Refused,
            Self::Failed(_) => ToolOutcome::Failed,
        }
    }
}

impl From<BadArgument> for ToolFault {
    fn from(error: BadArgument) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<StoreError> for ToolFault {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}
