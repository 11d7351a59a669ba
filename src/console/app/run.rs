//! The screen of one run: its iterations, and what is known of the selected one.

use super::loaded::Loaded;
use super::{App, Asked, Page};
use crate::console::diff::Diff;
use crate::domain::{Iteration, RunId};
use crate::protocol::{IterationDetail, Request, RunDetail};

/// A part of what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Tab {
    Findings,
    Diff,
    Verdict,
    Prompt,
    Guidance,
    Task,
}

impl Tab {
    /// All, in their order.
    pub const ALL: [Self; 6] = [Self::Findings, Self::Diff, Self::Verdict, Self::Prompt, Self::Guidance, Self::Task];

    fn turned(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        let to = if forward { at + 1 } else { at + Self::ALL.len() - 1 };
        Self::ALL.get(to % Self::ALL.len()).copied().unwrap_or(self)
    }
}

/// The screen of one run.
#[derive(Debug)]
pub struct RunPage {
    /// Which.
    pub run: Option<RunId>,
    /// The part that is shown.
    pub tab: Tab,
    /// It.
    pub detail: Loaded<RunId, Box<RunDetail>>,
    /// The selected iteration.
    pub round: Loaded<(RunId, u32), Box<IterationDetail>>,
    /// What it changed, up to its checkpoint.
    pub diff: Loaded<(RunId, u32, Option<String>), Diff>,
    /// The selected iteration; none for the newest, whichever that is.
    at: Option<u32>,
    /// Where it was opened from.
    from: Page,
}

impl Default for RunPage {
    fn default() -> Self {
        Self {
            run: None,
            tab: Tab::Findings,
            detail: Loaded::default(),
            round: Loaded::default(),
            diff: Loaded::default(),
            at: None,
            from: Page::Watch,
        }
    }
}

impl RunPage {
    /// The run in full, once it is there.
    pub fn shown(&self) -> Option<&RunDetail> {
        self.run.and_then(|run| self.detail.get(&run))?.ok().map(|detail| &**detail)
    }

    /// The selected iteration.
    pub fn iteration(&self) -> Option<&Iteration> {
        let iterations = &self.shown()?.iterations;
        let selected = self.at.and_then(|at| iterations.iter().find(|one| one.number == at));
        selected.or(iterations.last())
    }

    /// The name of the selected iteration's changes.
    pub fn diff_key(&self) -> Option<(RunId, u32, Option<String>)> {
        self.iteration().map(|one| (one.run, one.number, one.commit.clone()))
    }

    /// Selects the iteration so many places away.
    pub fn move_by(&mut self, by: i64) {
        let numbers: Vec<u32> =
            self.shown().map(|detail| detail.iterations.iter().map(|one| one.number).collect()).unwrap_or_default();
        let to = super::list::moved(&numbers, self.iteration().map(|one| one.number), by);
        // The newest stays selected when a newer one begins.
        self.at = to.filter(|to| numbers.last() != Some(to));
    }

    /// Selects the iteration at a place of the list.
    pub(super) fn choose(&mut self, place: usize) {
        let iterations = self.shown().map(|detail| detail.iterations.as_slice()).unwrap_or_default();
        let newest = place + 1 >= iterations.len();
        self.at = iterations.get(place).map(|one| one.number).filter(|_| !newest);
    }

    /// Shows the part before or after.
    pub fn turn(&mut self, forward: bool) {
        self.tab = self.tab.turned(forward);
    }

    /// Everything may have changed.
    pub fn outdate(&mut self) {
        self.detail.outdate();
        self.round.outdate();
        // What a checkpoint changed never changes.
        if self.diff.failed() {
            self.diff.outdate();
        }
    }
}

impl App {
    /// Opens the screen of a run.
    pub(super) fn open_run(&mut self, run: RunId) {
        if self.page != Page::Run {
            self.one.from = self.page;
        }
        if self.one.run != Some(run) {
            let from = self.one.from;
            self.one = RunPage { run: Some(run), from, tab: self.one.tab, ..RunPage::default() };
        }
        self.one.outdate();
        self.go(Page::Run);
    }

    /// Goes back to where it was opened.
    pub(super) fn leave_run(&mut self) {
        let from = self.one.from;
        self.go(from);
    }

    /// Asks for what is in view of a run and not there.
    pub(super) fn want_run(&mut self) {
        let Some(run) = self.one.run else { return };
        if self.one.detail.want(&run) {
            self.ask(Asked::Run(run), Request::Run { run });
        }
        let Some((_, iteration, commit)) = self.one.diff_key() else { return };
        if self.one.round.want(&(run, iteration)) {
            self.ask(Asked::Round(run, iteration), Request::Iteration { run, iteration });
        }
        // The base changes nothing, and there is nothing to ask for before there is a checkpoint.
        let there = iteration > 0 && commit.is_some();
        if there && self.one.tab == Tab::Diff && self.one.diff.want(&(run, iteration, commit.clone())) {
            self.ask(Asked::Diff(run, iteration, commit), Request::Diff { run, iteration: Some(iteration) });
        }
    }
}
