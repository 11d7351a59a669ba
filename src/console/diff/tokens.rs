//! Colours for lines of code: comments, strings, numbers and the commonest keywords. It looks at one line at a time and knows
//! no grammar, so a text or a comment over several lines is coloured like code.

use super::language::Language;
use crate::text::{Colour, Style};
use std::ops::Range;

/// Styles for the parts of a line in its exact form; `rest` for what is no token.
pub(super) fn styles(line: &str, language: Language, rest: Style) -> Vec<(Range<usize>, Style)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = line.get(at..).and_then(|left| left.chars().next()) {
        let left = line.get(at..).unwrap_or_default();
        let (length, style) = token(left, first, language, rest);
        // What is not ASCII may belong to the letter before it, and is never parted from it.
        let tail = left.get(length..).unwrap_or_default();
        let length = length + tail.len() - tail.trim_start_matches(|c: char| !c.is_ascii()).len();
        found.push((at..at + length, style));
        at += length;
    }
    found
}

/// The length and the style of the token at the beginning.
fn token(left: &str, first: char, language: Language, rest: Style) -> (usize, Style) {
    let comment = language.comment();
    if !comment.is_empty() && left.starts_with(comment) {
        return (left.len(), Style::faint());
    }
    if language.quotes().contains(first) {
        return (string(left, first), Style::fg(Colour::Cyan));
    }
    if let Some(escape) = left.strip_prefix("\\t") {
        return (left.len() - escape.len(), Style::faint());
    }
    let word = left.len() - left.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii()).len();
    if word == 0 {
        return (first.len_utf8(), rest);
    }
    let text = left.get(..word).unwrap_or_default();
    let style = if language.has_keyword(text) {
        Style::fg(Colour::Magenta)
    } else if first.is_ascii_digit() && language != Language::Other {
        Style::fg(Colour::Cyan)
    } else {
        rest
    };
    (word, style)
}

/// The length of a text in quotes. In the exact form one backslash is two, so an escaped quote has two before it.
fn string(left: &str, quote: char) -> usize {
    let mut at = quote.len_utf8();
    while let Some(rest) = left.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("\\\\") {
            let next = rest.chars().nth(2).map_or(0, char::len_utf8);
            at += 2 + next;
        } else if rest.starts_with(quote) {
            return at + quote.len_utf8();
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    left.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str, language: Language, colour: Colour) -> Vec<&str> {
        let styles = styles(line, language, Style::PLAIN);
        styles
            .into_iter()
            .filter(|(_, style)| style.fg == Some(colour))
            .filter_map(|(range, _)| line.get(range))
            .collect()
    }

    #[test]
    fn tokens_are_found() {
        let line = "let total = \"a \\\\\" b\" + 0x1f; // if";
        assert_eq!(words(line, Language::Rust, Colour::Magenta), ["let"]);
        assert_eq!(words(line, Language::Rust, Colour::Cyan), ["\"a \\\\\" b\"", "0x1f"]);
        assert_eq!(words("return 'x' # 'y'", Language::Python, Colour::Cyan), ["'x'"]);
        assert_eq!(words("if 1", Language::Other, Colour::Magenta), Vec::<&str>::new());
        assert_eq!(Language::of(b"b/src/x.tsx\t\n"), Language::Script);
        assert_eq!(Language::of(b"b/Dockerfile\n"), Language::Hash);
    }

    proptest! {
        #[test]
        fn every_part_of_a_line_has_one_style(line in "\\PC{0,60}", rest in "[a-z\"'`#/\\\\0-9 éà\u{301}]{0,40}") {
            for line in [line, rest] {
                for language in [Language::Rust, Language::Script, Language::Hash, Language::Other] {
                    let mut at = 0;
                    for (range, _) in styles(&line, language, Style::PLAIN) {
                        prop_assert!(range.start == at && !range.is_empty() && line.get(range.clone()).is_some());
                        at = range.end;
                    }
                    prop_assert_eq!(at, line.len());
                }
            }
        }
    }
}
