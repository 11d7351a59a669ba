//! Which commands do something on the screen that is shown. Nothing acts on what is on another one, and no hint tells a key that
//! does nothing here.

use super::{App, Page};
use crate::console::keymap::Command;
use crate::domain::ProposalState as State;

impl App {
    /// Whether there is anything on this screen that the command is for.
    pub(super) fn has_place(&self, command: Command) -> bool {
        let page = self.page;
        match command {
            // These have one part, which has the whole screen.
            Command::Zoom | Command::NextPane | Command::LastPane => !page.is_one() && page != Page::Proposal,
            Command::Wider
            | Command::Narrower
            | Command::Taller
            | Command::Shorter
            | Command::Collapse
            | Command::EvenPanes => page == Page::Watch,
            _ => true,
        }
    }

    /// Whether the command would do something now, so that a hint is true.
    pub fn works(&self, command: Command) -> bool {
        let state = self.dialog.shown().map(|detail| detail.proposal.state);
        match command {
            Command::Filter => self.list().is_some(),
            Command::Pause
            | Command::Resume
            | Command::Redirect
            | Command::Criteria
            | Command::Reassign
            | Command::Extend
            | Command::Cancel
            | Command::Rollback => self.steered().is_some(),
            Command::Agree | Command::Rewrite => state.is_some_and(State::is_open),
            Command::Refuse | Command::TakeBack => {
                state.is_some_and(|state| state.is_open() || state == State::Approved)
            }
            Command::Again => state.is_some_and(State::is_final),
            command => self.has_place(command),
        }
    }
}
