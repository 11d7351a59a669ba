//! Bugs in words, for screens and the command line.

use crate::domain::{Bug, BugId};
use crate::protocol::BugDetail;
use crate::safe;
use crate::text::{SafeText, Style};

/// Its kind; of what a person told, who that was.
pub fn kind(bug: &Bug) -> SafeText {
    if let Some(told) = &bug.told { safe!("told by {}", told.by.label()) } else { safe!("{}", bug.kind) }
}

/// The first line of its message.
pub fn headline(bug: &Bug) -> &str {
    bug.message.lines().next().unwrap_or_default()
}

/// Who met it first: a run, or the person who told it of a project, and the run that saw it since.
pub fn origin(bug: &Bug) -> SafeText {
    match (&bug.told, bug.first_run) {
        (None, Some(run)) => safe!("first seen by {}", run),
        (None, None) => safe!("seen by no run"),
        (Some(told), None) => safe!("told by {} of {}; no run has seen it", told.by.label(), told.project),
        (Some(told), Some(run)) => safe!("told by {} of {}; seen by {} and others", told.by.label(), told.project, run),
    }
}

/// How often it was seen.
pub fn seen(bug: &Bug) -> SafeText {
    match bug.seen {
        0 => safe!("not seen yet"),
        1 => safe!("seen once"),
        times => safe!("seen {} times", times),
    }
}

/// What belongs to it by a person's word, and what may.
pub fn kin(detail: &BugDetail) -> Vec<SafeText> {
    let mut lines = Vec::new();
    if let Some((first, others)) = detail.merged.split_first() {
        let all = others.iter().fold(safe!("{}", first), |all, id: &BugId| safe!("{}, {}", all, id));
        lines.extend([SafeText::empty(), safe!("merged into it: {}", all)]);
    }
    if !detail.alike.is_empty() {
        lines.push(SafeText::empty());
        lines.push(safe!("Bugs in which its words are").styled(Style::strong()));
        for bug in &detail.alike {
            lines.push(safe!("  {} {}: {}", bug.id, kind(bug), headline(bug)));
        }
        lines.push(
            safe!("  Is it one of them? `dogwatch bug merge {} BUG --reason WHY` makes them one.", detail.bug.id)
                .styled(Style::faint()),
        );
    }
    lines
}
