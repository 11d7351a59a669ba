//! What opens and what goes back, from screen to screen.

use super::{App, Asked, Editing, Page, Pane, Tab};
use crate::console::keymap::Scope;
use crate::domain::RunId;
use crate::protocol::Request;
use crate::safe;

/// The iteration that came farthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Best {
    /// The engine is asked which it is.
    Asked,
    /// None is known to be.
    Unknown,
    /// This one; 0 is the base.
    Is(u32),
}

impl App {
    /// Opens what is selected: first the text beside a list, from there the run that it is about.
    pub(super) fn open_selected(&mut self) {
        let queue = self.page == Page::Approvals || (self.page == Page::Watch && self.pane == Pane::Questions);
        if let Some(id) = self.proposal_selected().map(|brief| brief.id).filter(|_| queue) {
            return self.open_proposal(id);
        }
        match (self.page, self.pane) {
            (Page::Watch, Pane::Runs) => {
                if let Some(run) = self.run {
                    self.open_run(run);
                }
            }
            (Page::Watch, Pane::Log) => self.zoom = true,
            (Page::Watch, Pane::Bugs) => self.read(Page::Bugs),
            (Page::Watch, Pane::Questions) => self.read(Page::Approvals),
            (Page::Run | Page::Approvals | Page::Bugs | Page::Audit | Page::Fleet | Page::Knowledge, _)
                if !self.reading.inside =>
            {
                self.reading.inside = true;
            }
            _ => {
                if let Some(run) = self.run_beside() {
                    self.open_run(run);
                }
            }
        }
    }

    /// Goes to a screen to read what is selected there.
    fn read(&mut self, page: Page) {
        self.go(page);
        self.reading.inside = true;
    }

    /// The run that the text beside a list is about.
    pub fn run_beside(&self) -> Option<RunId> {
        match self.page {
            Page::Approvals => match self.proposal_selected() {
                Some(brief) => brief.run,
                None => self.question.and_then(|id| self.questions.get(&id)).and_then(|question| question.run),
            },
            Page::Bugs => self.known.ok().and_then(|detail| detail.runs.first()).map(|seen| seen.run),
            Page::Audit => self.audit.selected().and_then(|event| event.run),
            Page::Knowledge => self.run_of_known(),
            Page::Watch | Page::Health | Page::Fleet | Page::Metrics | Page::Run | Page::Proposal => None,
        }
    }

    /// Goes back by one step, the last one first. A filter is one, too.
    pub(super) fn back(&mut self) {
        if self.back_in_log() {
            self.load_log();
        } else if self.page == Page::Proposal {
            self.leave_proposal();
        } else if self.zoom && !self.page.is_one() {
            self.zoom = false;
        } else if self.reading.inside {
            self.reading.inside = false;
        } else if let Some(list) = self.list().filter(|list| !self.filters.of(*list).is_empty()) {
            self.set_filter(list, "");
        } else if self.page == Page::Run {
            self.leave_run();
        } else if self.page != Page::Watch {
            self.go(Page::Watch);
        } else if self.pane != Pane::Runs {
            self.pane = Pane::Runs;
        }
    }

    /// Gives the keys to the list or to the text beside it.
    pub(super) fn cross(&mut self) {
        self.reading.inside = match self.page {
            Page::Proposal => true,
            page => !self.reading.inside && !page.is_one(),
        };
    }

    /// Left and right: the other part of a run, or what does not fit into the width.
    pub(super) fn sideways(&mut self, right: bool) {
        match self.page {
            Page::Watch => self.log.sideways(right),
            Page::Run if self.reading.inside && self.one.tab == Tab::Diff => self.reading.sideways(right),
            Page::Run => self.one.turn(right),
            Page::Metrics => self.metrics.turn(right),
            Page::Approvals
            | Page::Bugs
            | Page::Audit
            | Page::Fleet
            | Page::Knowledge
            | Page::Health
            | Page::Proposal => {}
        }
    }

    /// Shows the next file of a diff, or the one before.
    pub(super) fn show_file(&mut self, forward: bool) {
        if self.page == Page::Run
            && self.one.tab == Tab::Diff
            && let Some(line) = self.one.diff.ok().and_then(|diff| diff.file_from(self.reading.top, forward))
        {
            self.reading.inside = true;
            self.reading.top = line;
            self.reading.scroll(0);
        }
    }

    /// The run that orders go to.
    pub(super) fn steered(&self) -> Option<RunId> {
        match self.scope() {
            _ if self.page == Page::Run => self.one.run,
            Scope::Questions => match self.proposal_selected() {
                Some(brief) => brief.run,
                None => self.questions.get(&self.question?)?.run,
            },
            _ if self.page == Page::Watch => self.run,
            // A run that is selected on another screen is before nobody's eyes.
            _ => None,
        }
    }

    /// Asks whether the run shall go back to the selected iteration.
    pub(super) fn open_rollback(&mut self) {
        match self.one.iteration() {
            Some(one) if self.page == Page::Run && one.number > 0 && one.commit.is_none() => {
                let words = safe!("iteration {} has no checkpoint: choose another one to go back to", one.number);
                self.complain(words);
            }
            Some(one) if self.page == Page::Run => {
                let what = Editing::Rollback(one.run, one.number);
                self.open(what);
            }
            _ => match self.steered() {
                Some(run) if self.page != Page::Run => self.open_back_to_best(run),
                _ => self.complain(safe!("choose the iteration to go back to")),
            },
        }
    }

    fn open_back_to_best(&mut self, run: RunId) {
        self.open(Editing::BackToBest(run));
        if self.layer.is_some() {
            self.best = None;
            self.ask(Asked::Best(run), Request::Run { run });
        }
    }

    /// The iteration of a run that came farthest, as far as the engine has told.
    pub fn best_of(&self, run: RunId) -> Best {
        match self.best.filter(|(of, _)| *of == run) {
            None => Best::Asked,
            Some((_, None)) => Best::Unknown,
            Some((_, Some(number))) => Best::Is(number),
        }
    }

    /// Asks whether a run shall wait for the next day.
    pub(super) fn open_await_day(&mut self) {
        match self.question.and_then(|id| self.questions.get(&id)) {
            Some(question) if question.may_wait() => self.open(Editing::AwaitDay(question.id)),
            Some(question) => {
                let words = safe!("{} is not about the caps of a day alone, so waiting answers nothing", question.id);
                self.complain(words);
            }
            None => self.complain(safe!("no question is selected")),
        }
    }
}
