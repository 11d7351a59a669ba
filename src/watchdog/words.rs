//! The words of evidence: names of tests that are bounded, and numbers of iterations as people read them.

use std::fmt::Write as _;

/// Most names that one sentence quotes.
const NAMES: usize = 3;
/// Longest name that is quoted, in characters.
const LONGEST: usize = 100;

/// A name, cut where it is long, on one line.
pub fn clipped(name: &str) -> String {
    let mut text: String = name.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() < name.len() {
        text.push_str("...");
    }
    text
}

/// `a, b, c and 4 more`.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>, total: usize) -> String {
    let shown: Vec<String> = names.into_iter().take(NAMES).map(clipped).collect();
    let mut text = shown.join(", ");
    let more = total.saturating_sub(shown.len());
    if more > 0 && !shown.is_empty() {
        let _infallible = write!(text, " and {more} more");
    }
    text
}

/// `1 test`, `3 tests`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// `iteration 4`, `iterations 4–8`, `iterations 4, 6–8`, from numbers in their order.
pub fn iterations(numbers: &[u64]) -> String {
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match spans.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) || *last == *number => *last = *number,
            _ => spans.push((*number, *number)),
        }
    }
    let text: Vec<String> = spans
        .iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    let word = if numbers.len() == 1 { "iteration" } else { "iterations" };
    format!("{word} {}", text.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_read_well() {
        assert_eq!(iterations(&[4]), "iteration 4");
        assert_eq!(iterations(&[4, 5, 6, 9, 11, 12]), "iterations 4-6, 9, 11-12");
        assert_eq!(listed(["a", "b"], 2), "a, b");
        assert_eq!(listed(["a", "b", "c", "d", "e"], 9), "a, b, c and 6 more");
        assert_eq!(clipped(&"x\n".repeat(80)).chars().count(), 103);
        assert_eq!(count(1, "test"), "1 test");
        assert_eq!(count(2, "error"), "2 errors");
    }
}
