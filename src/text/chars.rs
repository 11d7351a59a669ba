//! Which characters may be shown as themselves. The exact form lists what may stay; the log form lists what may not.

use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::GeneralSecurityProfile as _;
use unicode_width::UnicodeWidthChar as _;

/// Whether the exact form may show this character as itself.
///
/// Beyond ASCII this is a short list on purpose: letters and digits that Unicode recommends for identifiers (UTS 39),
/// which are their own confusables prototype, have no other spelling in any normal form, take room, do not join with
/// their neighbours, and run from left to right. Two texts made of these differ to the eye when they differ in bytes.
pub(super) fn exact_keeps(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~') && c != '\\';
    }
    // Asking the tables costs a microsecond, so the answers are kept, a page of 256 characters at a time.
    let number = usize::try_from(u32::from(c)).unwrap_or(usize::MAX);
    let Some(page) = PAGES.get(number / PAGE) else { return false };
    let kept = page.get_or_init(|| {
        let mut kept = [false; PAGE];
        for (slot, n) in kept.iter_mut().zip((number / PAGE * PAGE)..) {
            *slot = u32::try_from(n).ok().and_then(char::from_u32).is_some_and(is_ordinary);
        }
        kept
    });
    kept.get(number % PAGE).copied().unwrap_or(false)
}

const PAGE: usize = 256;

static PAGES: [OnceLock<[bool; PAGE]>; 0x11_0000 / PAGE] = [const { OnceLock::new() }; 0x11_0000 / PAGE];

/// Whether a character outside ASCII passes every test of the exact form.
fn is_ordinary(c: char) -> bool {
    c.is_alphanumeric()
        && !is_lookalike(c)
        && c.identifier_allowed()
        && !is_combining_mark(c)
        && !runs_right_to_left(c)
        && !is_conjoining_jamo(c)
        && !is_hidden(c)
        && c.width().is_some_and(|w| w > 0)
        && std::iter::once(c).nfkc().eq(std::iter::once(c))
        && std::iter::once(c).nfc().eq(std::iter::once(c))
        && is_own_prototype(c)
}

/// Letters that look like others in many fonts though Unicode's table of confusables does not say so.
fn is_lookalike(c: char) -> bool {
    matches!(u32::from(c), 0x90de | 0x96b7 | 0x96b8 | 0x01a0 | 0x01a1)
}

/// Whether it chooses between the plain and the coloured drawing of the symbol before it.
pub(super) fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// Symbols outside ASCII that Unicode knows in both drawings.
pub(super) fn takes_selector(c: char) -> bool {
    matches!(u32::from(c),
        0xa9 | 0xae | 0x203c | 0x2049 | 0x2122 | 0x2139 | 0x2194..=0x21aa | 0x231a..=0x23ff | 0x24c2 | 0x25aa..=0x25fe
        | 0x2600..=0x27bf | 0x2934..=0x2935 | 0x2b05..=0x2b55 | 0x3030 | 0x303d | 0x3297 | 0x3299 | 0x1_f000..=0x1_faff)
}

/// Whether the confusables skeleton of a character is the character itself (in decomposed form).
pub(super) fn is_own_prototype(c: char) -> bool {
    let mut buffer = [0; 4];
    unicode_security::skeleton(c.encode_utf8(&mut buffer)).eq(std::iter::once(c).nfd())
}

/// Blocks of scripts whose letters reorder what stands beside them, without any control character.
fn runs_right_to_left(c: char) -> bool {
    matches!(u32::from(c), 0x0590..=0x08ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff)
}

/// Parts of Korean syllables, which draw as one syllable when they stand together.
fn is_conjoining_jamo(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x11ff | 0xa960..=0xa97f | 0xd7b0..=0xd7ff)
}

/// Characters that draw nothing, reorder, or change how others draw: never shown as themselves, in logs neither.
pub(super) fn is_hidden(c: char) -> bool {
    let n = u32::from(c);
    matches!(n,
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x034f | 0x061c | 0x070f | 0x0890..=0x0891 | 0x08e2
        | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1_10bd | 0x1_10cd
        | 0x1_3430..=0x1_345f | 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff)
        // The last two of every plane, and one block, are no characters at all.
        || n & 0xfffe == 0xfffe
        || matches!(n, 0xfdd0..=0xfdef)
}

/// How the log form treats a character outside ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogClass {
    /// Shown, taking this many columns.
    Shown(usize),
    /// An accent on the character before it.
    Accent,
    /// Shown by its number.
    Hidden,
}

/// Classes a character for the log form.
pub(super) fn log_class(c: char) -> LogClass {
    if is_hidden(c) {
        return LogClass::Hidden;
    }
    if is_combining_mark(c) {
        return LogClass::Accent;
    }
    match c.width() {
        // Vowels and final consonants of Korean draw inside the syllable before them.
        Some(0) if is_conjoining_jamo(c) => LogClass::Accent,
        None | Some(0) => LogClass::Hidden,
        Some(columns) => LogClass::Shown(columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_letters_stay() {
        for c in ['é', '日', 'ü', 'ж', '가', 'a', '~', ' '] {
            assert!(exact_keeps(c), "{c} should stay");
        }
    }

    #[test]
    fn tricky_letters_do_not() {
        // Cyrillic a, Greek omicron, full-width A, angstrom sign, jamo, Hebrew, braille blank, emoji, private use,
        // unassigned, ligature, fraction slash, modifier letter, Thai vowel sign.
        // The five last look like others though Unicode's table does not say so.
        let tricky = "\u{90de}\u{96b7}\u{96b8}\u{1a0}\u{1a1}\u{430}\u{3bf}\u{ff21}\u{212b}\u{1100}\u{5d0}\u{2800}\u{1f600}\u{e000}\u{378}\u{fb01}\u{2044}\u{2bc}\u{e31}";
        for c in tricky.chars() {
            assert!(!exact_keeps(c), "{:x} should be escaped", u32::from(c));
        }
    }
}
