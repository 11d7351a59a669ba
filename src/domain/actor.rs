//! Who did something, as the kernel told it.

use serde::{Deserialize, Serialize};

/// The author of a transition. An operator is what the kernel said about the socket's peer, never a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// The engine itself.
    Engine,
    /// A person behind a Unix socket.
    Operator {
        /// Effective user id of the peer.
        uid: u32,
        /// The user's name when the connection was made, or the number where it has none.
        name: String,
    },
}

impl Actor {
    /// A short word for lists: `engine` or the user's name. It comes from outside: make it safe before showing it.
    pub fn label(&self) -> &str {
        match self {
            Self::Engine => "engine",
            Self::Operator { name, .. } => name,
        }
    }
}
