//! Bars over time: some columns for each span of days, as high as there are rows. They are letters of the line-drawing kind, which
//! the canvas spells with darker and darker ones where a terminal has no more than ASCII.

use crate::safe;
use crate::text::{Colour, SafeText, Style};

/// Heights that one row tells apart.
const STEPS: u64 = 8;

/// The rows of a plot from the top, each `width` columns at most: one bar for each value, the earliest first. What is zero has a
/// dot, so that it differs from where there is nothing to tell.
pub(super) fn rows(values: &[Option<u64>], width: usize, height: usize) -> Vec<SafeText> {
    let top = values.iter().flatten().copied().max().unwrap_or(0).max(1);
    let each = bar_width(values.len(), width);
    let steps = STEPS.saturating_mul(height as u64);
    let level = |value: u64| {
        // Rounded up, so that the smallest one still has a bar.
        let level = (u128::from(value) * u128::from(steps)).div_ceil(u128::from(top));
        u64::try_from(level).unwrap_or(steps)
    };
    let row = |row: usize| {
        let below = STEPS * (height - 1 - row) as u64;
        let bars = values.iter().map(|value| {
            let letter = match value {
                None => safe!(" "),
                Some(0) if below == 0 => safe!("·").styled(Style::faint()),
                Some(value) => bar(level(*value).saturating_sub(below)),
            };
            // Wide bars have a gap between them.
            let filled = if each > 2 { each - 1 } else { each };
            SafeText::join(std::iter::repeat_n(&letter, filled), &SafeText::empty()).pad_right(each)
        });
        SafeText::join(&bars.collect::<Vec<_>>(), &SafeText::empty())
    };
    (0..height).map(row).collect()
}

/// Columns of each bar.
pub(super) fn bar_width(bars: usize, width: usize) -> usize {
    (width / bars.max(1)).clamp(1, 6)
}

/// One cell of a bar that fills so many eighths of it.
fn bar(eighths: u64) -> SafeText {
    let letter = match eighths {
        0 => return safe!(" "),
        1 => safe!("▁"),
        2 => safe!("▂"),
        3 => safe!("▃"),
        4 => safe!("▄"),
        5 => safe!("▅"),
        6 => safe!("▆"),
        7 => safe!("▇"),
        _ => safe!("█"),
    };
    letter.styled(Style::fg(Colour::Cyan))
}

/// A bar that lies, for a value of at most `top`: at least one cell where it is not zero.
pub(super) fn lying(value: u64, top: u64, width: usize) -> SafeText {
    let cells = (u128::from(value) * width as u128).div_ceil(u128::from(top.max(1)));
    let cells = usize::try_from(cells).unwrap_or(width).min(width);
    let bar = SafeText::join(std::iter::repeat_n(&safe!("▇"), cells), &SafeText::empty());
    bar.styled(Style::fg(Colour::Cyan))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawn(values: &[Option<u64>], width: usize, height: usize) -> Vec<String> {
        rows(values, width, height).iter().map(SafeText::plain).collect()
    }

    #[test]
    fn bars_grow_over_rows_and_nothing_differs_from_zero() {
        assert_eq!(drawn(&[Some(16), Some(9), Some(8), Some(1), Some(0), None], 6, 2), ["█▁    ", "███▁· "]);
        assert_eq!(drawn(&[Some(2), Some(1)], 8, 1), ["███ ▄▄▄ "]);
        assert_eq!(drawn(&[Some(0), None], 2, 2), ["  ", "· "]);
        assert_eq!(drawn(&[], 5, 2), ["", ""]);
        assert_eq!(drawn(&[Some(u64::MAX), Some(1)], 2, 1), ["█▁"]);
        assert_eq!(lying(1, 100, 10).plain(), "▇");
        assert_eq!((lying(100, 100, 4).width(), lying(0, 0, 4).width()), (4, 0));
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_what_there_is_and_more_is_never_lower(
            values in proptest::collection::vec(proptest::option::of(any::<u64>()), 1..40), height in 1_usize..8,
        ) {
            let rows = drawn(&values, 80, height);
            prop_assert_eq!(rows.len(), height);
            let each = bar_width(values.len(), 80);
            let letters: Vec<Vec<char>> = rows.iter().map(|row| row.chars().collect()).collect();
            prop_assert!(letters.iter().all(|row| row.len() == values.len() * each && row.len() <= 80));
            let filled = |at: usize| letters.iter().map(|row| " ·▁▂▃▄▅▆▇█".chars().position(|one| one == row[at * each]).unwrap_or(0).saturating_sub(1)).sum::<usize>();
            for (one, other) in (0..values.len()).zip(1..values.len()) {
                if let (Some(less), Some(more)) = (values[one], values[other]) && less <= more {
                    prop_assert!(filled(one) <= filled(other));
                }
            }
        }
    }
}
