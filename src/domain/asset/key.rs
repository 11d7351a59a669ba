//! The key of a host, as its public file has it. It is written down by a person who compared it, and nothing else is believed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The kinds that are taken.
const KINDS: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];
/// Longest key in letters.
const LONGEST: usize = 4096;

/// Why a text is no key of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostKeyFault {
    /// Not two words.
    #[error("a host's key is two words, its kind and its letters, as in /etc/ssh/ssh_host_ed25519_key.pub")]
    Words,
    /// A kind that is not taken.
    #[error(
        "a host's key is one of ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa"
    )]
    Kind,
    /// Letters that are no key of this kind.
    #[error("the letters of the key are not those of its kind: copy the line as it stands")]
    Letters,
}

/// The public key of a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostKey {
    /// Its place in [`KINDS`].
    kind: usize,
    bytes: Vec<u8>,
}

impl HostKey {
    /// Takes a line of a public key's file; a comment after it is left out.
    pub fn parse(text: &str) -> Result<Self, HostKeyFault> {
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(HostKeyFault::Words);
        }
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let (Some(kind), Some(letters)) = (words.next(), words.next()) else { return Err(HostKeyFault::Words) };
        let kind = KINDS.iter().position(|known| *known == kind).ok_or(HostKeyFault::Kind)?;
        let name = KINDS[kind];
        let bytes = STANDARD.decode(letters).map_err(|_| HostKeyFault::Letters)?;
        // The key says its kind itself, behind four bytes that count its letters.
        let said = u32::try_from(name.len()).unwrap_or_default().to_be_bytes();
        let rest = bytes.strip_prefix(&said).and_then(|rest| rest.strip_prefix(name.as_bytes()));
        if rest.is_none_or(|rest| rest.len() < 8) {
            return Err(HostKeyFault::Letters);
        }
        Ok(Self { kind, bytes })
    }

    /// Its kind.
    pub fn kind(&self) -> &'static str {
        KINDS[self.kind]
    }

    /// What OpenSSH prints of it: `SHA256:` and 43 letters.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.bytes)))
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), STANDARD.encode(&self.bytes))
    }
}

impl TryFrom<String> for HostKey {
    type Error = HostKeyFault;

    fn try_from(text: String) -> Result<Self, HostKeyFault> {
        Self::parse(&text)
    }
}

impl From<HostKey> for String {
    fn from(key: HostKey) -> Self {
        key.to_string()
    }
}
