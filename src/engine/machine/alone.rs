//! Runs in which no agent works: they end with their first tests.

use super::event::Judgement;
use super::transition::{Transition, Write};
use crate::domain::{Outcome, RunState};

/// Lines of evidence in the reason of a run.
const MOST_TOLD: usize = 5;

/// Ends the run by what its tests came to. What proves nothing is no success, and nobody is asked about it.
pub(super) fn concluded(next: &mut Transition, judgement: Judgement, evidence: &[String]) {
    let (outcome, state, head) = match judgement {
        Judgement::Green => (Outcome::Green, RunState::Succeeded, ""),
        Judgement::Red => (Outcome::Red, RunState::Failed, ""),
        Judgement::NeedsPerson | Judgement::BringsPackages => {
            (Outcome::Suspicious, RunState::Failed, "no clear result: ")
        }
    };
    next.writes.push(Write::CloseIteration { number: next.run.iteration, outcome });
    let told: Vec<&str> = evidence.iter().take(MOST_TOLD).map(String::as_str).collect();
    next.end(state, format!("{head}{}", told.join("; ")));
}
