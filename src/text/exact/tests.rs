//! The promises of the exact form, over whole spaces rather than samples where that is possible.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::text::chars::{exact_keeps, is_own_prototype};
use proptest::prelude::*;
use rand::SeedableRng as _;
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization as _;

fn shown(bytes: impl AsRef<[u8]>) -> String {
    encode(bytes.as_ref()).as_str().to_owned()
}

fn round_trip(bytes: &[u8]) {
    let text = encode(bytes);
    assert!(text.as_str().chars().all(exact_keeps_or_introducer), "{:?} is not plain", text.as_str());
    assert_eq!(decode(text.as_str()).as_deref(), Ok(bytes));
}

fn exact_keeps_or_introducer(c: char) -> bool {
    c == '\\' || exact_keeps(c)
}

#[test]
fn shows_what_the_table_says() {
    assert_eq!(shown("rm -rf \\ é日\n"), "rm -rf \\\\ é日\\n");
    assert_eq!(shown("\r\t\x1b[2J\x07\x7f\u{9b}"), "\\r\\t\\e[2J\\u{7}\\u{7f}\\u{9b}");
    assert_eq!(
        shown("a\u{202e}b\u{200b}\u{e0041}\u{ad}\u{fe0f}e\u{301}"),
        "a\\u{202e}b\\u{200b}\\u{e0041}\\u{ad}\\u{fe0f}e\\u{301}"
    );
    assert_eq!(shown(b"\xc3\x28\xff"), "\\xc3(\\xff");
    assert_eq!(shown("p\u{430}ypal"), "p\\u{430}ypal");
    assert_eq!(shown("a\u{a0}b\u{3000}"), "a\\u{a0}b\\u{3000}");
}

#[test]
fn blanks_are_never_overlooked() {
    assert_eq!(shown(" a  b "), "\\sa  b\\s");
    assert_eq!(shown("a        b"), "a\\{8-blanks}b");
    assert_eq!(shown("a       b"), "a       b");
    assert_eq!(shown("a \n b"), "a\\s\\n\\sb");
    assert_eq!(shown("        "), "\\{8-blanks}");
    assert_eq!(shown("\\{8-blanks}"), "\\\\{8-blanks}");
    assert_eq!(encode_indented(b"  a        b ").as_str(), "  a\\{8-blanks}b\\s");
    assert_eq!(encode_indented(b"            a").as_str(), "            a");
    assert_eq!(encode_indented(&[b' '; 41]).as_str(), "\\{41-blanks}");
    let far = format!("{}a", " ".repeat(41));
    assert_eq!(encode_indented(far.as_bytes()).as_str(), "\\{41-blanks}a");
}

#[test]
fn all_bytes_and_all_pairs_round_trip() {
    let mut seen = HashSet::new();
    for a in 0..=255_u8 {
        round_trip(&[a]);
        assert!(seen.insert(encode(&[a])));
        for b in 0..=255_u8 {
            round_trip(&[a, b]);
            assert!(seen.insert(encode(&[a, b])), "two texts look alike: {a:x} {b:x}");
        }
    }
    assert_eq!(seen.len(), 256 + 65_536);
}

#[test]
fn all_scalars_round_trip() {
    let mut count = 0;
    let mut buffer = [0; 4];
    for c in '\0'..=char::MAX {
        round_trip(c.encode_utf8(&mut buffer).as_bytes());
        count += 1;
    }
    assert_eq!(count, 1_112_064);
}

#[test]
fn a_hundred_thousand_random_strings_round_trip() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(0x5afe);
    // Pieces that meet each other badly: halves of characters, our own escapes, blanks, accents, reordering.
    let pieces: [&[u8]; 22] = [
        b"\\",
        b"\\s",
        b"{8-blanks}",
        b"u{",
        b"}",
        b"x41",
        b" ",
        b"        ",
        b"\n",
        b"\r",
        b"\t",
        b"\x1b[31m",
        b"\xe2\x80",
        b"\xae",
        b"\xf0\x9f",
        b"\xff",
        "\u{202e}".as_bytes(),
        "e\u{301}".as_bytes(),
        "\u{430}".as_bytes(),
        "日".as_bytes(),
        b"a",
        "\u{e0020}".as_bytes(),
    ];
    for i in 0..100_000 {
        let mut bytes = vec![];
        for _ in 0..rng.random_range(0..12) {
            if i % 2 == 0 {
                bytes.extend_from_slice(pieces[rng.random_range(0..pieces.len())]);
            } else {
                bytes.push(rng.random());
            }
        }
        let text = encode(&bytes);
        assert_eq!(decode(text.as_str()).as_deref(), Ok(bytes.as_slice()));
        let joined: String = encode_lines(&bytes).iter().map(SafeText::as_str).collect();
        assert_eq!(joined, text.as_str());
    }
}

#[test]
fn no_two_kept_characters_can_be_confused() {
    // Every character outside ASCII with another prototype is escaped, and what stays has one spelling only, which no
    // ASCII character has for its prototype.
    let ascii: HashSet<String> = ('!'..='~').map(|c| unicode_security::skeleton(&c.to_string()).collect()).collect();
    let mut skeletons = HashSet::new();
    let mut confusable = 0;
    for c in ('\u{80}'..=char::MAX).filter(|c| c.is_alphanumeric() || !is_own_prototype(*c)) {
        if is_own_prototype(c) {
            if exact_keeps(c) {
                let skeleton: String = unicode_security::skeleton(&c.to_string()).collect();
                assert!(!ascii.contains(&skeleton), "{c} looks like ASCII");
                assert!(c.nfkc().eq([c]), "{c} has another spelling");
                assert!(skeletons.insert(skeleton), "{c} looks like another");
            }
        } else {
            confusable += 1;
            assert!(!exact_keeps(c), "{c} is confusable");
        }
    }
    assert!(confusable > 5_000, "only {confusable} confusable characters known");
}

#[test]
fn decoding_refuses_what_encoding_never_writes() {
    for (text, at) in [("a\\q", 1), ("\\", 0), ("\\x4", 0), ("\\u{110000}", 0), ("\\u{d800}", 0), ("\\{x-blanks}", 0)] {
        assert_eq!(decode(text), Err(DecodeError::BadEscape { at }), "{text}");
    }
    for text in [
        "\\x41",
        "\\xc3\\xa9",
        "\\u{41}",
        "\\u{00e000}",
        "a\\sb",
        " a",
        "a ",
        "\\{08-blanks}",
        "\\{3-blanks}",
        "\\xFF",
        "\u{202e}",
        "a\nb",
    ] {
        assert!(matches!(decode(text), Err(DecodeError::NotCanonical { .. })), "{text}");
    }
    assert_eq!(decode("\\{99999999999-blanks}"), Err(DecodeError::TooLong));
}

#[test]
fn lines_keep_or_lack_the_final_newline() {
    let lines = |bytes: &[u8]| -> Vec<String> { encode_lines(bytes).iter().map(SafeText::plain).collect() };
    assert_eq!(lines(b"a\nb"), ["a\\n", "b"]);
    assert_eq!(lines(b"a\nb\n"), ["a\\n", "b\\n"]);
    assert_eq!(lines(b"\n\n"), ["\\n", "\\n"]);
    assert!(lines(b"").is_empty());
}

proptest! {
    #[test]
    fn any_decodable_text_is_the_encoding_of_its_bytes(text in "(\\\\[nrtesxu\\\\{]|[a-f0-9{} -]|8-blanks|\\PC){0,20}") {
        if let Ok(bytes) = decode(&text) {
            prop_assert_eq!(encode(&bytes).to_string(), text);
        }
    }
}
