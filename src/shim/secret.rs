//! The secret of one step, known to the engine and to the shim in the step's container and to nobody else.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// Bytes of a secret, a nonce and a proof.
pub const SECRET_BYTES: usize = 32;

/// Thirty-two secret bytes. Overwritten when dropped, never printed.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// The secret of the container of that name. Derived (HMAC-SHA256, RFC 2104) from the engine's own key, so that a
    /// restarted engine knows it without having stored it.
    pub fn derive(engine_key: &[u8; SECRET_BYTES], container_name: &str) -> Self {
        Self(mac(engine_key, &[b"dogwatch step secret 1\0", container_name.as_bytes()]))
    }

    /// What the shim reads from its standard input: 64 lower-case hexadecimal digits and a newline.
    pub fn stdin_line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(SECRET_BYTES * 2 + 1);
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 15] {
                line.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
            }
        }
        line.push(b'\n');
        line
    }

    /// Reads the form that [`Secret::stdin_line`] writes; `None` for anything else.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let digits = line.strip_suffix(b"\n")?;
        if digits.len() != SECRET_BYTES * 2 {
            return None;
        }
        let mut secret = Self([0; SECRET_BYTES]);
        for (byte, pair) in secret.0.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return None,
                };
                *byte = (*byte << 4) | value;
            }
        }
        Some(secret)
    }

    /// HMAC-SHA256 over a purpose and parts. Purposes end in a zero byte, so that no purpose is the start of another.
    pub(crate) fn mac(&self, purpose: &'static [u8], parts: &[&[u8]]) -> [u8; SECRET_BYTES] {
        self.keyed(purpose, parts).finalize().into_bytes().into()
    }

    /// Whether `proof` is what [`Secret::mac`] gives, compared in constant time.
    pub(crate) fn proves(&self, purpose: &'static [u8], parts: &[&[u8]], proof: &[u8]) -> bool {
        self.keyed(purpose, parts).verify_slice(proof).is_ok()
    }

    fn keyed(&self, purpose: &'static [u8], parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut hmac = begin(&self.0);
        hmac.update(purpose);
        for part in parts {
            hmac.update(part);
        }
        hmac
    }
}

fn mac(key: &[u8; SECRET_BYTES], parts: &[&[u8]]) -> [u8; SECRET_BYTES] {
    let mut hmac = begin(key);
    for part in parts {
        hmac.update(part);
    }
    hmac.finalize().into_bytes().into()
}

/// Starts an HMAC. The key is padded with zeros to the block of the hash, as RFC 2104 itself does, since the type asks for a
/// whole block.
fn begin(key: &[u8; SECRET_BYTES]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let hmac = Hmac::<Sha256>::new(&block.into());
    block.fill(0);
    std::hint::black_box(&mut block);
    hmac
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from leaving out a write that nobody reads.
        std::hint::black_box(&mut self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn comes_back_from_its_line_and_is_not_printed() {
        let secret = Secret::derive(&[7; 32], "dw-a-r1-i1-develop-a1");
        let line = secret.stdin_line();
        assert_eq!(line.len(), 65);
        let again = Secret::parse(&line).unwrap();
        assert!(again.proves(b"x\0", &[b"y"], &secret.mac(b"x\0", &[b"y"])));
        assert!(!again.proves(b"x\0", &[b"z"], &secret.mac(b"x\0", &[b"y"])));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn differs_by_key_and_by_name() {
        let one = Secret::derive(&[7; 32], "a").stdin_line();
        assert_ne!(one, Secret::derive(&[7; 32], "b").stdin_line());
        assert_ne!(one, Secret::derive(&[8; 32], "a").stdin_line());
    }

    #[test]
    fn refuses_what_is_not_a_full_secret() {
        let line = Secret::derive(&[7; 32], "a").stdin_line();
        for cut in 0..line.len() {
            assert!(Secret::parse(&line[..cut]).is_none());
        }
        assert!(Secret::parse(&[b'G'; 65]).is_none());
    }
}
