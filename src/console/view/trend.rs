//! How a run has come nearer to green: one bar for the failed tests of each iteration, the highest for the worst of them.

use crate::safe;
use crate::text::{Colour, SafeText, Style};

/// The newest iterations, so many at most, measured by all that are given. None that failed is a dot, so that green differs from little without a colour.
pub(super) fn bars(failed: &[u32], most: usize) -> SafeText {
    let Some(worst) = failed.iter().copied().max() else { return SafeText::empty() };
    let shown = failed.get(failed.len().saturating_sub(most)..).unwrap_or_default();
    let bars: Vec<_> = shown.iter().map(|one| bar(*one, worst)).collect();
    SafeText::join(&bars, &SafeText::empty())
}

fn bar(failed: u32, worst: u32) -> SafeText {
    if failed == 0 {
        return safe!("·").styled(Style::fg(Colour::Green));
    }
    // Rounded up, so that the smallest failure still has a bar; one eighth short of a whole cell, so that rows stay apart.
    match (u64::from(failed) * 7).div_ceil(u64::from(worst)) {
        1 => safe!("▁"),
        2 => safe!("▂"),
        3 => safe!("▃"),
        4 => safe!("▄"),
        5 => safe!("▅"),
        6 => safe!("▆"),
        _ => safe!("▇"),
    }
}

#[cfg(test)]
mod tests {
    use super::bars;
    use proptest::prelude::*;

    fn drawn(failed: &[u32], most: usize) -> String {
        bars(failed, most).plain()
    }

    #[test]
    fn bars_fall_towards_green() {
        assert_eq!(drawn(&[8, 6, 3, 1, 0], 8), "▇▆▃▁·");
        assert_eq!(drawn(&[8, 6, 3, 1, 0], 3), "▃▁·");
        assert_eq!(drawn(&[0, 0], 8), "··");
        assert_eq!(drawn(&[u32::MAX, 1], 8), "▇▁");
        assert_eq!(drawn(&[], 8), "");
    }

    proptest! {
        #[test]
        fn less_is_never_drawn_higher(failed in proptest::collection::vec(any::<u32>(), 0..20), most in 0_usize..12) {
            let drawn: Vec<char> = drawn(&failed, most).chars().collect();
            let shown = &failed[failed.len().saturating_sub(most)..];
            prop_assert_eq!(drawn.len(), shown.len());
            for (one, other) in shown.iter().zip(&drawn).zip(shown.iter().zip(&drawn).skip(1)) {
                prop_assert!((one.0 < other.0) <= (one.1 <= other.1));
                prop_assert_eq!(*one.0 == 0, *one.1 == '·');
            }
        }
    }
}
