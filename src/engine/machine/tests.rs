//! The machine: histories that matter, and what these tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::domain::*;
use crate::store::new_run_for_tests;

mod alone;
mod audits;
mod caps;
mod delivering;
mod doubts;
mod histories;
mod plans;
mod rollback;
mod stuck;

fn operator() -> Actor {
    Actor::operator(1000, "ada")
}

pub(crate) fn queued() -> Run {
    Run {
        id: RunId(1),
        task: "make it pass".to_owned(),
        criteria: Vec::new(),
        owner: operator(),
        agent: "command".to_owned(),
        base: Some("b".repeat(40)),
        budget: Budget { iterations: 3, ..Budget::default() },
        created: Millis(0),
        updated: Millis(0),
        ..new_run_for_tests(ProjectId(1))
    }
}

fn report(ending: Ending) -> AgentReport {
    AgentReport::new(ending, String::new(), Usage::default())
}

fn ended() -> Event {
    Event::AgentEnded {
        report: report(Ending::ClaimsDone),
        commit: "c".repeat(40),
        tree: "t".repeat(40),
        planted: Vec::new(),
        not_taken: None,
        milliseconds: 10,
    }
}

fn held(ending: Ending, instant: bool) -> Event {
    Event::AgentHeld { report: report(ending), commit: None, instant, milliseconds: 10 }
}

fn reached(of_a_day: bool) -> Reached {
    let (day, project) = (Day(0), ProjectId(1));
    let scope = if of_a_day { Scope::Day { day } } else { Scope::Project { project } };
    let measure = Measure::Iterations;
    Reached { scope, measure, cap: 3, granted: 0, used: 3, reserved: 0, wanted: 1, more: 3 }
}

fn gated(judgement: Judgement) -> Event {
    Event::Gated { judgement, evidence: vec!["why".to_owned()], guided: false, standstill: Vec::new(), headline: None }
}

fn guided(judgement: Judgement) -> Event {
    Event::Gated { judgement, evidence: vec!["why".to_owned()], guided: true, standstill: Vec::new(), headline: None }
}

/// Applies an event as the engine does: a question that is asked gets the next id.
fn apply(run: &mut Run, event: &Event, now: Millis) -> Result<Vec<Write>, Refused> {
    let next = step(run, event, now)?;
    let asked = next.writes.iter().any(|write| matches!(write, Write::Ask { .. }));
    *run = next.run;
    run.version += 1;
    if asked {
        run.question = Some(QuestionId(run.version));
    }
    Ok(next.writes)
}

fn after(events: &[Event]) -> Run {
    let mut run = queued();
    for event in events {
        apply(&mut run, event, Millis(1)).unwrap();
    }
    run
}

fn image() -> Event {
    let image = ImageUsed {
        asked: "i".to_owned(),
        id: "sha256:1".to_owned(),
        digest: None,
        services: std::collections::BTreeMap::new(),
    };
    Event::Prepared { image }
}

fn gathered() -> Event {
    Event::Gathered { tests: (1, 1, 0), disagrees: vec!["unit: a".to_owned()] }
}

fn base_tested() -> Vec<Event> {
    vec![
        Event::Admitted,
        image(),
        Event::Tested { milliseconds: 1 },
        gathered(),
        Event::Analysed { suspicions: Vec::new() },
    ]
}

fn round(judgement: Judgement) -> Vec<Event> {
    vec![
        ended(),
        Event::Tested { milliseconds: 1 },
        gathered(),
        Event::Analysed { suspicions: Vec::new() },
        gated(judgement),
    ]
}

#[test]
fn a_claim_alone_only_leads_to_the_engines_tests() {
    let mut events = base_tested();
    events.push(ended());
    assert_eq!(after(&events).state, RunState::Testing);
}

#[test]
fn three_instant_failures_pause_the_run_and_name_the_cause() {
    let mut run = after(&base_tested());
    for _ in 0..2 {
        apply(&mut run, &held(Ending::Crashed, true), Millis(1)).unwrap();
        assert_eq!(run.state, RunState::Developing);
    }
    let writes = apply(&mut run, &held(Ending::Crashed, true), Millis(1)).unwrap();
    assert_eq!(run.state, RunState::Escalated);
    let facts = writes.iter().find_map(|w| if let Write::Ask { facts, .. } = w { Some(facts.join(" ")) } else { None });
    assert!(facts.unwrap().contains("crashed"));
}

#[test]
fn a_provider_that_fails_at_once_is_no_failure_of_the_agent() {
    let mut run = after(&base_tested());
    apply(&mut run, &held(Ending::Crashed, true), Millis(1)).unwrap();
    for _ in 0..5 {
        apply(&mut run, &held(Ending::Overloaded, true), Millis(1)).unwrap();
        apply(&mut run, &held(Ending::RateLimited { until: None }, true), Millis(1)).unwrap();
    }
    assert_eq!((run.state, run.instant_failures), (RunState::Developing, 1));
    // Yet not for ever.
    (0..40).for_each(|_| drop(apply(&mut run, &held(Ending::Overloaded, true), Millis(1))));
    assert_eq!(run.state, RunState::Escalated);
}

