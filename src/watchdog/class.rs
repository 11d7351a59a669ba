//! Whether a round says anything about the work. Outages, limits of accounts, missing keys, lost containers and tests without a
//! verdict say nothing, so they neither count nor reset anything.

use super::event::Round;
use crate::domain::Ending;
use serde::{Deserialize, Serialize};

/// How an agent's turn ended, by the engine's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "domain::Ending says what each means")]
pub enum How {
    #[default]
    Finished,
    ClaimsDone,
    GaveUp,
    Blocked,
    OwnLimit,
    RateLimited,
    Overloaded,
    Auth,
    Billing,
    Misconfigured,
    Crashed,
    Killed,
    Stopped,
    TimedOut,
    Silent,
    Overfull,
}

impl From<&Ending> for How {
    fn from(ending: &Ending) -> Self {
        match ending {
            Ending::Finished => Self::Finished,
            Ending::ClaimsDone => Self::ClaimsDone,
            Ending::GaveUp => Self::GaveUp,
            Ending::Blocked => Self::Blocked,
            Ending::OwnLimit => Self::OwnLimit,
            Ending::RateLimited { .. } => Self::RateLimited,
            Ending::Overloaded => Self::Overloaded,
            Ending::Auth => Self::Auth,
            Ending::Billing => Self::Billing,
            Ending::Misconfigured => Self::Misconfigured,
            Ending::Crashed => Self::Crashed,
            Ending::Killed { .. } => Self::Killed,
            Ending::Stopped => Self::Stopped,
            Ending::TimedOut => Self::TimedOut,
            Ending::Silent => Self::Silent,
            Ending::Overfull => Self::Overfull,
        }
    }
}

/// A round that failed sooner than this, without a token, did no work.
const INSTANT: f64 = 5.0;

impl How {
    /// Why a round that ended so says nothing, whatever was tested after it.
    fn outside(self) -> Option<&'static str> {
        match self {
            Self::RateLimited => Some("the account's limit was reached"),
            Self::Overloaded => Some("the provider of models failed"),
            Self::Auth => Some("credentials were missing or refused"),
            Self::Billing => Some("the account has no credit"),
            Self::Misconfigured => Some("the agent could not be started as it is set up"),
            Self::Stopped => Some("the engine stopped it"),
            _ => None,
        }
    }

    /// Whether a turn that ended so, untested, may have been a whole turn's work.
    fn worked(self) -> bool {
        matches!(self, Self::Finished | Self::ClaimsDone | Self::GaveUp | Self::OwnLimit)
    }

    /// The words for a turn that did not end by itself.
    fn cause(self) -> &'static str {
        match self.outside() {
            Some(words) => words,
            None => match self {
                Self::Crashed => "the agent failed by itself",
                Self::Killed => "the agent was killed",
                Self::Blocked => "the agent was denied what it needs",
                Self::TimedOut => "the time ran out",
                Self::Silent => "the agent went silent",
                Self::Overfull => "the agent put too much on disk",
                _ => "nothing was verified",
            },
        }
    }
}

/// Why the round is neutral, in words; nothing where it counts.
pub fn neutral(round: &Round) -> Option<&'static str> {
    if let Some(words) = round.ending.outside() {
        return Some(words);
    }
    let measured = round.stage.is_some()
        || round.failing.is_some()
        || round.errors.is_some()
        || round.passed.is_some()
        || round.total.is_some();
    // A tree without results still shows whether the round changed anything.
    let left_something = round.ending.worked() && (round.tree.is_some() || round.patch.is_some());
    let valid = round.verified.unwrap_or(measured || left_something);
    (!valid).then(|| round.ending.cause())
}

/// Whether the round failed in an instant: no token was used, and it was over at once.
pub fn instant(round: &Round) -> bool {
    let at_once = round.seconds.is_some_and(|seconds| seconds < INSTANT) && round.tokens.unwrap_or(0) == 0;
    at_once && !passes(round)
}

/// Whether what ended the round passes by waiting, or was the engine's own doing.
pub fn passes(round: &Round) -> bool {
    matches!(round.ending, How::RateLimited | How::Overloaded | How::Stopped)
}
