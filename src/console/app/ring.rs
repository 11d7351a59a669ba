//! When the terminal calls whoever has it: something new waits for a person, and nobody was called just before.

use super::{App, Effect};
use crate::domain::{Millis, QuestionId};

/// Milliseconds between two calls: a flood of questions is one call, and another one when it is over.
pub const QUIET: i64 = 30_000;

/// What somebody was called for.
#[derive(Debug, Default)]
pub struct Ring {
    /// The newest of what waited when it was looked last; none before the first news of this engine.
    newest: Option<QuestionId>,
    /// When somebody was called last.
    called: Option<Millis>,
    /// Something came while it was too soon.
    owed: bool,
}

impl App {
    /// Another engine: what waits there already is no news.
    pub(super) fn begin_to_ring(&mut self) {
        self.ring.newest = None;
    }

    /// Calls somebody where something new waits. The questions that stand for proposals are among those that are looked at.
    pub(super) fn ring(&mut self) {
        let newest = self.questions.keys().next_back().copied().unwrap_or(QuestionId(0));
        let Some(before) = self.ring.newest.replace(self.ring.newest.unwrap_or(newest).max(newest)) else { return };
        self.ring.owed |= newest > before;
        self.ring_when_due();
    }

    /// Calls for what came while it was too soon, where it still waits.
    pub fn ring_when_due(&mut self) {
        let waiting = self.needing();
        self.ring.owed &= waiting > 0;
        let early = self.ring.called.is_some_and(|called| (0..QUIET).contains(&self.now.since(called)));
        if self.ring.owed && !early {
            self.ring.owed = false;
            self.ring.called = Some(self.now);
            self.effects.push(Effect::Ring(waiting));
        }
    }

    /// Whether somebody is still to be called, so that the loop looks again.
    pub fn owes_a_ring(&self) -> bool {
        self.ring.owed
    }
}
