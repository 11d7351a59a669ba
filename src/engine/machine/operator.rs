//! What operators do to a run.

use super::event::Event;
use super::transition::{Refused, Transition, Write};
use crate::domain::{Need, Outcome, RunState, Terms, TermsFrom};

pub(super) fn apply(next: &mut Transition, event: &Event) -> Result<(), Refused> {
    let state = next.run.state;
    let refused = Refused::NotNow { event: event.name(), state };
    if state.is_final() || state == RunState::Cancelling {
        return Err(refused);
    }
    match event {
        Event::Pause { .. } => {
            if let Some(question) = next.run.question {
                return Err(Refused::AnswerFirst { question });
            }
            if state == RunState::Paused {
                return Err(refused);
            }
            next.run.state = RunState::Paused;
            next.run.resume_to = Some(state);
        }
        Event::Resume { .. } => {
            if let Some(question) = next.run.question {
                return Err(Refused::AnswerFirst { question });
            }
            let Some(to) = next.run.resume_to.filter(|_| state == RunState::Paused) else {
                return Err(refused);
            };
            next.run.state = to;
            next.run.resume_to = None;
            next.run.not_before = None;
        }
        Event::Redirect { by, text, criteria, terms } => {
            if text.trim().is_empty() {
                return Err(Refused::Incomplete("a redirect needs words: what should the agent do differently?"));
            }
            if next.run.only_tests().is_some() {
                return Err(Refused::Incomplete(
                    "this run only tests: it has no agent that could do anything differently",
                ));
            }
            if let Some(why) = terms.unfit() {
                return Err(Refused::Incomplete(why));
            }
            if let Some(more) = terms.iterations {
                next.run.budget.iterations = next.run.budget.iterations.saturating_add(more);
            }
            let before = next.run.iteration;
            redirect(next, terms)?;
            super::stuck::measure_by(next, criteria.as_deref())?;
            // A turn that has begun is read by the agent that wrote it.
            let from = if next.run.iteration > before { next.run.iteration } else { before.saturating_add(1) };
            let terms = (!terms.is_none()).then(|| TermsFrom { from, terms: terms.clone() });
            next.writes.push(Write::Guide { by: by.clone(), text: text.clone(), terms });
        }
        Event::Cancel { reason, .. } => {
            next.withdraw();
            next.go(RunState::Cancelling);
            next.run.reason.clone_from(reason);
        }
        Event::Rollback { commit, .. } => {
            // What the base passes and fails is what every later result is compared with.
            if next.run.iteration == 0 {
                return Err(Refused::Incomplete("the base is not tested yet: a run can go back from iteration 1 on"));
            }
            rollback(next, commit);
        }
        Event::Prioritise { priority, .. } => next.run.priority = *priority,
        _ => return Err(refused),
    }
    Ok(())
}

/// A run that waits goes on with the new guidance; one that works takes it up in its next prompt. Guidance that no prompt
/// would ever quote is refused.
fn redirect(next: &mut Transition, terms: &Terms) -> Result<(), Refused> {
    let delivering = Refused::NotNow { event: "redirect", state: RunState::Delivering };
    match next.run.state {
        RunState::AwaitingReview if next.run.plan.is_due() => {
            next.withdraw();
            super::planning::settled(next, false);
        }
        // What is audited does not know the guidance, so nobody needs to say anything of it any more.
        RunState::Reviewing => next.next_iteration(),
        RunState::AwaitingReview | RunState::AwaitingRedirect => {
            next.withdraw();
            next.next_iteration();
        }
        RunState::Escalated => {
            let budget = !next.run.spent.reached(&next.run.budget).is_empty();
            let blocked = next.run.follows(Need::Asked).next().is_some();
            if let Some(question) = next.run.question.filter(|_| budget || blocked) {
                return Err(Refused::AnswerFirst { question });
            }
            next.withdraw();
            let to = next.run.resume_to.unwrap_or(RunState::Developing);
            if matches!(to, RunState::Reviewing | RunState::Delivering) {
                next.next_iteration();
                return Ok(());
            }
            if terms.change_hands() && to == RunState::Developing {
                // Who could not work is followed by somebody else; what it has begun is not theirs to go on with.
                next.writes.push(Write::CloseIteration { number: next.run.iteration, outcome: Outcome::Neutral });
                next.next_iteration();
                return Ok(());
            }
            let attempt = next.run.attempt;
            next.go(to);
            next.run.attempt = attempt;
            next.run.instant_failures = 0;
        }
        RunState::Delivering => return Err(delivering),
        RunState::Paused if next.run.resume_to == Some(RunState::Delivering) => return Err(delivering),
        _ => {}
    }
    Ok(())
}

fn rollback(next: &mut Transition, commit: &str) {
    let paused = next.run.state == RunState::Paused;
    // One that is over already keeps its outcome.
    next.writes.push(Write::CloseIteration { number: next.run.iteration, outcome: Outcome::Neutral });
    next.withdraw();
    next.run.head = Some(commit.to_owned());
    next.next_iteration();
    if paused && matches!(next.run.state, RunState::Planning | RunState::Developing) {
        next.run.resume_to = Some(next.run.state);
        next.run.state = RunState::Paused;
    }
}
