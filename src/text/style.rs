//! Styles as we print them: sixteen ANSI colours and five attributes, written by our own SGR sequences only.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// One of the sixteen ANSI colours; how it looks is the terminal's own affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Colour {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
    BrightBlack,
    BrightRed,
    BrightGreen,
    BrightYellow,
    BrightBlue,
    BrightMagenta,
    BrightCyan,
    BrightWhite,
}

/// All colours in the order of their ANSI numbers, with the red, green and blue that xterm gives them by default.
const PALETTE: [(Colour, [u8; 3]); 16] = [
    (Colour::Black, [0, 0, 0]),
    (Colour::Red, [205, 0, 0]),
    (Colour::Green, [0, 205, 0]),
    (Colour::Yellow, [205, 205, 0]),
    (Colour::Blue, [0, 0, 238]),
    (Colour::Magenta, [205, 0, 205]),
    (Colour::Cyan, [0, 205, 205]),
    (Colour::White, [229, 229, 229]),
    (Colour::BrightBlack, [127, 127, 127]),
    (Colour::BrightRed, [255, 0, 0]),
    (Colour::BrightGreen, [0, 255, 0]),
    (Colour::BrightYellow, [255, 255, 0]),
    (Colour::BrightBlue, [92, 92, 255]),
    (Colour::BrightMagenta, [255, 0, 255]),
    (Colour::BrightCyan, [0, 255, 255]),
    (Colour::BrightWhite, [255, 255, 255]),
];

/// Brightness steps of the 6x6x6 colour cube of 256-colour terminals.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Colour {
    /// The colour with this number, 0 to 15; higher numbers take their low four bits.
    pub fn ansi(number: u8) -> Self {
        PALETTE.get(usize::from(number & 15)).map_or(Self::White, |(colour, _)| *colour)
    }

    /// The number of this colour, 0 to 15.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The nearest of our colours to one of the 256.
    pub fn from_256(number: u8) -> Self {
        match number {
            0..=15 => Self::ansi(number),
            16..=231 => {
                let n = number - 16;
                let step = |i: u8| CUBE.get(usize::from(i)).copied().unwrap_or_default();
                Self::from_rgb([step(n / 36), step(n / 6 % 6), step(n % 6)])
            }
            232..=255 => {
                let level = 8 + (number - 232) * 10;
                Self::from_rgb([level; 3])
            }
        }
    }

    /// The nearest of our colours to a true colour, by squared distance.
    pub fn from_rgb(rgb: [u8; 3]) -> Self {
        let distance =
            |other: &[u8; 3]| -> u32 { rgb.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum() };
        PALETTE.iter().min_by_key(|(_, rgb)| distance(rgb)).map_or(Self::White, |(colour, _)| *colour)
    }
}

/// How a piece of text looks. The default is the terminal's own look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "five independent attributes of a terminal cell")]
pub struct Style {
    /// Colour of the letters.
    pub fg: Option<Colour>,
    /// Colour behind the letters.
    pub bg: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Letters and background swapped.
    pub reverse: bool,
}

impl Style {
    /// The plain look.
    pub const PLAIN: Self =
        Self { fg: None, bg: None, bold: false, dim: false, italic: false, underline: false, reverse: false };

    /// Letters in this colour.
    pub const fn fg(colour: Colour) -> Self {
        Self { fg: Some(colour), ..Self::PLAIN }
    }

    /// Dim letters: how marks for unprintable things are shown.
    pub const fn faint() -> Self {
        Self { dim: true, ..Self::PLAIN }
    }

    /// Bold letters.
    pub const fn strong() -> Self {
        Self { bold: true, ..Self::PLAIN }
    }

    /// This style with bold added.
    pub const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// The style that one of our own SGR sequences sets.
    pub(super) fn of_sgr(sequence: &str) -> Self {
        let mut style = Self::PLAIN;
        let codes = sequence.trim_start_matches("\x1b[").trim_end_matches('m');
        for code in codes.split(';').filter_map(|code| code.parse::<u8>().ok()) {
            match code {
                1 => style.bold = true,
                2 => style.dim = true,
                3 => style.italic = true,
                4 => style.underline = true,
                7 => style.reverse = true,
                30..=37 => style.fg = Some(Colour::ansi(code - 30)),
                90..=97 => style.fg = Some(Colour::ansi(code - 82)),
                40..=47 => style.bg = Some(Colour::ansi(code - 40)),
                100..=107 => style.bg = Some(Colour::ansi(code - 92)),
                _ => {}
            }
        }
        style
    }

    /// Whether it is the plain look.
    pub fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }

    /// Appends the SGR sequence that sets exactly this style, whatever was set before.
    pub(super) fn write_sgr(self, to: &mut String) {
        to.push_str("\x1b[0");
        let attributes = [(self.bold, 1), (self.dim, 2), (self.italic, 3), (self.underline, 4), (self.reverse, 7)];
        let colour = |c: Colour, base: u8| {
            if c.number() < 8 { base + c.number() } else { base + 52 + c.number() }
        };
        let codes = attributes
            .iter()
            .filter_map(|(on, code)| on.then_some(*code))
            .chain(self.fg.map(|c| colour(c, 30)))
            .chain(self.bg.map(|c| colour(c, 40)));
        for code in codes {
            // Writing to a String cannot fail.
            let _ = write!(to, ";{code}");
        }
        to.push('m');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_are_the_standard_ones() {
        for n in 0..16 {
            assert_eq!(Colour::ansi(n).number(), n);
            assert_eq!(Colour::from_256(n).number(), n);
        }
        let mut text = String::new();
        Style { bg: Some(Colour::BrightWhite), ..Style::fg(Colour::BrightBlack).bold() }.write_sgr(&mut text);
        assert_eq!(text, "\x1b[0;1;90;107m");
        assert_eq!(
            Style::of_sgr(&text),
            Style { bg: Some(Colour::BrightWhite), ..Style::fg(Colour::BrightBlack).bold() }
        );
        assert_eq!(Style::of_sgr("\x1b[0m"), Style::PLAIN);
    }

    #[test]
    fn rich_colours_fall_on_the_nearest_of_ours() {
        assert_eq!(Colour::from_256(196), Colour::BrightRed);
        assert_eq!(Colour::from_256(16), Colour::Black);
        assert_eq!(Colour::from_256(244), Colour::BrightBlack);
        assert_eq!(Colour::from_rgb([0, 200, 10]), Colour::Green);
    }
}
