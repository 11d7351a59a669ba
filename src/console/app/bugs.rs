//! The bug table: which are listed, and what is known of the selected one.

use super::{App, Asked};
use crate::domain::{Bug, BugState};
use crate::protocol::Request;

impl App {
    /// The bugs that are listed, the one seen last first, and those that are solved behind the others.
    pub fn listed_bugs(&self) -> Vec<&Bug> {
        let mut listed: Vec<&Bug> = self.bugs.iter().filter(|bug| self.lists_bug(bug)).collect();
        listed.sort_by_key(|bug| bug.state == BugState::Solved);
        listed
    }

    /// Lists bugs that are solved as well, or not any more.
    pub(super) fn toggle_solved(&mut self) {
        self.all_bugs = !self.all_bugs;
        self.ask(Asked::Bugs, Request::Bugs { all: self.all_bugs });
    }

    /// Keeps a bug selected that is listed.
    pub(super) fn keep_bug(&mut self) {
        let listed = self.listed_bugs();
        if !listed.iter().any(|bug| Some(bug.id) == self.bug) {
            self.bug = listed.first().map(|bug| bug.id);
        }
    }

    /// Asks for the selected bug where it is not there.
    pub(super) fn want_bug(&mut self) {
        if let Some(bug) = self.bug
            && self.known.want(&bug)
        {
            self.ask(Asked::Bug(bug), Request::Bug { bug });
        }
    }
}
