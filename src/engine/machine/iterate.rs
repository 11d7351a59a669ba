//! The loop itself: what the driver's reports do to a run.

use super::common::{share, titled};
use super::event::{Event, Judgement};
use super::transition::{Transition, Write};
use super::work::LONGEST_WAIT;
use super::{MAX_CANCEL_TRIES, MAX_DELIVERY_TRIES, MAX_IMAGE_TRIES, MAX_INSTANT_FAILURES, MAX_LOSSES, MAX_TROUBLES};
use crate::domain::{AgentReport, Ending, Left, Millis, Outcome, QuestionKind, Rerun, RunState, Spent, Suspicion};

/// Longest pause between two tries.
const MAX_BACK_OFF: i64 = 15 * 60 * 1000;
/// A limit that ends so soon may be stated again and again, so it counts like a failure of the provider.
const NEAR_LIMIT: i64 = 60 * 1000;
/// How long to wait for an account limit whose end is not stated.
const UNSTATED_LIMIT: i64 = 15 * 60 * 1000;

pub(super) fn apply(next: &mut Transition, event: &Event, now: Millis) {
    match event {
        Event::Admitted => next.go(RunState::Preparing),
        Event::Blocked { by } => super::follow::blocked(next, by),
        Event::Prepared { image } => {
            next.go(RunState::Testing);
            next.run.image = Some(image.clone());
            let base = next.run.base.clone().unwrap_or_default();
            next.writes.push(Write::OpenIteration { number: 0, base });
        }
        Event::PrepareFailed { reason, retry } => prepare_failed(next, reason, *retry, now),
        Event::AgentEnded { report, commit, tree, planted, not_taken, milliseconds } => {
            next.spend("agent", turn(report, *milliseconds), Left::Tests);
            let checkpoint = Some((commit.clone(), tree.clone()));
            next.writes.push(Write::AgentTurn { report: report.clone(), checkpoint });
            suspect(next, planted, not_taken.as_ref());
            next.go(RunState::Testing);
            next.run.instant_failures = 0;
            next.run.head = Some(commit.clone());
        }
        Event::Planned { report, plan, milliseconds } => {
            next.spend("plan", turn(report, *milliseconds), Left::Nothing);
            next.writes.push(Write::AgentTurn { report: report.clone(), checkpoint: None });
            super::planning::planned(next, plan.as_deref(), &report.detail, now);
        }
        Event::Audited { report, audit, milliseconds, guided } => {
            next.spend("audit", turn(report, *milliseconds), Left::Nothing);
            next.run.instant_failures = 0;
            super::auditing::audited(next, audit, &report.detail, *guided, now);
        }
        Event::AgentHeld { report, commit, instant, milliseconds } => {
            let turn = turn(report, *milliseconds);
            if next.run.state == RunState::Reviewing {
                next.spend("audit", turn, Left::Nothing);
                // How the author's own turn ended stays on record.
                next.writes.push(Write::Audited { audit: None });
            } else {
                next.spend("agent", turn, Left::Nothing);
                next.writes.push(Write::AgentTurn { report: report.clone(), checkpoint: None });
            }
            next.run.head = commit.clone().or(next.run.head.take());
            held(next, report, *instant, now);
        }
        Event::StepLost { reason, explained } => lost(next, reason, *explained, now),
        Event::Trouble { reason, lasting: true } if next.run.state != RunState::Cancelling => {
            ask_trouble(next, "the next step cannot begin", vec![reason.clone(), try_again()]);
        }
        Event::Trouble { reason, .. } => trouble(next, reason, now),
        Event::Capped { project, reached } => next.ask_for_more(project, reached),
        Event::Tested { milliseconds } => {
            // The rest of the time stays reserved: suites may have to run a second time.
            next.spend("tests", Spent { milliseconds: *milliseconds, ..Spent::default() }, Left::Tests);
            next.go(RunState::Gathering);
        }
        Event::Doubted { suites, attempt } => {
            next.writes.push(Write::Rerun { suites: suites.clone() });
            next.go(RunState::Testing);
            // Names of containers derive from the attempt: the first time had others.
            next.run.attempt = *attempt;
            next.run.rerun = Some(Rerun { suites: suites.clone(), from: *attempt });
        }
        Event::Gathered { tests, disagrees } => {
            next.spend("tests", Spent::default(), Left::Gates);
            next.writes.push(Write::Counts { tests: *tests, disagrees: disagrees.clone() });
            next.go(RunState::Analysing);
            next.run.rerun = None;
        }
        Event::Analysed { suspicions } => {
            next.writes.push(Write::Suspect { suspicions: suspicions.clone() });
            if next.run.only_tests().is_some() {
                next.go(RunState::Gating);
            } else if next.run.iteration == 0 {
                next.writes.push(Write::CloseIteration { number: 0, outcome: Outcome::Neutral });
                next.run.head.clone_from(&next.run.base);
                next.next_iteration();
            } else {
                next.go(RunState::Gating);
            }
        }
        Event::Gated { judgement, evidence, .. } if next.run.only_tests().is_some() => {
            super::alone::concluded(next, *judgement, evidence);
        }
        Event::Gated { judgement, evidence, guided, standstill, headline } => {
            gated(next, *judgement, evidence, *guided, (standstill, headline.as_deref()));
        }
        Event::Delivered { to } => {
            next.go(RunState::Succeeded);
            next.run.reason.clone_from(to);
        }
        Event::DeliveryFailed { reason, retry } => delivery_failed(next, reason, *retry, now),
        Event::Cleaned => {
            let reason = std::mem::take(&mut next.run.reason);
            next.end(RunState::Cancelled, reason);
        }
        // Applied elsewhere: see `step`.
        Event::Pause { .. }
        | Event::Resume { .. }
        | Event::Redirect { .. }
        | Event::Cancel { .. }
        | Event::Rollback { .. }
        | Event::Prioritise { .. }
        | Event::Answer { .. }
        | Event::AwaitDay { .. } => {}
    }
}

