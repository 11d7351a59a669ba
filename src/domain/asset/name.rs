//! Names and words of assets: what may stand in an argument, a path or a rule without any meaning of its own there.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct AssetWordFault {
    pub(super) what: &'static str,
    pub(super) rule: &'static str,
}

fn letters(text: &str, most: usize, first: fn(u8) -> bool, rest: fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    text.len() <= most && bytes.next().is_some_and(first) && bytes.all(rest)
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The letters.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = AssetWordFault;

            fn from_str(text: &str) -> Result<Self, AssetWordFault> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err(AssetWordFault { what: $what, rule: $rule }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = AssetWordFault;

            fn try_from(text: String) -> Result<Self, AssetWordFault> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }
    };
}

pub(super) use word;

word!(
    /// The name of an asset.
    AssetName,
    "an asset's name",
    "has 1 to 64 lower-case letters, digits, dots, dashes and underscores, a letter or digit first",
    |text| letters(
        text,
        64,
        |first| first.is_ascii_lowercase() || first.is_ascii_digit(),
        |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte)
    )
);
word!(
    /// A label, an environment, the name of a secret.
    AssetWord,
    "such a word",
    "has 1 to 32 lower-case letters, digits and dashes, a letter first",
    |text| letters(
        text,
        32,
        |first| first.is_ascii_lowercase(),
        |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
    )
);
word!(
    /// A user of an asset.
    UserName,
    "a user's name",
    "has 1 to 32 letters, digits, dots, dashes and underscores, a letter or underscore first",
    |text| letters(
        text,
        32,
        |first| first.is_ascii_alphabetic() || first == b'_',
        |byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
    )
);
word!(
    /// A container's name or id.
    ContainerName,
    "a container's name",
    "has 1 to 128 letters, digits, dots, dashes and underscores, a letter or digit first",
    |text| letters(
        text,
        128,
        |first| first.is_ascii_alphanumeric(),
        |byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
    )
);
word!(
    /// An absolute path in which nothing has a meaning of its own.
    AssetPath,
    "a path",
    "is absolute, has at most 200 letters, digits, dots, dashes, underscores and slashes, and no part `..`",
    |text| {
        letters(text, 200, |first| first == b'/', |byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte))
            && !text.split('/').any(|part| part == "..")
    }
);
