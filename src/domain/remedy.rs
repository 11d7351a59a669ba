//! What is changed once when the watchdog warns a run, before it waits for a person.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// For the one turn after the first warning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// The agent begins a conversation anew, which it does after every warning.
    #[default]
    FreshSession,
    /// Another agent works.
    Agent(String),
    /// The agent asks another model.
    Model(String),
}

impl FromStr for Remedy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let named = |name: &str| (!name.trim().is_empty() && !name.contains(char::is_control)).then(|| name.to_owned());
        match text.split_once(':') {
            None if text == "fresh-session" => Ok(Self::FreshSession),
            Some(("agent", name)) => named(name).map(Self::Agent).ok_or(()),
            Some(("model", name)) => named(name).map(Self::Model).ok_or(()),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Remedy;

    #[test]
    fn the_words_of_the_configuration_are_read_strictly() {
        assert_eq!("fresh-session".parse(), Ok(Remedy::FreshSession));
        assert_eq!("agent:codex".parse(), Ok(Remedy::Agent("codex".to_owned())));
        assert_eq!("model:claude-opus-4:1".parse(), Ok(Remedy::Model("claude-opus-4:1".to_owned())));
        for text in ["", "fresh", "agent", "agent:", "model: ", "Agent:x", "agent:a\nb"] {
            assert_eq!(text.parse::<Remedy>(), Err(()), "{text:?}");
        }
    }
}