/// What is odd about a tree before anything ran in it.
fn suspect(next: &mut Transition, planted: &[String], not_taken: Option<&String>) {
    let not_taken = not_taken.map(|why| Suspicion::NotTaken { why: why.clone() });
    let planted = (!planted.is_empty()).then(|| Suspicion::Planted { what: planted.to_vec() });
    let suspicions: Vec<_> = not_taken.into_iter().chain(planted).collect();
    if !suspicions.is_empty() {
        next.writes.push(Write::Suspect { suspicions });
    }
}

/// What an agent's turn used.
fn turn(report: &AgentReport, milliseconds: u64) -> Spent {
    Spent { iterations: 0, milliseconds, tokens: report.usage.tokens, microusd: report.usage.microusd }
}

/// Milliseconds before the n-th repetition (n from 1): doubling from `first`, at most 15 minutes.
pub(super) fn back_off(first: i64, n: u32) -> i64 {
    first.saturating_mul(1 << n.saturating_sub(1).min(16)).min(MAX_BACK_OFF)
}

/// Asks about trouble; `facts` begin with the reason.
pub(super) fn ask_trouble(next: &mut Transition, title: &str, facts: Vec<String>) {
    let resume_to = next.run.state;
    let title = titled(title, facts.first().map(String::as_str).unwrap_or_default());
    next.ask(RunState::Escalated, resume_to, QuestionKind::Trouble, title, facts);
}

pub(super) fn try_again() -> String {
    "approve tries again; deny ends the run as failed".to_owned()
}

