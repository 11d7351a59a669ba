//! The plan that an agent writes before it changes anything.

use super::MAX_PLAN_TRIES;
use super::iterate::{ask_trouble, back_off, try_again};
use super::transition::{Transition, Write};
use crate::domain::{Millis, Plan, QuestionKind, RunState, text_facts};

/// A turn about the plan is over.
pub(super) fn planned(next: &mut Transition, plan: Option<&str>, detail: &str, now: Millis) {
    let Some(plan) = plan else { return without(next, detail, now) };
    next.writes.push(Write::KeepPlan { text: plan.to_owned() });
    if next.run.plan == Plan::Automatic {
        settled(next, true);
        return;
    }
    let mut facts = text_facts(plan);
    facts.push("approve lets the work follow it; deny sends your reason to the agent, which writes another".to_owned());
    next.ask(
        RunState::AwaitingReview,
        RunState::Developing,
        QuestionKind::Plan,
        "the agent has written a plan: shall it work by it?".to_owned(),
        facts,
    );
}

/// The agent left no plan.
fn without(next: &mut Transition, detail: &str, now: Millis) {
    next.run.attempt += 1;
    // Not counted as troubles, which outages add to.
    next.run.losses += 1;
    let words = format!("the agent left no plan: {detail}");
    if next.run.losses >= MAX_PLAN_TRIES {
        let count = format!("{} times in this step", next.run.losses);
        ask_trouble(next, "the agent writes no plan", vec![words, count, try_again()]);
        return;
    }
    if next.check_budget() {
        return;
    }
    next.run.not_before = Some(now.plus(back_off(1_000, next.run.losses)));
    next.run.reason = words;
}

/// It is said whether the work follows the plan. Names of containers derive from the attempt, which never goes back within an
/// iteration's turns.
pub(super) fn settled(next: &mut Transition, follow: bool) {
    let attempt = next.run.attempt + 1;
    if follow {
        next.run.plan = Plan::Settled;
    }
    next.go(if follow { RunState::Developing } else { RunState::Planning });
    next.run.attempt = attempt;
    next.check_budget();
}
