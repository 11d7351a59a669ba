//! What has to be done for a run, from its stored values alone.

use crate::domain::{Millis, Run, RunState};

/// Longest wait, in milliseconds: an account limit of a week, and a day for clocks that differ. What an agent states is not
/// trusted further.
pub(super) const LONGEST_WAIT: i64 = 8 * 24 * 60 * 60 * 1000;

/// A run that waits for longer than this, in milliseconds, leaves its place to others.
const LONG_WAIT: i64 = 5 * 60 * 1000;

/// The driver's next job for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Nothing: it is over, waits for its turn, or waits for a person.
    Rest,
    /// Nothing before this instant.
    Wait(Millis),
    /// Freeze the containers.
    Freeze,
    /// Get the image.
    Prepare,
    /// Let the agent work, or write its plan.
    Develop,
    /// Let another agent look at the result.
    Audit,
    /// Run the suites.
    Test,
    /// Turn reports into findings.
    Gather,
    /// Compare.
    Analyse,
    /// Ask the gates.
    Gate,
    /// Deliver the result.
    Deliver,
    /// Remove every container and workspace.
    CleanUp,
}

/// The work that a run's stored values ask for.
pub fn work(run: &Run, now: Millis) -> Work {
    let work = match run.state {
        RunState::Queued
        | RunState::AwaitingReview
        | RunState::AwaitingRedirect
        | RunState::Escalated
        | RunState::Succeeded
        | RunState::Cancelled
        | RunState::Failed => return Work::Rest,
        RunState::Paused => return Work::Freeze,
        RunState::Preparing => Work::Prepare,
        RunState::Planning | RunState::Developing => Work::Develop,
        RunState::Testing => Work::Test,
        RunState::Gathering => Work::Gather,
        RunState::Analysing => Work::Analyse,
        RunState::Gating => Work::Gate,
        RunState::Reviewing => Work::Audit,
        RunState::Delivering => Work::Deliver,
        RunState::Cancelling => Work::CleanUp,
    };
    match run.not_before {
        // An instant further ahead than any that is ever set means that the wall clock was wrong then or is wrong now.
        // So does a run that was changed later than now: the clock was set back, and how long is left is not known.
        Some(instant) if instant > now && instant.since(now) <= LONGEST_WAIT && now >= run.updated => {
            Work::Wait(instant)
        }
        _ => work,
    }
}

/// Whether nothing is to be done so soon that a place should be kept for it.
pub fn rests(run: &Run, now: Millis) -> bool {
    match work(run, now) {
        Work::Rest => true,
        Work::Wait(until) => until.since(now) > LONG_WAIT,
        _ => false,
    }
}
