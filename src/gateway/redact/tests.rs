//! Whatever is quoted, however it is cut.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

const KEY: &str = "sk-aab-sk-aab";

fn redactor(key: &str) -> Redactor {
    Redactor::new(Some(&SecretString::from(key)))
}

/// A text through a redactor, cut at these places.
fn through(key: &str, text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut redactor = redactor(key);
    let mut out = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    for pair in cuts.windows(2) {
        out.extend(redactor.push(&text[pair[0]..pair[1]]).unwrap_or_default());
    }
    out.extend(redactor.finish().unwrap_or_default());
    out
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Keys of every length modulo three, with signs that encodings change.
fn canary(number: u32) -> String {
    let tail: String = (0..number % 5).map(|at| ['+', '/', '=', '_', '~'][at as usize]).collect();
    format!("sk-canary-{:08x}{tail}{:06}", number.wrapping_mul(2_654_435_761), number)
}

/// The same in the six encodings that errors and echoes come in.
fn quoted(key: &str) -> [(&'static str, Vec<u8>); 6] {
    let bytes = key.as_bytes();
    let each = |word: &dyn Fn(u8) -> String| bytes.iter().map(|byte| word(*byte)).collect::<String>().into_bytes();
    let plain = base64(bytes);
    let url = plain.iter().map(|byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    });
    [
        ("plain", bytes.to_vec()),
        ("base64url", url.collect()),
        ("hexadecimal", each(&|byte| format!("{byte:02x}"))),
        ("percent", each(&|byte| format!("%{byte:02X}"))),
        ("escaped", each(&|byte| format!("\\u{byte:04x}"))),
        ("base64", plain),
    ]
}

/// Base64 by a table of its own, three bytes at a time.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let table: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").collect();
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4_usize {
            let letter = table[(word >> (18 - 6 * at) & 63) as usize];
            text.push(if at > three.len() { b'=' } else { letter });
        }
    }
    text
}

#[test]
fn forty_keys_in_six_encodings_are_hidden_at_every_split() {
    let mut tried = 0;
    for number in 0..40 {
        let key = canary(number);
        for (name, form) in quoted(&key) {
            let text = [b"data: {\"error\":\"bad key ", form.as_slice(), b" for you\"}\n\n"].concat();
            for cut in 0..=text.len() {
                let out = through(&key, &text, &[cut]);
                assert!(!holds(&out, &form) && out.len() == text.len(), "{name} of {key} cut at {cut}");
                assert!(
                    out.starts_with(b"data: {\"error\":\"bad key *") && out.ends_with(b" for you\"}\n\n"),
                    "{name}"
                );
                tried += 1;
            }
            let bytes: Vec<usize> = (0..text.len()).collect();
            assert!(!holds(&through(&key, &text, &bytes), &form), "{name} of {key}, byte by byte");
            assert!(redactor(&key).finds(&text), "{name} of {key}");
        }
    }
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn a_key_within_a_longer_text_in_base64_is_hidden_too() {
    for before in 0..7 {
        for after in 0..4 {
            let key = canary(7);
            let text = base64(&[&b"user:x:"[..before], key.as_bytes(), &b"abc"[..after]].concat());
            let out = through(&key, &text, &[text.len() / 2]);
            let hidden = out.split(|byte| *byte == HIDDEN).count() - 1;
            assert!(hidden + 4 >= key.len() * 4 / 3, "{}", String::from_utf8_lossy(&out));
        }
    }
}

proptest! {
    #[test]
    fn the_key_is_hidden_however_it_is_cut(
        parts in proptest::collection::vec(prop_oneof!["[sk\\-ab]{0,9}", Just(KEY.to_owned())], 0..8),
        cuts in proptest::collection::vec(0_usize..200, 0..12),
    ) {
        let text = parts.concat();
        let out = String::from_utf8(through(KEY, text.as_bytes(), &cuts)).unwrap_or_default();
        prop_assert_eq!(out.len(), text.len());
        prop_assert!(!out.contains(KEY));
        // Nothing else changes: what is not hidden is as it was.
        prop_assert!(out.bytes().zip(text.bytes()).all(|(out, was)| out == was || out == HIDDEN));
    }

    #[test]
    fn nothing_is_found_where_nothing_is(text in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..300) {
        prop_assert_eq!(through(&canary(3), &text, &[cut]), text);
    }
}

#[test]
fn nothing_waits_that_is_no_beginning_of_the_key() {
    let mut redactor = redactor(KEY);
    assert_eq!(redactor.push(b"data: {}\n\n").as_deref(), Some(&b"data: {}\n\n"[..]));
    assert_eq!(redactor.push(b"sk"), None);
    assert_eq!(redactor.push(b"y").as_deref(), Some(&b"sky"[..]));
    assert_eq!(Redactor::new(None).push(b"sk").as_deref(), Some(&b"sk"[..]));
}
