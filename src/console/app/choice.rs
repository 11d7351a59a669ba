//! What the fields to choose from have in their lists: commands of the palette, logs of a run's steps. Both are found by letters
//! in their order.

use super::{App, Editing};
use crate::console::keymap::{BINDINGS, Binding, Command};
use crate::protocol::LogInfo;
use crate::safe;
use crate::text::SafeText;
use crate::words;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::cmp::Reverse;

/// What a command's name counts beyond its words.
const NAME: u32 = 40;
/// Columns of the names.
const COMMAND: usize = 18;
const STEP: usize = 34;

/// One line of the list.
#[derive(Debug)]
pub struct Choice {
    /// What it is.
    pub words: SafeText,
    /// What is told at its end.
    pub aside: SafeText,
    /// What happens when it is taken.
    pub deed: Deed,
}

/// What happens.
#[derive(Debug)]
pub enum Deed {
    /// A command is done.
    Perform(Command),
    /// A log is shown.
    Show(Box<LogInfo>),
}

impl App {
    /// What there is to choose from, the best first.
    pub fn choices(&self, what: Editing, wanted: &str) -> Vec<Choice> {
        match what {
            Editing::Palette => matching(wanted).into_iter().map(|one| self.command(one)).collect(),
            Editing::Steps => self.steps(wanted),
            _ => Vec::new(),
        }
    }

    fn command(&self, one: &'static Binding) -> Choice {
        let keys = self.keys.all().find(|(known, _)| known.name == one.name).map(|(_, keys)| keys).unwrap_or_default();
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        Choice {
            words: safe!("{} {}", safe!("{}", one.name).pad_right(COMMAND), one.words),
            aside: safe!("{}", keys.join(" ")),
            deed: Deed::Perform(one.command),
        }
    }

    /// The logs of the run that is shown, the newest first.
    fn steps(&self, wanted: &str) -> Vec<Choice> {
        let mut score = score(wanted);
        let mut found: Vec<_> =
            self.log.steps.iter().rev().filter_map(|log| score(&log.step).map(|score| (score, log))).collect();
        found.sort_by_key(|(score, _)| Reverse(*score));
        let choice = |log: &LogInfo| {
            let told =
                words::log(&log.state).unwrap_or_else(|| if log.open { safe!("at work") } else { SafeText::empty() });
            Choice {
                words: safe!("{} {}", safe!("{}", log.step).pad_right(STEP), told),
                aside: words::size(log.bytes),
                deed: Deed::Show(Box::new(log.clone())),
            }
        };
        found.into_iter().map(|(_, log)| choice(log)).collect()
    }

    /// The place in that list of the log that is shown.
    pub(super) fn step_shown(&self) -> usize {
        self.log.steps.iter().rev().position(|log| log.step == self.log.step).unwrap_or(0)
    }
}

/// How well a text fits; none where it does not.
fn score(wanted: &str) -> impl FnMut(&str) -> Option<u32> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::new(wanted, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    move |text| pattern.score(Utf32Str::new(text, &mut Vec::new()), &mut matcher)
}

/// Commands whose name or words have the letters in their order, the best first.
fn matching(wanted: &str) -> Vec<&'static Binding> {
    let mut score = score(wanted);
    let mut found: Vec<_> = BINDINGS
        .iter()
        .filter_map(|one| {
            let name = score(one.name).map(|score| (score + NAME, one.name.len()));
            Some((name.max(score(one.words).map(|score| (score, 0)))?, one))
        })
        .collect();
    // The sort is stable: among equal ones the table's order counts. Of two names that fit alike the shorter is meant, and
    // where nothing is written everything does.
    let told = !wanted.is_empty();
    found.sort_by_key(|((score, length), _)| (Reverse(*score), if told { *length } else { 0 }));
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
        let all: Vec<_> = matching("").iter().map(|one| one.name).collect();
        assert_eq!(all, BINDINGS.iter().map(|one| one.name).collect::<Vec<_>>());
    }
}