fn prepare_failed(next: &mut Transition, reason: &str, retry: bool, now: Millis) {
    next.run.troubles += 1;
    next.run.attempt += 1;
    if !retry || next.run.troubles >= MAX_IMAGE_TRIES {
        ask_trouble(next, "the run's image cannot be made", vec![reason.to_owned(), try_again()]);
        if retry {
            // What may pass is the registry's or the container engine's, else it is the project's own.
            share(next, "", reason);
        }
        return;
    }
    next.run.not_before = Some(now.plus(back_off(2_000, next.run.troubles)));
    reason.clone_into(&mut next.run.reason);
}

fn delivery_failed(next: &mut Transition, reason: &str, retry: bool, now: Millis) {
    next.run.troubles += 1;
    if retry && next.run.troubles < MAX_DELIVERY_TRIES {
        next.run.not_before = Some(now.plus(back_off(2_000, next.run.troubles)));
        reason.clone_into(&mut next.run.reason);
        return;
    }
    next.ask(
        RunState::Escalated,
        RunState::Delivering,
        QuestionKind::Trouble,
        "the result could not be delivered".to_owned(),
        vec![reason.to_owned(), "approve tries again; deny ends the run as failed, its branch stays".to_owned()],
    );
}

fn held(next: &mut Transition, report: &AgentReport, instant: bool, now: Millis) {
    next.run.attempt += 1;
    // What a provider refuses within seconds says nothing of the agent; it waits longer each time instead.
    let theirs = matches!(report.ending, Ending::RateLimited { .. } | Ending::Overloaded);
    if !theirs {
        next.run.instant_failures = if instant { next.run.instant_failures + 1 } else { 0 };
    }
    let auditing = next.run.state == RunState::Reviewing;
    let who = if auditing { "auditor" } else { "agent" };
    let words = format!("the {who} ended as {}: {}", report.ending.name(), report.detail);
    if let Some(why) = hopeless(&report.ending) {
        let agent = next.run.agent.clone();
        ask_trouble(next, &format!("the {who} cannot work: {why}"), vec![words, try_again()]);
        // Which agent audits does not stand in the run, so nothing is known of others with the same one.
        if matches!(report.ending, Ending::Auth | Ending::Billing) && !auditing {
            // The account is that of every run with this agent.
            share(next, &agent, why);
        }
        return;
    }
    if next.run.instant_failures >= MAX_INSTANT_FAILURES && !theirs {
        let count = format!("{} times in a row, each within five seconds", next.run.instant_failures);
        ask_trouble(next, &format!("the {who} fails at once"), vec![words, count, try_again()]);
        return;
    }
    let until = if let Ending::RateLimited { until } = report.ending {
        let until = until.unwrap_or(now.plus(UNSTATED_LIMIT)).min(now.plus(LONGEST_WAIT));
        // Each one counts, so that an agent that is at its limit for ever becomes a person's business.
        next.run.troubles += 1;
        if until.0.saturating_sub(now.0) < NEAR_LIMIT {
            until.max(now.plus(back_off(1_000, next.run.troubles)))
        } else {
            until
        }
    } else {
        next.run.troubles += 1;
        now.plus(back_off(5_000, next.run.troubles))
    };
    if next.run.troubles >= MAX_TROUBLES {
        let agent = next.run.agent.clone();
        ask_trouble(next, &format!("the {who}'s provider keeps failing"), vec![words, try_again()]);
        if theirs && !auditing {
            share(next, &agent, report.ending.name());
        }
        return;
    }
    if next.check_budget() {
        return;
    }
    next.run.not_before = Some(until);
    next.run.reason = words;
}

/// Why trying again would end the same way.
fn hopeless(ending: &Ending) -> Option<&'static str> {
    match ending {
        Ending::Auth => Some("its provider refuses the credentials"),
        Ending::Billing => Some("its account has no credit"),
        Ending::Misconfigured => Some("it cannot be started as it is configured"),
        Ending::Blocked => Some("it is denied what it needs"),
        _ => None,
    }
}

