//! What a person's answer does to a run that waits for it.

use super::transition::{Refused, Transition, Write};
use crate::domain::{Actor, Budget, Day, Millis, QuestionId, QuestionKind, Reached, RunState, Spent};

pub(super) fn apply(
    next: &mut Transition,
    question: QuestionId,
    kind: QuestionKind,
    approve: bool,
    reason: &str,
    by: &Actor,
) -> Result<(), Refused> {
    if next.run.question != Some(question) {
        return Err(Refused::NotOpen { question });
    }
    if !approve && reason.trim().is_empty() {
        return Err(Refused::Incomplete("a denial needs a reason: it is kept, and the agent reads it"));
    }
    next.run.question = None;
    next.writes.push(Write::RecordAnswer { question, approve, reason: reason.to_owned(), by: by.clone() });
    let resume_to = next.run.resume_to.unwrap_or(RunState::Developing);
    match (next.run.state, approve) {
        (RunState::AwaitingReview, _) if kind == QuestionKind::Plan => {
            if !approve {
                next.writes.push(Write::Guide { by: by.clone(), text: reason.to_owned(), terms: None });
            }
            super::planning::settled(next, approve);
        }
        (RunState::AwaitingReview, true) if kind == QuestionKind::Audit => next.go(RunState::Delivering),
        (RunState::AwaitingReview, true) => super::auditing::passed(next),
        (RunState::AwaitingReview, false) => {
            next.writes.push(Write::Guide { by: by.clone(), text: reason.to_owned(), terms: None });
            next.next_iteration();
        }
        (RunState::AwaitingRedirect, _) => super::stuck::answered(next, approve, reason),
        (RunState::Escalated, true) => {
            if kind == QuestionKind::Budget {
                raise(&mut next.run.budget, next.run.spent, resume_to != RunState::Reviewing);
                next.writes.push(Write::Grant { question });
            }
            if kind == QuestionKind::Predecessor {
                super::follow::waive(next);
            }
            let attempt = next.run.attempt;
            next.go(resume_to);
            // Names of containers derive from the attempt: it never goes back within a step.
            next.run.attempt = attempt;
            next.run.instant_failures = 0;
            if matches!(resume_to, RunState::Planning | RunState::Developing | RunState::Reviewing) {
                // A yes to a question about trouble is none to one about the budget.
                next.check_budget();
            }
        }
        (RunState::Escalated, false) if kind == QuestionKind::Predecessor => {
            next.go(RunState::Cancelling);
            next.run.reason = format!("denied: {reason}");
        }
        (RunState::Escalated, false) => next.end(RunState::Failed, format!("denied: {reason}")),
        (state, _) => return Err(Refused::NotNow { event: "answer", state }),
    }
    Ok(())
}

/// Lets a run wait for the day after the one whose caps it asked about; then it goes on by itself.
pub(super) fn await_day(
    next: &mut Transition,
    question: QuestionId,
    reached: &[Reached],
    by: &Actor,
    now: Millis,
) -> Result<(), Refused> {
    if next.run.question != Some(question) {
        return Err(Refused::NotOpen { question });
    }
    let days: Option<Vec<Day>> = reached.iter().map(|one| one.scope.day()).collect();
    let Some(last) = days.and_then(|days| days.into_iter().max()) else {
        return Err(Refused::Incomplete(
            "this question is not about the caps of a day alone, so waiting helps nothing: approve or deny it",
        ));
    };
    let until = last.next().begin();
    let reason = format!("waits until the day turns at {}", until.rfc3339());
    next.run.question = None;
    let answer = Write::RecordAnswer { question, approve: true, reason: reason.clone(), by: by.clone() };
    next.writes.push(answer);
    let attempt = next.run.attempt;
    next.go(next.run.resume_to.unwrap_or(RunState::Developing));
    next.run.attempt = attempt;
    next.run.instant_failures = 0;
    if until > now {
        next.run.not_before = Some(until);
        next.run.reason = reason;
    }
    Ok(())
}

/// Doubles every cap that is reached, that of `iterations` where it was asked about. Only a person's answer comes here: budgets
/// never rise by themselves.
fn raise(budget: &mut Budget, spent: Spent, iterations: bool) {
    if iterations && spent.iterations >= budget.iterations {
        budget.iterations = spent.iterations.saturating_add(budget.iterations.max(1));
    }
    let double = |cap: &mut Option<u64>, used: u64| {
        if let Some(cap) = cap
            && used >= *cap
        {
            *cap = used.saturating_add((*cap).max(1));
        }
    };
    double(&mut budget.seconds, spent.milliseconds / 1000);
    double(&mut budget.tokens, spent.tokens);
    double(&mut budget.microusd, spent.microusd);
}
