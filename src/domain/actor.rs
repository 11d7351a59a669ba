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
        /// The user id that logged in, which survives `su` and `sudo`; absent where nobody did or it could not be had safely.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        login_uid: Option<u32>,
        /// The name of that user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        login_name: Option<String>,
    },
}

impl Actor {
    /// An operator of whose login nothing is known.
    pub fn operator(uid: u32, name: impl Into<String>) -> Self {
        Self::Operator { uid, name: name.into(), login_uid: None, login_name: None }
    }

    /// A short word for lists: `engine` or the user's name. It comes from outside: make it safe before showing it.
    pub fn label(&self) -> &str {
        match self {
            Self::Engine => "engine",
            Self::Operator { name, .. } => name,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Actor;

    #[test]
    fn what_was_written_before_logins_were_known_is_read_and_written_as_it_was() {
        let before = "{\"kind\":\"operator\",\"uid\":1000,\"name\":\"ada\"}";
        let read: Actor = serde_json::from_str(before).unwrap();
        assert_eq!(read, Actor::operator(1000, "ada"));
        assert_eq!(serde_json::to_string(&read).unwrap(), before);
        let login = Actor::Operator { uid: 0, name: "root".into(), login_uid: Some(7), login_name: Some("eve".into()) };
        let text = serde_json::to_string(&login).unwrap();
        assert_eq!(text, "{\"kind\":\"operator\",\"uid\":0,\"name\":\"root\",\"login_uid\":7,\"login_name\":\"eve\"}");
        assert_eq!(serde_json::from_str::<Actor>(&text).unwrap(), login);
    }
}