fn lost(next: &mut Transition, reason: &str, explained: bool, now: Millis) {
    next.run.attempt += 1;
    if matches!(next.run.state, RunState::Planning | RunState::Developing | RunState::Reviewing) {
        // The turn is repeated from its beginning, and then as much is reserved anew.
        next.release();
    }
    if explained {
        // Nobody's fault, yet not for ever: a container engine that keeps going down is a person's business.
        trouble(next, reason, now);
        return;
    }
    reason.clone_into(&mut next.run.reason);
    next.run.losses += 1;
    if next.run.losses >= MAX_LOSSES {
        let count = format!("{} times in this step", next.run.losses);
        ask_trouble(next, "the step's container keeps vanishing", vec![reason.to_owned(), count, try_again()]);
    }
}

fn trouble(next: &mut Transition, reason: &str, now: Millis) {
    next.run.troubles += 1;
    if next.run.state == RunState::Cancelling && next.run.troubles >= MAX_CANCEL_TRIES {
        // Whoever cancels must not wait for a container engine that is gone; what it still has is removed when it is back.
        let words =
            format!("{}; what it left behind is removed as soon as this works again: {reason}", next.run.reason);
        next.end(RunState::Cancelled, words);
        return;
    }
    if next.run.troubles >= MAX_TROUBLES {
        ask_trouble(next, "something outside the work keeps failing", vec![reason.to_owned(), try_again()]);
        share(next, "", reason);
        return;
    }
    // Short at first: when disk space returns, the run should go on within seconds.
    next.run.not_before = Some(now.plus(back_off(1_000, next.run.troubles).min(10_000)));
    // What an operator gave as the reason for a cancel is what people look for afterwards.
    if next.run.state != RunState::Cancelling {
        reason.clone_into(&mut next.run.reason);
    }
}

/// What came of the gates. Guidance that came while the tests ran was not in this iteration's prompt: what it asks for is
/// done first, whatever the tests say, since an operator's word is above a result that does not know it.
fn gated(
    next: &mut Transition,
    judgement: Judgement,
    evidence: &[String],
    guided: bool,
    (standstill, headline): (&[String], Option<&str>),
) {
    let outcome = match judgement {
        Judgement::Green => Outcome::Green,
        Judgement::Red => Outcome::Red,
        Judgement::NeedsPerson | Judgement::BringsPackages => Outcome::Suspicious,
    };
    next.writes.push(Write::CloseIteration { number: next.run.iteration, outcome });
    next.spend("iteration", Spent { iterations: 1, ..Spent::default() }, Left::Nothing);
    let goes_on = guided && next.run.spent.reached(&next.run.budget).is_empty();
    match judgement {
        // Who has given guidance meanwhile has said what should become of it.
        Judgement::Red if !standstill.is_empty() && !guided => super::stuck::ask(next, headline, standstill, evidence),
        Judgement::Red => {
            next.next_iteration();
            next.explain(&format!("iteration {} is red:", next.run.iteration - 1), evidence);
        }
        Judgement::Green | Judgement::NeedsPerson | Judgement::BringsPackages if goes_on => next.next_iteration(),
        Judgement::Green if !guided => super::auditing::passed(next),
        Judgement::Green | Judgement::NeedsPerson | Judgement::BringsPackages => {
            let number = next.run.iteration;
            let (kind, title) = if judgement == Judgement::BringsPackages {
                (QuestionKind::Dependency, format!("iteration {number} passes, and brings packages: may it?"))
            } else {
                (QuestionKind::Review, format!("iteration {number} passes, but someone should look first"))
            };
            let mut facts = evidence.to_vec();
            if guided {
                facts
                    .push("the latest guidance came too late for this iteration, and the budget is used up".to_owned());
            }
            facts.push("approve counts it as done; deny sends the reason to the agent and goes on".to_owned());
            next.ask(RunState::AwaitingReview, RunState::Delivering, kind, title, facts);
        }
    }
}
