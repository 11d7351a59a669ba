//! Trouble that holds several runs at once: what it is known by, so that people are asked once and not once for each run; and
//! what of it is told in a question's title.

use super::transition::{Transition, Write};
use crate::watchdog::known_line;

/// Marks the question that is being asked as one that other runs may share: they ask the same where the same is said of the same
/// container engine, up to what differs from run to run. `of` says what else must be the same.
pub(super) fn share(next: &mut Transition, of: &str, reason: &str) {
    let engine = next.run.engine.clone();
    let Some(Write::Ask { title, cause, .. }) = next.writes.last_mut() else { return };
    *cause = known_line(&nameless(reason)).map(|known| format!("{engine}\n{of}\n{title}\n{known}"));
}

/// A reason without the names of runs and of their steps: `r12`, `r12-i3-test-unit-a1`.
fn nameless(reason: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::with_capacity(reason.len());
    let mut rest = reason;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| inside(c) != inside(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match named_at(word) {
            Some(at) => {
                out.push_str(word.get(..at).unwrap_or_default());
                out.push_str("RUN");
            }
            None => out.push_str(word),
        }
        rest = after;
    }
    out
}

/// Where in a word the name of a run begins, which goes on to the word's end.
fn named_at(word: &str) -> Option<usize> {
    let starts = std::iter::once(0).chain(word.match_indices('-').map(|(at, _)| at + 1));
    starts.into_iter().find(|at| {
        let Some(digits) = word.get(*at..).and_then(|rest| rest.strip_prefix('r')) else { return false };
        let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        after.len() < digits.len() && (after.is_empty() || after.starts_with("-i"))
    })
}

/// A title with what ran out, where the reason says so. Only for reasons in the engine's words or the operating system's.
pub(super) fn titled(title: &str, reason: &str) -> String {
    let reason = reason.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| reason.contains(words));
    if says(&["no space left on device", "disk quota exceeded", "disk is full"]) {
        format!("{title}: a disk is full")
    } else if says(&["ran out of memory", "cannot allocate memory", "out of memory"]) {
        format!("{title}: memory ran out")
    } else {
        title.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{nameless, titled};

    #[test]
    fn names_of_runs_differ_from_run_to_run_and_nothing_else_does() {
        for (reason, known) in [
            ("r12-i3-test-unit-a1 cannot be created", "RUN cannot be created"),
            ("/state/workspaces/r7/r7-i1: full (r7)", "/state/workspaces/RUN/RUN: full (RUN)"),
            ("dogwatch-ab12-r3-i1-develop-a2_x: gone", "dogwatch-ab12-RUN: gone"),
            ("r2d2, ar12 and error-r5x at r", "r2d2, ar12 and error-r5x at r"),
            ("", ""),
        ] {
            assert_eq!(nameless(reason), known);
        }
    }

    #[test]
    fn what_ran_out_is_told_in_the_title() {
        let title = |reason: &str| titled("it fails", reason);
        assert_eq!(title("write /var/lib/docker/x: no space left on device"), "it fails: a disk is full");
        assert_eq!(title("No space left on device (os error 28)"), "it fails: a disk is full");
        assert_eq!(title("the setup ran out of memory and was ended by signal 9"), "it fails: memory ran out");
        assert_eq!(title("connection refused"), "it fails");
    }
}
