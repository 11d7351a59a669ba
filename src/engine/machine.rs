//! The pure transition function of runs: `(run, event, now) -> (run, writes)`. It performs nothing and reads no clock, so
//! that the simulator runs the very same code. What has to be done next follows from the stored run alone ([`work`]);
//! therefore a crash between a commit and its effect needs no special case: after a restart the same work is found again.

mod alone;
mod answers;
mod auditing;
mod common;
mod event;
mod follow;
mod iterate;
mod operator;
mod planning;
mod stuck;
mod transition;
mod work;

pub use event::{Event, Judgement};
pub use transition::{Refused, Transition, Write};
pub use work::{Work, rests, work};

use crate::domain::{Millis, Run, RunState};

/// Unexplained losses of a container in one step before a person is asked.
pub const MAX_LOSSES: u32 = 3;
/// Instant failures of the agent in a row before a person is asked.
pub const MAX_INSTANT_FAILURES: u32 = 3;
/// Failed tries to get an image before a person is asked.
pub const MAX_IMAGE_TRIES: u32 = 5;
/// Turns without a plan, where one is wanted, before a person is asked.
pub const MAX_PLAN_TRIES: u32 = 3;
/// Turns in which the auditor writes nothing before a person is asked.
pub const MAX_AUDIT_TRIES: u32 = 2;
/// Failed tries to deliver, for reasons that may pass, before a person is asked.
pub const MAX_DELIVERY_TRIES: u32 = 5;
/// Failures of the container engine in a row before a person is asked as well; trying goes on meanwhile up to here.
pub const MAX_TROUBLES: u32 = 40;

/// Failed tries to clean up behind a cancelled run before it counts as cancelled all the same: a quarter of a minute where calls are
/// refused at once, a good minute where they are not answered.
pub const MAX_CANCEL_TRIES: u32 = 5;

/// Applies an event to a run.
pub fn step(run: &Run, event: &Event, now: Millis) -> Result<Transition, Refused> {
    let mut next = Transition::of(run, now);
    match event {
        Event::Pause { .. }
        | Event::Resume { .. }
        | Event::Redirect { .. }
        | Event::Cancel { .. }
        | Event::Rollback { .. }
        | Event::Prioritise { .. } => operator::apply(&mut next, event)?,
        Event::Answer { question, kind, approve, reason, by } => {
            answers::apply(&mut next, *question, *kind, *approve, reason, by)?;
        }
        Event::AwaitDay { question, reached, by } => answers::await_day(&mut next, *question, reached, by, now)?,
        _ => {
            // A result is doubted once: what comes second is believed, or tests by chance would be run for ever.
            let again = matches!(event, Event::Doubted { .. }) && run.rerun.is_some();
            if again || !expects(run.state, event) {
                return Err(Refused::NotNow { event: event.name(), state: run.state });
            }
            iterate::apply(&mut next, event, now);
        }
    }
    if run.state.awaits_person() && !next.run.state.awaits_person() {
        next.run.waits_since = now;
    }
    Ok(next)
}

/// Whether the driver may report this event from a state. Operators' events are checked where they are applied.
fn expects(state: RunState, event: &Event) -> bool {
    use RunState::{
        Analysing, Cancelling, Delivering, Developing, Gathering, Gating, Planning, Preparing, Queued, Reviewing,
        Testing,
    };
    match event {
        Event::Admitted | Event::Blocked { .. } => state == Queued,
        Event::Prepared { .. } | Event::PrepareFailed { .. } => state == Preparing,
        Event::AgentEnded { .. } => state == Developing,
        Event::Planned { .. } => state == Planning,
        Event::AgentHeld { .. } | Event::Capped { .. } => matches!(state, Planning | Developing | Reviewing),
        Event::Audited { .. } => state == Reviewing,
        Event::Tested { .. } => state == Testing,
        Event::Gathered { .. } | Event::Doubted { .. } => state == Gathering,
        Event::Analysed { .. } => state == Analysing,
        Event::Gated { .. } => state == Gating,
        Event::Delivered { .. } | Event::DeliveryFailed { .. } => state == Delivering,
        Event::Cleaned => state == Cancelling,
        Event::StepLost { .. } => matches!(state, Preparing | Planning | Developing | Testing | Reviewing),
        Event::Trouble { .. } => !state.is_final() && !state.awaits_person(),
        Event::Pause { .. }
        | Event::Resume { .. }
        | Event::Redirect { .. }
        | Event::Cancel { .. }
        | Event::Rollback { .. }
        | Event::Prioritise { .. }
        | Event::Answer { .. }
        | Event::AwaitDay { .. } => false,
    }
}

#[cfg(test)]
pub(crate) mod tests;
