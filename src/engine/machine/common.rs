//! Trouble that holds several runs at once: what it is known by, so that people are asked once and not once for each run; and
//! what of it is told in a question's title.

use super::transition::{Transition, Write};
use crate::watchdog::known_line;

/// Marks the question that is being asked as one that other runs may share: they ask the same where the same is said of the same
/// container engine, up to what differs from run to run. `of` says what else must be the same.
pub(super) fn share(next: &mut Transition, of: &str, reason: &str) {
    let engine = next.run.engine.clone();
    let Some(Write::Ask { title, cause, .. }) = next.writes.last_mut() else { return };
    *cause = known_line(reason).map(|known| format!("{engine}\n{of}\n{title}\n{known}"));
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
    use super::titled;

    #[test]
    fn what_ran_out_is_told_in_the_title() {
        let title = |reason: &str| titled("it fails", reason);
        assert_eq!(title("write /var/lib/docker/x: no space left on device"), "it fails: a disk is full");
        assert_eq!(title("No space left on device (os error 28)"), "it fails: a disk is full");
        assert_eq!(title("the setup ran out of memory and was ended by signal 9"), "it fails: memory ran out");
        assert_eq!(title("connection refused"), "it fails");
    }
}
