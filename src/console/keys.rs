//! One notation for keys: `j`, `G`, `ctrl-c`, `shift-tab`, `enter`, `space`, `f1`. Read from the configuration, shown in help.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Key {
    code: KeyCode,
    held: KeyModifiers,
}

/// Keys that have names, in the order in which they are told.
const NAMED: [(&str, KeyCode); 15] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

impl Key {
    /// The key of an event, however the terminal tells it: an upper-case letter needs no shift, and `shift-tab` has a code of
    /// its own in some.
    pub fn of(event: &KeyEvent) -> Self {
        let mut held = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::BackTab => {
                held |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(letter) => {
                held -= KeyModifiers::SHIFT;
                KeyCode::Char(if held.contains(KeyModifiers::CONTROL) { letter.to_ascii_lowercase() } else { letter })
            }
            code => code,
        };
        Self { code, held }
    }

    /// The letter, if the key writes one.
    pub fn letter(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if self.held.is_empty() => Some(letter),
            _ => None,
        }
    }
}

/// What is wrong with a key's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key: write a letter, or one of {names}, with `ctrl-`, `alt-` or `shift-` before it", names = names())]
pub struct UnknownKey(String);

fn names() -> String {
    NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ") + ", f1 to f12"
}

impl FromStr for Key {
    type Err = UnknownKey;

    fn from_str(text: &str) -> Result<Self, UnknownKey> {
        let unknown = || UnknownKey(text.to_owned());
        let mut held = KeyModifiers::NONE;
        let mut rest = text;
        for (prefix, modifier) in
            [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)]
        {
            if let Some(after) = rest.strip_prefix(prefix).filter(|after| !after.is_empty()) {
                held |= modifier;
                rest = after;
            }
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) if !letter.is_control() && letter != ' ' => KeyCode::Char(letter),
            _ => {
                let named = NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code);
                let numbered = || {
                    let number = rest.strip_prefix('f')?.parse().ok()?;
                    ((1..=12).contains(&number) && rest == format!("f{number}")).then_some(KeyCode::F(number))
                };
                named.or_else(numbered).ok_or_else(unknown)?
            }
        };
        // A letter with shift is another letter, and control knows no case.
        match code {
            KeyCode::Char(letter)
                if held.contains(KeyModifiers::SHIFT)
                    || (held.contains(KeyModifiers::CONTROL) && letter.is_ascii_uppercase()) =>
            {
                Err(unknown())
            }
            code => Ok(Self { code, held }),
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for Key {
    type Error = UnknownKey;

    fn try_from(text: String) -> Result<Self, UnknownKey> {
        text.parse()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, prefix) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.held.contains(modifier) {
                f.write_str(prefix)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, _) => f.write_str("?"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminals_differ_in_how_they_tell_a_key() {
        let of = |code, held| Key::of(&KeyEvent::new(code, held)).to_string();
        assert_eq!(of(KeyCode::Char('G'), KeyModifiers::SHIFT), "G");
        assert_eq!(of(KeyCode::Char('C'), KeyModifiers::CONTROL | KeyModifiers::SHIFT), "ctrl-c");
        assert_eq!(of(KeyCode::BackTab, KeyModifiers::NONE), "shift-tab");
        assert_eq!(of(KeyCode::Char(' '), KeyModifiers::NONE), "space");
        for bad in ["", " ", "ab", "ctrl-", "shift-a", "ctrl-C", "f13", "f0", "hyper-x"] {
            assert!(bad.parse::<Key>().is_err(), "{bad}");
        }
        assert_eq!("-".parse::<Key>().unwrap().to_string(), "-");
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(text in "(ctrl-)?(alt-)?(shift-)?([a-zA-Z0-9/?:.é-]|enter|esc|tab|pgup|f[0-9]{1,2}|space)") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
