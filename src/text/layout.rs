//! Columns: how wide a safe text is, where it may be cut, how it is wrapped. Our own SGR sequences take no room.

use super::style::Style;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Ends every styled text.
pub(super) const RESET: &str = "\x1b[0m";

/// Part of a safe text: either one SGR sequence of ours, or what lies between two of them.
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub sgr: bool,
}

/// Splits at our SGR sequences. A safe text has no other use of the escape character.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let sgr = rest.starts_with('\x1b');
        let end = if sgr { rest.find('m').map(|at| at + 1) } else { rest.find('\x1b') };
        let (head, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        rest = tail;
        Some(Piece { text: head, sgr })
    })
}

/// Columns of a safe text.
pub(super) fn width(text: &str) -> usize {
    pieces(text).filter(|piece| !piece.sgr).map(|piece| plain_width(piece.text)).sum()
}

/// Columns of a text without sequences. Counted by grapheme, since an accent adds nothing to its letter.
fn plain_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Cuts to `columns`, the last of them `~` where something was cut.
pub(super) fn truncate(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut cut = String::new();
    let mut used = 0;
    let mut styled = false;
    'all: for piece in pieces(text) {
        if piece.sgr {
            cut.push_str(piece.text);
            styled = piece.text != RESET;
            continue;
        }
        for grapheme in piece.text.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > room {
                break 'all;
            }
            used += wide;
            cut.push_str(grapheme);
        }
    }
    cut.push('~');
    if styled {
        cut.push_str(RESET);
    }
    cut
}

/// Breaks into lines of at most `columns`, never less than two since a letter may be two wide.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = vec![];
    let mut line = String::new();
    let mut used = 0;
    let mut style = "";
    for piece in pieces(text) {
        if piece.sgr {
            line.push_str(piece.text);
            style = if piece.text == RESET { "" } else { piece.text };
            continue;
        }
        for grapheme in piece.text.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > columns && used > 0 {
                if !style.is_empty() {
                    line.push_str(RESET);
                }
                lines.push(std::mem::replace(&mut line, style.to_owned()));
                used = 0;
            }
            used += wide;
            line.push_str(grapheme);
        }
    }
    lines.push(line);
    lines
}

/// Marks ranges of the plain form, in order and apart.
pub(super) fn marked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len() + ranges.len() * 12);
    let mut ranges = ranges.iter().filter(|range| !range.is_empty()).peekable();
    let (mut at, mut style, mut written) = (0, Style::PLAIN, Style::PLAIN);
    for piece in pieces(text) {
        if piece.sgr {
            style = Style::of_sgr(piece.text);
            continue;
        }
        for grapheme in piece.text.graphemes(true) {
            while ranges.next_if(|range| range.end <= at).is_some() {}
            let hit = ranges.peek().is_some_and(|range| range.start < at + grapheme.len());
            // What is reversed already is told apart by the line under it.
            let wanted = if hit { Style { reverse: !style.reverse, underline: true, ..style } } else { style };
            if wanted != written {
                wanted.write_sgr(&mut out);
                written = wanted;
            }
            out.push_str(grapheme);
            at += grapheme.len();
        }
    }
    if !written.is_plain() {
        out.push_str(RESET);
    }
    out
}

