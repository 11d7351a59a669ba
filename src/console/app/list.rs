//! Lists: their order, and what is selected in them.

use super::{App, Item, Known, Page, Pane};
use crate::domain::{AssetId, BugId, Millis, Priority, QuestionId, RunId, RunState};
use crate::protocol::RunView;
use std::cmp::Reverse;

/// Among equal ones: those in the queue about as they get places, others the newest first.
fn turn(view: &RunView) -> (Reverse<Priority>, Millis, i64) {
    let run = &view.run;
    match run.state {
        RunState::Queued => (Reverse(run.priority), run.waits_since, run.id.0),
        _ => (Reverse(Priority::Normal), Millis(0), -run.id.0),
    }
}

/// Where a run stands in the list: who waits for a person comes first, then who works, then who waits for a turn.
fn rank(view: &RunView) -> u8 {
    match view.run.state {
        state if state.is_final() => 4,
        RunState::Paused => 1,
        state if state.awaits_person() => 0,
        RunState::Queued => 3,
        _ => 2,
    }
}

impl App {
    /// The runs that are listed, in their order.
    pub fn listed(&self) -> Vec<&RunView> {
        let mut listed: Vec<_> = self
            .runs
            .values()
            .filter(|view| (self.all || !view.run.state.is_final()) && self.lists_run(view))
            .collect();
        listed.sort_by_key(|view| (rank(view), turn(view)));
        listed
    }

    /// Keeps what is selected among what is listed.
    pub(super) fn keep_selection(&mut self) {
        let ids: Vec<RunId> = self.listed().iter().map(|view| view.run.id).collect();
        if !self.run.is_some_and(|run| ids.contains(&run)) {
            // A run that has just ended stays in view until somebody moves on.
            let ended = self.run.filter(|run| self.runs.get(run).is_some_and(|view| self.lists_run(view)));
            self.run = ended.or_else(|| ids.first().copied());
        }
        let ids: Vec<QuestionId> = self.waiting().iter().map(super::Waiting::id).collect();
        if !self.question.is_some_and(|question| ids.contains(&question)) {
            self.question = ids.first().copied();
        }
        self.keep_bug();
        self.keep_asset();
        self.keep_known();
    }

    /// Selects what has this place in the list that has the keys.
    pub(super) fn choose(&mut self, place: usize) {
        match (self.page, self.pane) {
            (Page::Watch, Pane::Runs) => {
                self.run = self.listed().get(place).map(|view| view.run.id).or(self.run);
                self.follow_selected();
            }
            (Page::Watch, Pane::Bugs) | (Page::Bugs, _) => {
                self.bug = self.listed_bugs().get(place).map(|bug| bug.id).or(self.bug);
            }
            (Page::Watch, Pane::Questions) | (Page::Approvals, _) => {
                self.question = self.waiting().get(place).map(super::Waiting::id).or(self.question);
            }
            (Page::Run, _) => self.one.choose(place),
            (Page::Audit, _) => self.audit.choose(place),
            (Page::Fleet, _) => {
                self.fleet.at = self.listed_assets().get(place).map(|view| view.asset.id).or(self.fleet.at);
            }
            (Page::Knowledge, _) => {
                let chosen = self.listed_known().get(place).map(|known| known.item());
                self.knowledge.at = chosen.or(self.knowledge.at);
            }
            (Page::Watch, Pane::Log) | (Page::Health | Page::Metrics | Page::Proposal, _) => {}
        }
    }

    /// Moves by so many places in the list that has the keys.
    pub(super) fn move_by(&mut self, by: i64) {
        if self.reading.inside {
            return self.reading.scroll(by);
        }
        match (self.page, self.pane) {
            (Page::Watch, Pane::Runs) => {
                let ids: Vec<RunId> = self.listed().iter().map(|view| view.run.id).collect();
                self.run = moved(&ids, self.run, by);
                self.follow_selected();
            }
            (Page::Watch, Pane::Log) => {
                self.log.scroll(by);
                self.load_log();
            }
            (Page::Watch, Pane::Bugs) | (Page::Bugs, _) => {
                let ids: Vec<BugId> = self.listed_bugs().iter().map(|bug| bug.id).collect();
                self.bug = moved(&ids, self.bug, by);
            }
            (Page::Watch, Pane::Questions) | (Page::Approvals, _) => {
                let ids: Vec<QuestionId> = self.waiting().iter().map(super::Waiting::id).collect();
                self.question = moved(&ids, self.question, by);
            }
            (Page::Run, _) => self.one.move_by(by),
            (Page::Audit, _) => self.audit.move_by(by),
            (Page::Fleet, _) => {
                let ids: Vec<AssetId> = self.listed_assets().iter().map(|view| view.asset.id).collect();
                self.fleet.at = moved(&ids, self.fleet.at, by);
            }
            (Page::Knowledge, _) => {
                let items: Vec<Item> = self.listed_known().into_iter().map(Known::item).collect();
                self.knowledge.at = moved(&items, self.knowledge.at, by);
            }
            (Page::Metrics, _) => self.metrics.move_by(by),
            (Page::Health | Page::Proposal, _) => {}
        }
    }
}

/// The item so many places from the selected one, or the first.
pub(super) fn moved<T: Copy + PartialEq>(items: &[T], selected: Option<T>, by: i64) -> Option<T> {
    let at = items.iter().position(|item| Some(*item) == selected);
    let to = match at {
        Some(at) => i64::try_from(at).unwrap_or(0).saturating_add(by),
        None => 0,
    };
    let last = items.len().checked_sub(1)?;
    items.get(usize::try_from(to).unwrap_or(0).min(last)).copied()
}
