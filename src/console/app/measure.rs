//! Changing what a run is measured by: the criteria that it has are what the editor begins with.

use super::{App, Editing};
use crate::domain::{RunId, Terms};
use crate::protocol::Request;
use crate::safe;

/// What the agent is told beside its new criteria.
const GUIDANCE: &str = "The acceptance criteria are other ones now: work to those that stand below the task.";

impl App {
    /// Opens the editor with the criteria as they are.
    pub(super) fn open_criteria(&mut self, run: RunId) {
        let whole = self.one.shown().map(|detail| &detail.view).filter(|view| view.run.id == run);
        let listed = self.runs.get(&run);
        let Some(view) = whole.or(listed).filter(|view| !view.shortened) else {
            self.complain(safe!("the criteria of {} are cut in this list: open the run first", run));
            return;
        };
        let criteria = view.run.criteria.clone();
        self.open(Editing::Criteria(run));
        self.begin_with(criteria);
    }

    /// Sends what was written.
    pub(super) fn measure(&mut self, run: RunId, text: &str) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let criteria: Vec<String> = lines.map(str::to_owned).collect();
        if criteria.is_empty() {
            self.complain(safe!("nothing was written, so nothing was sent"));
            return;
        }
        let request =
            Request::Redirect { run, text: GUIDANCE.to_owned(), criteria: Some(criteria), terms: Terms::default() };
        self.act(safe!("new criteria for {}", run), request);
    }
}
