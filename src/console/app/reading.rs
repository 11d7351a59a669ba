//! A text that is read beside a list: a question, a bug, an event, a part of a run. Only what is in view is held.

use super::knowledge::Item;
use super::run::Tab;
use crate::domain::{AssetId, BugId, ProposalId, QuestionId, RunId};
use crate::text::SafeText;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A question.
    Question(QuestionId),
    /// A proposal for a live asset.
    Proposal(ProposalId),
    /// A bug.
    Bug(BugId),
    /// A live system.
    Asset(AssetId),
    /// What is wanted, tested by a clock or taught.
    Known(Item),
    /// An event of the audit log.
    Event(u64),
    /// A part of what is known of an iteration.
    Round(RunId, u32, Tab),
}

/// Where somebody reads.
#[derive(Debug, Default)]
pub struct Reading {
    /// It has the keys, not the list.
    pub inside: bool,
    /// The lines in view.
    pub lines: Vec<SafeText>,
    /// The first line in view.
    pub top: usize,
    /// How many there are.
    pub total: usize,
    /// How many fit.
    pub rows: usize,
    /// Columns that are scrolled to the right, where lines are not wrapped.
    pub side: usize,
    of: Option<Of>,
}

impl Reading {
    /// Turns to a text; another one begins at its top. Gives the lines to show, once their count is known.
    pub fn turn(&mut self, of: Option<Of>, total: usize, rows: usize) -> std::ops::Range<usize> {
        if self.of != of {
            (self.of, self.top, self.side) = (of, 0, 0);
        }
        (self.total, self.rows) = (total, rows);
        self.top = self.top.min(total.saturating_sub(rows));
        self.top..self.top.saturating_add(rows).min(total)
    }

    /// What is read.
    pub fn of(&self) -> Option<Of> {
        self.of
    }

    /// Scrolls by so many lines.
    pub fn scroll(&mut self, by: i64) {
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        self.top = self.top.saturating_add_signed(by).min(self.total.saturating_sub(self.rows));
    }

    /// Scrolls sideways.
    pub fn sideways(&mut self, right: bool) {
        // Beyond that nothing is written that anybody reads sideways.
        self.side = if right { (self.side + 8).min(10_000) } else { self.side.saturating_sub(8) };
    }
}
