//! What lies over the screen and has all keys: help, the palette, and fields to write in. What was typed before a dialog was
//! seen never acts in it.

use crate::console::app::List;
use crate::console::keymap::{BINDINGS, Binding};
use crate::domain::{Millis, QuestionId, RunId};
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui_textarea::TextArea;
use std::cmp::Reverse;

/// A dialog that decides something takes no decision before it was seen for this long, in milliseconds.
const SEEN: i64 = 400;
/// And one that was opened by the key that decides: longer than a key has to be held down before it repeats.
const HELD: i64 = 1200;
/// What a command's name counts beyond its words.
const NAME: u32 = 40;

/// What a text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    /// New guidance.
    Redirect(RunId),
    /// Why a run is stopped.
    Cancel(RunId),
    /// The answer to a question.
    Answer(QuestionId, bool),
    /// That a run goes back to an iteration.
    Rollback(RunId, u32),
    /// That a run waits for the next day.
    AwaitDay(QuestionId),
    /// What a list is filtered by.
    Filter(List),
    /// What is searched for in the log.
    Search,
    /// Which lines of the log are shown.
    Sift,
    /// How many of the last lines are copied.
    CopyLast,
    /// The name of a command.
    Palette,
}

impl Editing {
    /// Whether it changes something once it is done.
    pub fn is_deed(self) -> bool {
        match self {
            Self::Redirect(_) | Self::Cancel(_) | Self::Answer(..) | Self::Rollback(..) | Self::AwaitDay(_) => true,
            Self::Search | Self::Sift | Self::CopyLast | Self::Palette | Self::Filter(_) => false,
        }
    }
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
        /// When it opened, or was on the screen first.
        opened: Millis,
        /// It was on the screen.
        shown: bool,
        /// It was opened by the key that decides in it.
        held: bool,
        /// The chosen command of the palette.
        chosen: usize,
    },
}

impl Layer {
    /// An empty field.
    pub fn edit(what: Editing, opened: Millis) -> Self {
        Self::Edit { what, text: Box::default(), opened, shown: false, held: false, chosen: 0 }
    }
}

/// Whether a dialog that opened then may decide by now.
pub fn was_seen(what: Editing, opened: Millis, now: Millis, held: bool) -> bool {
    !what.is_deed() || now.since(opened) >= if held { HELD } else { SEEN }
}

/// Commands whose name or words have the letters in their order, the best first.
pub fn matching(wanted: &str) -> Vec<&'static Binding> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::new(wanted, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut Vec::new()), &mut matcher);
    let mut found: Vec<_> = BINDINGS
        .iter()
        .filter_map(|one| {
            let name = score(one.name).map(|score| (score + NAME, one.name.len()));
            Some((name.max(score(one.words).map(|score| (score, 0)))?, one))
        })
        .collect();
    // The sort is stable: among equal ones the table's order counts. Of two names that fit alike the shorter is meant.
    found.sort_by_key(|((score, length), _)| (Reverse(*score), *length));
    found.into_iter().map(|(_, one)| one).collect()
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
