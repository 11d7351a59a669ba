//! What is written in a dialog and not sent, guidance aside, which has a room of its own on disk. It outlives the dialog: it was left,
//! what was decided on changed, the engine refused it or went away. Only an answer that it was taken forgets it.

use super::{App, Editing, Layer};
use crate::console::keymap::Command;
use crate::safe;
use ratatui_textarea::{CursorMove, TextArea};
use std::collections::HashMap;

/// It.
#[derive(Debug, Default)]
pub(super) struct Kept {
    texts: Vec<(Editing, String)>,
    /// What the dialog that is open began with, until somebody writes in it.
    begun: Option<String>,
    /// What was sent under a number and is not answered.
    sent: HashMap<u64, (Editing, String)>,
}

impl Kept {
    fn of(&self, what: Editing) -> Option<&str> {
        self.texts.iter().find(|(of, _)| *of == what).map(|(_, text)| text.as_str())
    }

    fn forget(&mut self, what: Editing) {
        self.texts.retain(|(of, _)| *of != what);
    }
}

impl App {
    /// Begins a field with a text, or with what was written in it before.
    pub(super) fn begin_with(&mut self, lines: Vec<String>) {
        let Some(Layer::Edit { what, text, .. }) = &mut self.layer else { return };
        let kept = self.kept.of(*what).filter(|_| what.keeps_words());
        let lines = kept.map_or(lines, |kept| kept.split('\n').map(str::to_owned).collect());
        self.kept.begun = Some(lines.join("\n"));
        **text = TextArea::new(lines);
        text.move_cursor(CursorMove::Bottom);
        text.move_cursor(CursorMove::End);
    }

    /// Remembers what is written in the dialog that is open.
    pub(super) fn keep_words(&mut self) {
        let Some(Layer::Edit { what, text, .. }) = &self.layer else { return };
        let (what, text) = (*what, text.lines().join("\n"));
        if !what.keeps_words() || self.kept.begun.as_ref() == Some(&text) {
            return;
        }
        self.kept.begun = None;
        self.kept.forget(what);
        if !text.trim().is_empty() {
            self.kept.texts.push((what, text));
        }
    }

    /// What was written goes to the engine under this number.
    pub(super) fn words_sent(&mut self, number: u64, what: Editing) {
        if let Some(text) = self.kept.of(what).map(str::to_owned) {
            self.kept.sent.insert(number, (what, text));
        }
    }

    /// The engine took what was sent under a number, or did not.
    pub(super) fn settle_words(&mut self, number: u64, taken: bool) {
        let Some((what, text)) = self.kept.sent.remove(&number) else { return };
        if !taken {
            self.tell_where_words_are(what);
        } else if self.kept.of(what) == Some(&text) {
            // Who went on writing meanwhile keeps that.
            self.kept.forget(what);
        }
    }

    /// Ends a complaint by the key that has the words.
    pub(super) fn tell_where_words_are(&mut self, what: Editing) {
        let Some(key) = self.key_of_words(what) else { return };
        if let Some((words, _)) = self.said.take() {
            self.messages.pop_back();
            self.complain(safe!("{}; `{}` has your words", words, key));
        }
    }

    /// A dialog is left: what is written in it stays.
    pub(super) fn leave_words(&mut self, what: Editing) {
        if let Some(key) = self.key_of_words(what) {
            self.say(safe!("nothing was sent; what you wrote is kept, `{}` opens it again", key));
        }
    }

    /// The key that opens what is kept of a dialog, where something is.
    fn key_of_words(&self, what: Editing) -> Option<String> {
        self.kept.of(what)?;
        Some(self.keys.first(what.opened_by()?))
    }
}

impl Editing {
    /// Whether what is written in it is kept until it is sent. A code is good for one try.
    fn keeps_words(self) -> bool {
        self.opened_by().is_some()
    }

    /// What opens it, where words are written in it.
    fn opened_by(self) -> Option<Command> {
        Some(match self {
            Self::Criteria(_) => Command::Criteria,
            Self::Reassign(_) => Command::Reassign,
            Self::Extend(_) => Command::Extend,
            Self::Cancel(_) => Command::Cancel,
            Self::Answer(_, true) => Command::Approve,
            Self::Answer(_, false) => Command::Deny,
            Self::Refuse(_) => Command::Refuse,
            Self::TakeBack(_) => Command::TakeBack,
            Self::Rewrite(_) => Command::Rewrite,
            Self::Resolve(_) => Command::Resolve,
            Self::Stop(_) => Command::StopIt,
            Self::StopModels => Command::StopModels,
            Self::Redirect(_)
            | Self::Rollback(..)
            | Self::BackToBest(_)
            | Self::AwaitDay(_)
            | Self::Agree(_)
            | Self::AgreeAll
            | Self::Again(_)
            | Self::Review(_)
            | Self::StartModels
            | Self::Filter(_)
            | Self::Search
            | Self::Sift
            | Self::CopyLast
            | Self::Palette
            | Self::Steps => return None,
        })
    }
}
