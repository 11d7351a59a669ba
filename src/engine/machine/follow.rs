//! Runs that follow others. One whose predecessor did not succeed does not start by itself: a person is asked.

use super::transition::Transition;
use crate::domain::{Need, QuestionKind, RunId, RunState};

/// Asks whether the run shall start although these are over without success.
pub(super) fn blocked(next: &mut Transition, by: &[(RunId, RunState)]) {
    for one in &mut next.run.after {
        if by.iter().any(|(run, _)| *run == one.run) && one.need == Need::Success {
            one.need = Need::Asked;
        }
    }
    let id = next.run.id;
    let endings: Vec<String> = by.iter().map(|(run, state)| format!("{run} {}", ended(*state))).collect();
    let title = format!("{id} was to follow what did not succeed: {}", endings.join(", "));
    let base = next.run.base.as_deref().unwrap_or_default();
    let mut facts = vec![format!("{id} has not begun; its base is commit {base}, as it was when it was submitted")];
    facts.extend(by.iter().map(|(run, state)| format!("{run} {}: see `dogwatch show {run}`", ended(*state))));
    let others: Vec<String> = next.run.follows(Need::Success).map(|run| run.to_string()).collect();
    if !others.is_empty() {
        facts.push(format!("it still waits for {} as well", others.join(", ")));
    }
    facts.push("approve lets it start all the same; deny cancels it".to_owned());
    next.ask(RunState::Escalated, RunState::Queued, QuestionKind::Predecessor, title, facts);
}

/// A person said that the run need not wait for those that it was asked about.
pub(super) fn waive(next: &mut Transition) {
    for one in &mut next.run.after {
        if one.need == Need::Asked {
            one.need = Need::Waived;
        }
    }
}

fn ended(state: RunState) -> &'static str {
    if state == RunState::Cancelled { "was cancelled" } else { "failed" }
}