#[test]
fn unexplained_losses_are_counted_and_explained_ones_are_not() {
    let lost = |explained| Event::StepLost { reason: "gone".to_owned(), explained };
    let mut run = after(&base_tested());
    (0..20).for_each(|_| drop(apply(&mut run, &lost(true), Millis(1)).unwrap()));
    assert_eq!((run.state, run.losses), (RunState::Developing, 0));
    (0..3).for_each(|_| drop(apply(&mut run, &lost(false), Millis(1)).unwrap()));
    assert_eq!(run.state, RunState::Escalated);
}

#[test]
fn an_account_limit_waits_until_the_stated_time_and_costs_no_iteration() {
    let mut run = after(&base_tested());
    apply(&mut run, &held(Ending::RateLimited { until: Some(Millis(5_000)) }, true), Millis(1)).unwrap();
    assert_eq!(work(&run, Millis(2)), Work::Wait(Millis(5_000)));
    assert_eq!(work(&run, Millis(5_000)), Work::Develop);
    assert_eq!(run.spent.iterations, 0);
}

#[test]
fn a_denied_review_reaches_the_agent_as_guidance() {
    let mut events = base_tested();
    events.extend(round(Judgement::NeedsPerson));
    let mut run = after(&events);
    let question = run.question.unwrap();
    let deny = |reason: &str| Event::Answer {
        question,
        kind: QuestionKind::Review,
        approve: false,
        reason: reason.to_owned(),
        by: operator(),
    };
    assert!(matches!(apply(&mut run.clone(), &deny(" "), Millis(2)), Err(Refused::Incomplete(_))));
    let writes = apply(&mut run, &deny("put the test back"), Millis(2)).unwrap();
    assert!(writes.iter().any(|w| matches!(w, Write::Guide { text, .. } if text == "put the test back")));
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
}

#[test]
fn every_event_has_its_name_in_the_list() {
    for event in [Event::Admitted, ended(), image(), gated(Judgement::Red), Event::Cleaned] {
        assert!(Event::NAMES.contains(&event.name()));
    }
}

#[test]
fn a_run_whose_predecessor_failed_starts_only_when_a_person_says_so() {
    let mut run = queued();
    run.after = [7, 8].map(|id| Predecessor { run: RunId(id), need: Need::Success }).to_vec();
    let by = vec![(RunId(7), RunState::Cancelled)];
    let writes = apply(&mut run, &Event::Blocked { by: by.clone() }, Millis(1)).unwrap();
    let Some(Write::Ask { kind: QuestionKind::Predecessor, title, facts, .. }) = writes.last() else {
        panic!("{writes:?}")
    };
    assert_eq!(title, "r1 was to follow what did not succeed: r7 was cancelled");
    assert!(facts.contains(&"it still waits for r8 as well".to_owned()), "{facts:?}");
    assert_eq!(run.state, RunState::Escalated);
    // Other words than an answer do not start it.
    let redirect =
        Event::Redirect { by: operator(), text: "go on".to_owned(), criteria: None, terms: Terms::default() };
    assert!(matches!(step(&run, &redirect, Millis(2)), Err(Refused::AnswerFirst { .. })));
    let answer = |approve| Event::Answer {
        question: run.question.unwrap(),
        kind: QuestionKind::Predecessor,
        approve,
        reason: "it needs that".to_owned(),
        by: operator(),
    };
    let mut denied = run.clone();
    apply(&mut denied, &answer(false), Millis(3)).unwrap();
    assert_eq!((denied.state, denied.reason.as_str()), (RunState::Cancelling, "denied: it needs that"));
    let mut goes = run.clone();
    apply(&mut goes, &answer(true), Millis(4)).unwrap();
    let needs: Vec<Need> = goes.after.iter().map(|one| one.need).collect();
    assert_eq!((goes.state, needs, goes.waits_since), (RunState::Queued, vec![Need::Waived, Need::Success], Millis(4)));
}

#[test]
fn an_instant_beyond_every_wait_is_due() {
    let mut run = after(&base_tested());
    run.not_before = Some(Millis(10 * 365 * 24 * 3600 * 1000));
    assert_eq!(work(&run, Millis(2)), Work::Develop);
}

#[test]
fn a_wait_that_began_later_than_now_is_due() {
    let mut run = after(&base_tested());
    (run.updated, run.not_before) = (Millis(5_000_000), Some(Millis(5_002_000)));
    assert_eq!(work(&run, Millis(5_001_000)), Work::Wait(Millis(5_002_000)));
    assert_eq!(work(&run, Millis(4_999_000)), Work::Develop, "the clock was set back");
}

#[test]
fn a_cancel_does_not_wait_for_ever() {
    let mut run = after(&base_tested());
    apply(&mut run, &Event::Cancel { by: operator(), reason: "enough".to_owned() }, Millis(1)).unwrap();
    for _ in 0..MAX_CANCEL_TRIES {
        assert_eq!(run.state, RunState::Cancelling);
        apply(&mut run, &Event::Trouble { reason: "no docker".to_owned(), lasting: false }, Millis(2)).unwrap();
    }
    assert_eq!(run.state, RunState::Cancelled);
    assert!(run.reason.starts_with("enough; ") && run.reason.ends_with("no docker"), "{}", run.reason);
}
