//! The stored form of a record and the hash over it.

use crate::domain::{Actor, ProjectId, QuestionId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The hash of a record in binary.
pub(super) type Hash = [u8; 32];

/// What `prev` of the first record holds.
pub(super) const ZERO: Hash = [0; 32];

/// The longest record in bytes.
pub(super) const LIMIT: usize = 64 * 1024;

/// The version that this program writes and reads.
pub(super) const VERSION: u32 = 1;

/// A record as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    pub v: u32,
    pub seq: u64,
    pub prev: String,
    pub wall: i64,
    pub boot: i64,
    pub boot_id: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub back: bool,
    pub engine: &'a str,
    pub epoch: u64,
    pub actor: &'a Actor,
    pub kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<&'a str>,
}

/// The parts of a record that the chain and the look-up columns depend on.
#[derive(Deserialize)]
pub(super) struct Read<'a> {
    pub v: u32,
    pub seq: u64,
    #[serde(borrow)]
    pub prev: Cow<'a, str>,
    pub wall: i64,
    pub boot: i64,
    #[serde(borrow)]
    pub boot_id: Cow<'a, str>,
    #[serde(borrow)]
    pub engine: Cow<'a, str>,
    pub epoch: u64,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    pub project: Option<i64>,
    pub run: Option<i64>,
    pub question: Option<i64>,
    /// Skipped over without being taken apart.
    #[serde(borrow, rename = "detail")]
    _detail: Option<&'a RawValue>,
}

/// SHA-256 of the stored bytes.
pub(super) fn hash(record: &[u8]) -> Hash {
    Sha256::digest(record).into()
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS.get(usize::from(n & 15)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(*b)]).collect()
}

/// The hash that 64 lower-case hexadecimal digits stand for. Upper case is refused, so that each hash has one text.
pub(super) fn parse_hash(text: &[u8]) -> Option<Hash> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut out = ZERO;
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != out.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}