/// The same, but broken behind a blank where a line has one in its second half.
pub(super) fn flow(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = vec![String::new()];
    // Columns of the last line, and where it could be broken: its bytes and columns up to there, and the style there.
    let (mut used, mut fit) = (0, None::<(usize, usize, String)>);
    let mut style = String::new();
    for piece in pieces(text) {
        if piece.sgr {
            style = if piece.text == RESET { String::new() } else { piece.text.to_owned() };
            push(&mut lines, piece.text);
            continue;
        }
        for grapheme in piece.text.graphemes(true) {
            let wide = grapheme.width();
            if used + wide > columns && used > 0 {
                let place = fit.take().filter(|(_, columns, _)| *columns * 2 > used);
                let whole = || (lines.last().map_or(0, String::len), used, style.clone());
                let (bytes, columns, before) = place.unwrap_or_else(whole);
                let rest = lines.last_mut().map(|line| line.split_off(bytes)).unwrap_or_default();
                used -= columns;
                if !before.is_empty() {
                    push(&mut lines, RESET);
                }
                lines.push(before + &rest);
            }
            push(&mut lines, grapheme);
            used += wide;
            if grapheme == " " {
                fit = lines.last().map(|line| (line.len(), used, style.clone()));
            }
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use crate::safe;
    use crate::text::{Colour, SafeText, Style, exact};
    use proptest::prelude::*;

    #[test]
    fn marks_lie_on_their_ranges_whatever_the_style() {
        let red = safe!("bcd").styled(Style::fg(Colour::Red));
        let text = safe!("a{}e", red).marked(&[0..2, 4..5]);
        assert_eq!(text.as_str(), "\x1b[0;4;7ma\x1b[0;4;7;31mb\x1b[0;31mcd\x1b[0;4;7me\x1b[0m");
        assert_eq!(text.plain(), "abcde");
    }

    #[test]
    fn widths_are_columns() {
        assert_eq!(exact::encode("日é".as_bytes()).width(), 3);
        assert_eq!(safe!("abc").styled(Style::fg(Colour::Red)).width(), 3);
        assert_eq!(safe!("7").pad_left(3).as_str(), "  7");
        assert_eq!(safe!("7").styled(Style::strong()).pad_right(3).as_str(), "\x1b[0;1m7\x1b[0m  ");
    }

    #[test]
    fn a_cut_is_visible_and_ends_its_style() {
        assert_eq!(safe!("abcdef").truncate(4).as_str(), "abc~");
        assert_eq!(safe!("abcd").truncate(4).as_str(), "abcd");
        assert_eq!(safe!("abcd").truncate(0).as_str(), "");
        assert_eq!(exact::encode("日本".as_bytes()).truncate(3).as_str(), "日~");
        assert_eq!(safe!("abcdef").styled(Style::strong()).truncate(3).as_str(), "\x1b[0;1mab~\x1b[0m");
    }

    #[test]
    fn a_style_goes_on_over_a_break() {
        let lines = safe!("abcd").styled(Style::strong()).wrap(2);
        let lines: Vec<&str> = lines.iter().map(SafeText::as_str).collect();
        assert_eq!(lines, ["\x1b[0;1mab\x1b[0m", "\x1b[0;1mcd\x1b[0m"]);
        assert_eq!(SafeText::empty().wrap(5).len(), 1);
    }

    #[test]
    fn words_stay_whole_where_a_line_has_room_for_them() {
        let shown = |text: &SafeText, columns| {
            text.flow(columns).iter().map(|line| line.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown(&safe!("one two three"), 8), ["one two ", "three"]);
        assert_eq!(shown(&safe!("a verylongword"), 6), ["a very", "longwo", "rd"]);
        let bold = safe!("{} {}", safe!("ab cd").styled(Style::strong()), safe!("ef"));
        assert_eq!(shown(&bold, 4), ["\x1b[0;1mab \x1b[0m", "\x1b[0;1mcd\x1b[0m ", "ef"]);
        assert_eq!(shown(&SafeText::empty(), 4), [""]);
    }

    proptest! {
        #[test]
        fn wrapping_drops_nothing_and_keeps_to_its_width(bytes: Vec<u8>, word in "\\PC{0,80}", columns in 0_usize..40) {
            for text in [exact::encode(&bytes), exact::encode(word.as_bytes())] {
                let styled = safe!("{}{}", text.styled(Style::strong()), text);
                for (text, lines) in [(&text, text.wrap(columns)), (&text, text.flow(columns)), (&styled, styled.flow(columns))] {
                    prop_assert!(lines.iter().all(|line| line.width() <= columns.max(2)));
                    let joined: String = lines.iter().map(SafeText::plain).collect();
                    prop_assert_eq!(joined, text.plain());
                }
                prop_assert!(text.truncate(columns).width() <= columns);
            }
        }
    }
}
