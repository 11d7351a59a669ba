//! What lies over the screen and has all keys: help, the palette, and fields to write in. What was typed before a dialog was
//! seen never acts in it.

use crate::console::keymap::{BINDINGS, Binding};
use crate::domain::{Millis, QuestionId, RunId};
use ratatui_textarea::TextArea;

/// A dialog that decides something takes no decision before it was seen for this long, in milliseconds.
const SEEN: i64 = 400;

/// What a text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    /// New guidance.
    Redirect(RunId),
    /// Why a run is stopped.
    Cancel(RunId),
    /// The answer to a question.
    Answer(QuestionId, bool),
    /// What is searched for in the log.
    Search,
    /// Which lines of the log are shown.
    Filter,
    /// How many of the last lines are copied.
    CopyLast,
    /// The name of a command.
    Palette,
}

/// One layer.
#[derive(Debug)]
pub enum Layer {
    /// The keys.
    Help {
        /// Lines that are scrolled.
        top: usize,
    },
    /// A field.
    Edit {
        /// What for.
        what: Editing,
        /// What is written.
        text: Box<TextArea<'static>>,
        /// When it opened.
        opened: Millis,
        /// The chosen command of the palette.
        chosen: usize,
    },
}

impl Layer {
    /// An empty field.
    pub fn edit(what: Editing, opened: Millis) -> Self {
        Self::Edit { what, text: Box::default(), opened, chosen: 0 }
    }
}

/// Whether a dialog that opened then may decide by now.
pub fn was_seen(what: Editing, opened: Millis, now: Millis) -> bool {
    match what {
        Editing::Cancel(_) | Editing::Answer(..) | Editing::Redirect(_) => now.since(opened) >= SEEN,
        Editing::Search | Editing::Filter | Editing::CopyLast | Editing::Palette => true,
    }
}

/// Commands whose name or words hold the letters in their order, those that begin with them first.
pub fn matching(wanted: &str) -> Vec<&'static Binding> {
    let wanted = wanted.to_lowercase();
    let mut found: Vec<_> = BINDINGS.iter().filter_map(|one| Some((score(&wanted, one)?, one))).collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().map(|(_, one)| one).collect()
}

fn score(wanted: &str, one: &Binding) -> Option<u8> {
    let words = one.words.to_lowercase();
    if one.name.starts_with(wanted) {
        return Some(0);
    }
    if one.name.contains(wanted) || words.contains(wanted) {
        return Some(1);
    }
    let mut letters = one.name.chars();
    wanted.chars().all(|letter| letters.any(|other| other == letter)).then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_finds_by_beginning_part_and_letters() {
        let first = |wanted| matching(wanted).first().map(|one| one.name);
        assert_eq!(first("qu"), Some("quit"));
        assert_eq!(first("guidance"), Some("redirect"));
        assert_eq!(first("shn"), Some("search-next"));
        assert_eq!(first("zzzz"), None);
        assert_eq!(matching("").len(), BINDINGS.len());
    }
}
