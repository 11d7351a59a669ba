//! The text that carries commands out on assets. It is constant, so that people can read it once, and its digest is part of what
//! they approve.

use crate::audit::hex;
use sha2::{Digest, Sha256};

const TEXT: &str = include_str!("receipt.sh");
/// Where programs are looked for there.
pub(super) const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Bytes of each of the two outputs that an asset keeps; the rest is counted.
pub(super) const KEPT: u64 = 8 * 1024 * 1024;

/// The text.
pub fn text() -> &'static str {
    TEXT
}

/// Its digest, 64 hexadecimal digits.
pub fn means() -> String {
    digest(TEXT.as_bytes())
}

/// The digest of what a command is sent as, as `sha256sum` tells it there.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The words of one call: an empty environment, so that nothing of an account's own changes what they mean.
pub(super) fn words(text: &str, verb: &[String]) -> Vec<String> {
    let fixed = ["/usr/bin/env", "-i", PATH, "/bin/sh", "-c", text, "dogwatch", text];
    fixed.iter().map(|word| (*word).to_owned()).chain(verb.iter().cloned()).collect()
}
