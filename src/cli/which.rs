//! What waits for people, told apart by its letter: a question or a proposal.

use crate::domain::{BadId, ProposalId, QuestionId};
use std::str::FromStr;

/// Something that waits. A number alone could be either, and a yes to the wrong one cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Question(QuestionId),
    Proposal(ProposalId),
}

/// Text that is neither.
#[derive(Debug, thiserror::Error)]
pub enum BadWhich {
    /// It could be both.
    #[error("a number could be either: write q{0} for the question, x{0} for the proposal")]
    Number(u64),
    /// It is no id.
    #[error(transparent)]
    Id(#[from] BadId),
}

impl FromStr for Which {
    type Err = BadWhich;

    fn from_str(text: &str) -> Result<Self, BadWhich> {
        if let Ok(number) = text.parse() {
            return Err(BadWhich::Number(number));
        }
        Ok(if text.starts_with('x') { Self::Proposal(text.parse()?) } else { Self::Question(text.parse()?) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_waits_is_told_by_its_letter() {
        assert_eq!(Which::from_str("q3").unwrap(), Which::Question(QuestionId(3)));
        assert_eq!(Which::from_str("x3").unwrap(), Which::Proposal(ProposalId(3)));
        assert!(Which::from_str("3").unwrap_err().to_string().contains("write q3 for the question, x3"));
        for neither in ["", "x", "r3", "xq3", "99999999999999999999"] {
            assert!(Which::from_str(neither).is_err(), "{neither}");
        }
    }
}
