//! What lies over the screen and has all keys: help, first steps, messages, the palette, and fields to write in. What was typed before a dialog was
//! seen never acts in it.

use crate::console::app::List;
use crate::domain::{Millis, ProposalId, QuestionId, RunId};
use ratatui_textarea::TextArea;

/// A dialog that decides something takes no decision before it was seen for this long, in milliseconds.
const SEEN: i64 = 400;
/// And one that was opened by the key that decides: longer than a key has to be held down before it repeats.
const HELD: i64 = 1200;

/// What a text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editing {
    /// New guidance.
    Redirect(RunId),
    /// What a run is measured by, one criterion a line.
    Criteria(RunId),
    /// Who works on from the next turn on.
    Reassign(RunId),
    /// How many more iterations a run may spend.
    Extend(RunId),
    /// Why a run is stopped.
    Cancel(RunId),
    /// The answer to a question.
    Answer(QuestionId, bool),
    /// That a run goes back to an iteration.
    Rollback(RunId, u32),
    /// That a run goes back to its best iteration.
    BackToBest(RunId),
    /// That a run waits for the next day.
    AwaitDay(QuestionId),
    /// A yes to a proposal for a live asset.
    Agree(ProposalId),
    /// A yes to all that were put together.
    AgreeAll,
    /// A no to it.
    Refuse(ProposalId),
    /// That it is taken back.
    TakeBack(ProposalId),
    /// Another command in its place.
    Rewrite(ProposalId),
    /// The same once more.
    Again(ProposalId),
    /// That somebody has looked at what one person decided for two.
    Review(ProposalId),
    /// What became of it, where nothing tells.
    Resolve(ProposalId),
    /// Why what runs has to stop.
    Stop(ProposalId),
    /// Why models are stopped.
    StopModels,
    /// That models are started again.
    StartModels,
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
    /// The name of a step whose log is shown.
    Steps,
}

impl Editing {
    /// Whether it changes something once it is done.
    pub fn is_deed(self) -> bool {
        match self {
            Self::Redirect(_)
            | Self::Criteria(_)
            | Self::Reassign(_)
            | Self::Extend(_)
            | Self::Cancel(_)
            | Self::Answer(..)
            | Self::Rollback(..)
            | Self::BackToBest(_)
            | Self::AwaitDay(_)
            | Self::Agree(_)
            | Self::AgreeAll
            | Self::Refuse(_)
            | Self::TakeBack(_)
            | Self::Rewrite(_)
            | Self::Again(_)
            | Self::Review(_)
            | Self::Resolve(_)
            | Self::Stop(_)
            | Self::StopModels
            | Self::StartModels => true,
            Self::Search | Self::Sift | Self::CopyLast | Self::Palette | Self::Steps | Self::Filter(_) => false,
        }
    }

    /// Whether what is written in it is a code that has to be read from the screen.
    pub fn takes_code(self) -> bool {
        matches!(self, Self::Agree(_) | Self::AgreeAll)
    }

    /// Whether several lines are written in it.
    pub fn has_lines(self) -> bool {
        matches!(self, Self::Redirect(_) | Self::Criteria(_) | Self::Rewrite(_))
    }

    /// Whether something is written in it at all.
    pub fn has_field(self) -> bool {
        !matches!(
            self,
            Self::Rollback(..)
                | Self::BackToBest(_)
                | Self::AwaitDay(_)
                | Self::Again(_)
                | Self::Review(_)
                | Self::StartModels
        )
    }

    /// Whether one of a list is chosen in it.
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Palette | Self::Steps)
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
    /// The first steps.
    Tour {
        /// Lines that are scrolled.
        top: usize,
    },
    /// What was said last.
    Messages {
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
        /// The place of what is chosen in its list.
        chosen: usize,
    },
}

impl Layer {
    /// The first line that is shown of a text to read.
    pub fn top(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help { top } | Self::Tour { top } | Self::Messages { top } => Some(top),
            Self::Edit { .. } => None,
        }
    }

    /// An empty field.
    pub fn edit(what: Editing, opened: Millis) -> Self {
        Self::Edit { what, text: Box::default(), opened, shown: false, held: false, chosen: 0 }
    }
}

/// Whether a dialog that opened then may decide by now.
pub fn was_seen(what: Editing, opened: Millis, now: Millis, held: bool) -> bool {
    !what.is_deed() || now.since(opened) >= if held { HELD } else { SEEN }
}
