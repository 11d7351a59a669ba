//! Select Graphic Rendition: the one kind of escape sequence whose meaning is kept.

use crate::text::style::{Colour, Style};

/// Applies the parameters between `ESC [` and `m`. False where they are not ones we know; the style is then unchanged.
///
/// Attributes outside our palette (blinking, hidden, struck, fonts) are known and change nothing: hidden text stays visible.
pub(super) fn apply(style: &mut Style, parameters: &[u8]) -> bool {
    let mut next = *style;
    let mut groups = parameters.split(|b| *b == b';');
    while let Some(group) = groups.next() {
        let Some(numbers) = numbers(group) else { return false };
        let (first, rest) = numbers.split_first().unwrap_or((&0, &[]));
        let known = match *first {
            38 | 48 | 58 => {
                let colour = if rest.is_empty() { separate_colour(&mut groups) } else { joined_colour(rest) };
                colour.is_some_and(|colour| {
                    match *first {
                        38 => next.fg = Some(colour),
                        48 => next.bg = Some(colour),
                        // The colour of underlines is not kept.
                        _ => {}
                    }
                    true
                })
            }
            4 => {
                next.underline = rest.first() != Some(&0);
                true
            }
            code => rest.is_empty() && simple(&mut next, code),
        };
        if !known {
            return false;
        }
    }
    *style = next;
    true
}

/// The numbers of a group such as `4:3`; an empty number is zero.
fn numbers(group: &[u8]) -> Option<Vec<u16>> {
    group
        .split(|b| *b == b':')
        .map(|digits| match std::str::from_utf8(digits) {
            Ok("") => Some(0),
            Ok(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
            _ => None,
        })
        .collect()
}

fn simple(style: &mut Style, code: u16) -> bool {
    let colour = |code: u16, base: u16| u8::try_from(code - base).ok().map(Colour::ansi);
    match code {
        0 => *style = Style::PLAIN,
        1 => style.bold = true,
        2 => style.dim = true,
        3 => style.italic = true,
        7 => style.reverse = true,
        // Doubly underlined.
        21 => style.underline = true,
        22 => (style.bold, style.dim) = (false, false),
        23 => style.italic = false,
        24 => style.underline = false,
        27 => style.reverse = false,
        30..=37 => style.fg = colour(code, 30),
        39 => style.fg = None,
        40..=47 => style.bg = colour(code, 40),
        49 => style.bg = None,
        90..=97 => style.fg = colour(code, 82),
        100..=107 => style.bg = colour(code, 92),
        // Known, and not on our palette.
        5 | 6 | 8..=20 | 25 | 26 | 28 | 29 | 50..=55 | 59 => {}
        _ => return false,
    }
    true
}

/// `38;5;N` and `38;2;R;G;B`, whose parts are groups of their own.
fn separate_colour<'a>(groups: &mut impl Iterator<Item = &'a [u8]>) -> Option<Colour> {
    let mut next = || match numbers(groups.next()?)?.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    match next()? {
        5 => colour_256(next()?),
        2 => colour_rgb([next()?, next()?, next()?]),
        _ => None,
    }
}

/// `38:5:N`, `38:2:R:G:B` and `38:2:space:R:G:B`, without the 38.
fn joined_colour(rest: &[u16]) -> Option<Colour> {
    match *rest {
        [5, n] => colour_256(n),
        [2, r, g, b] | [2, _, r, g, b, ..] => colour_rgb([r, g, b]),
        _ => None,
    }
}

fn colour_256(n: u16) -> Option<Colour> {
    u8::try_from(n).ok().map(Colour::from_256)
}

fn colour_rgb([r, g, b]: [u16; 3]) -> Option<Colour> {
    Some(Colour::from_rgb([u8::try_from(r).ok()?, u8::try_from(g).ok()?, u8::try_from(b).ok()?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(parameters: &str) -> Option<Style> {
        let mut style = Style::PLAIN;
        apply(&mut style, parameters.as_bytes()).then_some(style)
    }

    #[test]
    fn known_parameters_are_applied() {
        assert_eq!(after("1;31"), Some(Style::fg(Colour::Red).bold()));
        assert_eq!(after("97"), Some(Style::fg(Colour::BrightWhite)));
        assert_eq!(after("103"), Some(Style { bg: Some(Colour::BrightYellow), ..Style::PLAIN }));
        assert_eq!(after("31;0"), Some(Style::PLAIN));
        assert_eq!(after("31;"), Some(Style::PLAIN));
        assert_eq!(after(""), Some(Style::PLAIN));
        assert_eq!(after("38;5;196"), Some(Style::fg(Colour::BrightRed)));
        assert_eq!(after("38;2;0;0;0;1"), Some(Style::fg(Colour::Black).bold()));
        assert_eq!(after("38:2::255:0:0"), Some(Style::fg(Colour::BrightRed)));
        assert_eq!(after("4:3"), Some(Style { underline: true, ..Style::PLAIN }));
        assert_eq!(after("8"), Some(Style::PLAIN));
    }

    #[test]
    fn unknown_parameters_change_nothing() {
        for odd in ["38", "38;5", "38;5;999", "38;7;1", "99999999", "200", "?25", ">4;1", "1:2", "31;x"] {
            assert_eq!(after(odd), None, "{odd}");
        }
    }
}
