//! Signed checkpoints: the engine's word that its log had a certain record at a certain place. They are kept beside the log, sent to
//! an anchor elsewhere where there is one, and remembered by everybody who connects: a log that does not continue what was said
//! before was cut or written anew.
//!
//! One line: `dogwatch-checkpoint 1 ENGINE EPOCH SEQ HASH WALL KEY SIGNATURE`: the engine's instance, its epoch, number and SHA-256 of
//! the record, milliseconds since 1970, the Ed25519 key in hexadecimal, and the signature over the line before it. The signature
//! tells what the engine said from what others wrote; whoever holds the engine's key can say anything, so it is the memory of others
//! that finds out root.

use super::Head;
use super::record::{self, hex};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// What the key of checkpoints is derived from, beside the engine's own key.
const LABEL: &[u8] = b"dogwatch audit checkpoint 1";

/// Signs checkpoints.
#[derive(Debug)]
pub struct Sealer(Ed25519KeyPair);

/// What the engine said of its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The engine's instance.
    pub engine: String,
    /// Its epoch.
    pub epoch: u64,
    /// The number of the record.
    pub seq: u64,
    /// Its SHA-256 in hexadecimal.
    pub hash: String,
    /// When it was said, in milliseconds since 1970.
    pub wall: i64,
    /// The key in hexadecimal.
    pub key: String,
    /// The signature in hexadecimal.
    pub signature: String,
}

impl Sealer {
    /// With a key that is derived from the engine's own.
    pub fn of(engine_key: &[u8; 32]) -> Result<Self, String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(engine_key).map_err(|error| error.to_string())?;
        mac.update(LABEL);
        let seed = mac.finalize().into_bytes();
        Ed25519KeyPair::from_seed_unchecked(&seed).map(Self).map_err(|error| error.to_string())
    }

    /// Says that the log of this engine has this head.
    pub fn seal(&self, engine: &str, epoch: u64, head: Head, wall: i64) -> Checkpoint {
        let (hash, key) = (hex(&head.hash), hex(self.0.public_key().as_ref()));
        let (engine, seq, signature) = (engine.to_owned(), head.seq, String::new());
        let mut made = Checkpoint { engine, epoch, seq, hash, wall, key, signature };
        made.signature = hex(self.0.sign(made.said().as_bytes()).as_ref());
        made
    }
}

impl Checkpoint {
    fn said(&self) -> String {
        let Self { engine, epoch, seq, hash, wall, key, .. } = self;
        format!("dogwatch-checkpoint 1 {engine} {epoch} {seq} {hash} {wall} {key}")
    }

    /// The record that it is about; `None` where the hash is none.
    pub fn head(&self) -> Option<Head> {
        Some(Head { seq: self.seq, hash: record::parse_hash(self.hash.as_bytes())? })
    }

    /// Whether whoever holds the key that it names said this.
    pub fn is_signed(&self) -> bool {
        let (Some(key), Some(signature)) = (unhex(&self.key), unhex(&self.signature)) else { return false };
        UnparsedPublicKey::new(&ED25519, key).verify(self.said().as_bytes(), &signature).is_ok()
    }

    /// Reads a line; `None` where it is not just what [`fmt::Display`] writes.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("dogwatch-checkpoint 1 ")?.split(' ');
        let mut word = || words.next().map(str::to_owned);
        let read = Self {
            engine: word()?,
            epoch: word()?.parse().ok()?,
            seq: word()?.parse().ok()?,
            hash: word()?,
            wall: word()?.parse().ok()?,
            key: word()?,
            signature: word()?,
        };
        (read.to_string() == line).then_some(read)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.said(), self.signature)
    }
}

/// Only what [`hex`] writes, so that each value has one text.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = pairs.map(byte).collect::<Option<_>>()?;
    (hex(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn made() -> Checkpoint {
        Sealer::of(&[7; 32]).unwrap().seal("0123456789abcdef", 3, Head { seq: 42, hash: [9; 32] }, 1_700_000_000_000)
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_its_signature_holds() {
        let line = made().to_string();
        let read = Checkpoint::parse(&line).unwrap();
        assert_eq!((&read, read.is_signed(), read.head().unwrap().seq), (&made(), true, 42));
        // The same key every time, and another one for another engine.
        assert_eq!(Sealer::of(&[7; 32]).unwrap().seal("x", 0, Head { seq: 1, hash: [0; 32] }, 0).key, read.key);
        assert_ne!(Sealer::of(&[8; 32]).unwrap().seal("x", 0, Head { seq: 1, hash: [0; 32] }, 0).key, read.key);
    }

    #[test]
    fn no_changed_byte_passes() {
        let line = made().to_string();
        for at in 0..line.len() {
            for flip in [1, 2, 16, 32] {
                let mut bytes = line.clone().into_bytes();
                bytes[at] ^= flip;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let passes = Checkpoint::parse(&text).is_some_and(|read| read.is_signed());
                assert!(!passes, "{at}: {text}");
            }
        }
    }
}
