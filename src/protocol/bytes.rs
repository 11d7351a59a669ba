//! Bytes that cross exactly: as text where they are UTF-8, in base64 otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A run of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bytes {
    /// Valid UTF-8, as it is.
    Text(String),
    /// Anything else, in base64 with padding.
    Base64(String),
}

impl Bytes {
    /// Wraps bytes in the shorter form.
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            // A control character becomes six bytes of JSON.
            Ok(text)
                if bytes.iter().filter(|byte| **byte < 0x20 && !b"\n\t\r".contains(byte)).count()
                    < bytes.len() / 16 + 1 =>
            {
                Self::Text(text.to_owned())
            }
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Base64(text) => text.trim_end_matches('=').len() * 3 / 4,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes; `None` when the base64 is damaged.
    pub fn decode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.as_bytes().to_vec()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_bytes_cross_exactly(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let line = serde_json::to_string(&Bytes::new(&bytes)).unwrap_or_default();
            let back: Option<Bytes> = serde_json::from_str(&line).ok();
            prop_assert_eq!(back.and_then(|b| b.decode()), Some(bytes));
        }
    }
}
