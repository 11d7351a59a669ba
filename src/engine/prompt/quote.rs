//! How text from outside stands in a prompt: between fences that it cannot close, and bounded.

use std::fmt::Write as _;

/// Text from outside between two fences.
pub(super) fn fenced(body: &str) -> String {
    let fence = fence_for(body);
    format!("{fence}\n{body}{fence}\n\n")
}

/// A run of backquotes longer than any in the text, so that the text cannot close its own fence.
fn fence_for(body: &str) -> String {
    let mut longest = 0;
    let mut current = 0;
    for c in body.chars() {
        current = if c == '`' { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    "`".repeat(longest.max(2) + 1)
}

/// On one line.
pub(super) fn one_line(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// So many characters of a text, and how many more there are.
pub(super) fn push_bounded(text: &mut String, part: &str, most: usize) {
    let mut characters = part.trim_end().chars();
    text.extend(characters.by_ref().take(most));
    let left = characters.count();
    if left > 0 {
        let _infallible = write!(text, " [… {left} more characters]");
    }
}
