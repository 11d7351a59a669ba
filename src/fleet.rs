//! The way to live assets. One approved command is carried out at most once: on the asset it has a receipt, a directory named after
//! it, and whoever makes that directory has the one turn that there is. A start makes it and runs; a fence, by which the engine asks
//! what became of a command after a crash, makes it and so holds the place for ever (`receipt.sh`, whose text is always the same).
//!
//! What is approved crosses as lines of base64 by standard input and is never put together by a shell. Hosts are known by the keys
//! that people wrote down, and by nothing else. All that an asset says is outside text, bounded, and may be a lie: it can spoil its
//! own outcome, and nothing beside it.

mod agent;
mod call;
mod carry;
mod certificate;
mod docker;
mod gate;
mod line;
mod local;
mod observe;
mod payload;
mod port;
mod receipt;
mod says;
mod ssh;
mod stop;
mod talk;
#[cfg(test)]
mod tests;
mod watch;

pub use carry::{Fleet, Heard, Looked, Order};
pub use gate::{Gate, WORD, main};
pub use payload::Unfit;
pub use port::{Assets, facts};
pub use receipt::{means, text};
pub use stop::GRACE;
pub use watch::{look, watch};

/// Why an asset could not be asked, in words. Nothing has left for it then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FleetFault(pub String);
