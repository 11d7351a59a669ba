//! The forms in which a provider could quote a key: as it is, and in the encodings that errors, headers and echoed requests
//! come in. What is done to a key otherwise cannot be known: it compressed, encrypted or hashed, taken apart with other bytes
//! between, written in letters of both cases in hexadecimal, or encoded twice.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Every form of a key, each once, none empty.
pub(super) fn forms(key: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![key.to_vec(), key.iter().rev().copied().collect()];
    for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
        let hex = |before: &str, byte: u8| {
            let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or_default();
            [before.as_bytes(), &[digit(byte >> 4), digit(byte & 15)]].concat()
        };
        forms.push(key.iter().flat_map(|byte| hex("", *byte)).collect());
        forms.push(key.iter().flat_map(|byte| hex("%", *byte)).collect());
        forms.push(key.iter().flat_map(|byte| hex("\\u00", *byte)).collect());
        forms.push(key.iter().flat_map(|byte| hex("\\x", *byte)).collect());
        // Only what has to be encoded in a query is.
        let needed = |byte: u8| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { vec![byte] } else { hex("%", byte) }
        };
        forms.push(key.iter().flat_map(|byte| needed(*byte)).collect());
    }
    // As a text in JSON, by those who escape a slash as well and those who do not.
    for signs in [&b"\"\\"[..], &b"\"\\/"[..]] {
        let escaped = |byte: u8| if signs.contains(&byte) { vec![b'\\', byte] } else { vec![byte] };
        forms.push(key.iter().flat_map(|byte| escaped(*byte)).collect());
    }
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        let whole = engine.encode(key).into_bytes();
        let padding = vec![b'='; (4 - whole.len() % 4) % 4];
        forms.push([whole.as_slice(), &padding].concat());
        forms.push(whole);
        // Within something longer, after any number of other bytes: the letters that the key alone decides.
        for before in 0..3_usize {
            let text = engine.encode([vec![0; before], key.to_vec()].concat()).into_bytes();
            let (first, last) = ((before * 8).div_ceil(6), (before + key.len()) * 8 / 6);
            forms.push(text.get(first..last).unwrap_or_default().to_vec());
        }
    }
    forms.retain(|form| !form.is_empty());
    // Longer ones first, so that as much as possible is hidden.
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_usual_encodings_are_among_the_forms() {
        let forms = forms(b"sk-/a+b=\"~");
        let has = |text: &str| forms.iter().any(|form| form == text.as_bytes());
        for text in [
            "sk-/a+b=\"~",
            "~\"=b+a/-ks",
            "736b2d2f612b623d227e",
            "736B2D2F612B623D227E",
            "%73%6b%2d%2f%61%2b%62%3d%22%7e",
            "sk-%2Fa%2Bb%3D%22~",
            "sk-%2fa%2bb%3d%22~",
            "\\u0073\\u006b\\u002d\\u002f\\u0061\\u002b\\u0062\\u003d\\u0022\\u007e",
            "sk-\\/a+b=\\\"~",
            "sk-/a+b=\\\"~",
            "c2stL2ErYj0ifg==",
            "c2stL2ErYj0ifg",
        ] {
            assert!(has(text), "{text}");
        }
        // "user:" before it, as a password is sent: the letters in the middle are the key's.
        let sent = b"dXNlcjpzay0vYStiPSJ+";
        assert!(forms.iter().any(|form| form.len() > 10 && sent.windows(form.len()).any(|part| part == form)));
        assert!(forms.iter().all(|form| form.len() >= 10), "{forms:?}");
    }
}
