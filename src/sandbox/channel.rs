//! The engine's side of the log channel of one step: listens on a socket in the step's directory, which the container sees
//! read-only, lets in nobody but the shim that knows the step's secret, and acknowledges output once it is on disk.
//!
//! The program in the sandbox can reach the socket too. Whoever connects and cannot prove itself is an intrusion: counted,
//! shown to the operator, and otherwise without effect. The count and the shim's last word are kept in `<name>.state`
//! beside the log, on the host only, so that counts add up over engines and an acknowledged end is never forgotten.
//!
//! Whoever connects cannot eat up the engine, nor keep the shim out: greetings are few at a time, intruders are let in one
//! after the other with a rest, and where the container's first process is known, nobody else is greeted at all.
//!
//! A connection that ends or stalls before it proved anything counts as well, unless the shim itself turns out to be the
//! process behind it (it may have been frozen or killed in the middle of its greeting).

mod bind;
mod drain;
mod greet;
mod greetings;
mod guard;
mod intake;
mod listen;
mod serve;
mod state;
mod voice;

pub use crate::shim::Secret;
pub use crate::shim::wire::{Exit, Fate, How};
pub(crate) use bind::bind_in;
pub use drain::Drained;
pub use listen::{Sign, StepChannel};
pub use state::Cause;
pub use voice::{Heard, Unsaid, Voice};

/// Name of the socket inside the step's directory.
pub const SOCKET: &str = "channel.sock";

/// Why the log channel of a step does not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The socket cannot be made.
    #[error("log channel: cannot listen in {dir}: {reason}")]
    Listen {
        /// The step's directory.
        dir: String,
        /// What the system said.
        reason: String,
    },
    /// The log or the state beside it cannot be written or read.
    #[error("log channel: {0}")]
    Log(String),
    /// The shim no longer has a record that the log does not have either.
    #[error("log channel: {0}; the step's log is incomplete and the step must be repeated")]
    Gap(String),
    /// The background task that owns the channel has ended.
    #[error("log channel: it was closed")]
    Closed,
}
