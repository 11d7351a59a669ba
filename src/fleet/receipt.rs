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
    hex(&Sha256::digest(TEXT.as_bytes()))
}

/// The words of one call: an empty environment, so that nothing of an account's own changes what they mean.
pub(super) fn words(text: &str, verb: &[&str]) -> Vec<String> {
    let fixed = ["/usr/bin/env", "-i", PATH, "/bin/sh", "-c", text, "dogwatch", text];
    fixed.iter().chain(verb).map(|word| (*word).to_owned()).collect()
}

/// The same as one line for the shell that a host gives to whoever logs in. It consists of our own text, digits and paths only.
pub(super) fn line(text: &str, verb: &[&str]) -> String {
    format!("exec {}", shell_words::join(words(text, verb)))
}
