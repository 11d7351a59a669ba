//! How an agent's turn ended. The names are part of the interface: they are stored, shown and asked for by name.

use super::{Conversation, Millis, Usage};
use serde::{Deserialize, Serialize};

/// The classes of ending. Which of them count as an iteration is decided by the engine's state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// It ended by itself and says nothing about being done.
    Finished,
    /// It says that the work is done. Only the engine's own test run decides.
    ClaimsDone,
    /// It says that it cannot do the work.
    GaveUp,
    /// Permission denied, a dead tool server, or an inner sandbox that runs nothing.
    Blocked,
    /// Its own turn or budget limit.
    OwnLimit,
    /// The account's limit; `until` is when it says it may go on.
    RateLimited {
        /// When the limit resets, if it was stated.
        until: Option<Millis>,
    },
    /// The provider failed: 5xx, 529 or unreachable.
    Overloaded,
    /// Missing or refused credentials.
    Auth,
    /// The account has no credit.
    Billing,
    /// Unknown model, refused flags, missing program.
    Misconfigured,
    /// It failed by itself in another way.
    Crashed,
    /// Something other than the engine killed it.
    Killed {
        /// The kernel's out-of-memory killer did, as far as can be known.
        oom: bool,
    },
    /// The engine stopped it: pause, cancel or rollback.
    Stopped,
    /// It ran past the step's time limit.
    TimedOut,
    /// It wrote nothing for longer than the silence limit.
    Silent,
    /// It put more on disk than the step's cap.
    Overfull,
}

impl Ending {
    /// The stored name of the class.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::ClaimsDone => "claims_done",
            Self::GaveUp => "gave_up",
            Self::Blocked => "blocked",
            Self::OwnLimit => "own_limit",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::Misconfigured => "misconfigured",
            Self::Crashed => "crashed",
            Self::Killed { .. } => "killed",
            Self::Stopped => "stopped",
            Self::TimedOut => "timed_out",
            Self::Silent => "silent",
            Self::Overfull => "overfull",
        }
    }

    /// Whether a conversation that ended so may be gone on with. Where the agent failed by itself, or has come to the end of
    /// what fits into one, going on would end the same way.
    pub fn may_go_on(&self) -> bool {
        !matches!(self, Self::Blocked | Self::OwnLimit | Self::Misconfigured | Self::Crashed | Self::Overfull)
    }
}

/// What an adapter makes of a finished agent process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// The class of ending.
    pub ending: Ending,
    /// One sentence of evidence for the class. It quotes the agent: untrusted text.
    pub detail: String,
    /// Tokens and money, zero where the agent says nothing.
    pub usage: Usage,
    /// Its conversation, where the next turn may go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
}

impl AgentReport {
    /// A report without a conversation.
    pub fn new(ending: Ending, detail: String, usage: Usage) -> Self {
        Self { ending, detail, usage, conversation: None }
    }
}
