//! Properties of the machine over random histories, and the cases that matter by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::domain::*;
use proptest::prelude::*;

mod alone;
mod doubts;
mod plans;
mod stuck;

fn operator() -> Actor {
    Actor::operator(1000, "ada")
}

pub(crate) fn queued() -> Run {
    Run {
        role: crate::domain::Role::Coder,
        engine: String::new(),
        id: RunId(1),
        project: ProjectId(1),
        task: "make it pass".to_owned(),
        criteria: Vec::new(),
        owner: operator(),
        origin: Origin::Operator,
        agent: "command".to_owned(),
        priority: Priority::Normal,
        needs: Needs::default(),
        after: Vec::new(),
        waits_since: Millis(0),
        plan: crate::domain::Plan::None,
        state: RunState::Queued,
        resume_to: None,
        iteration: 0,
        attempt: 1,
        losses: 0,
        troubles: 0,
        rerun: None,
        instant_failures: 0,
        not_before: None,
        base: Some("b".repeat(40)),
        head: None,
        image: None,
        budget: Budget { iterations: 3, ..Budget::default() },
        spent: Spent::default(),
        question: None,
        reason: String::new(),
        version: 0,
        created: Millis(0),
        updated: Millis(0),
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
fn green_iterations_are_delivered_and_succeed() {
    let mut events = base_tested();
    events.extend(round(Judgement::Red));
    events.extend(round(Judgement::Green));
    events.push(Event::Delivered { to: "branch dogwatch/run-1".to_owned() });
    let run = after(&events);
    assert_eq!((run.state, run.iteration, run.spent.iterations), (RunState::Succeeded, 2, 2));
}

#[test]
fn a_claim_alone_only_leads_to_the_engines_tests() {
    let mut events = base_tested();
    events.push(ended());
    assert_eq!(after(&events).state, RunState::Testing);
}

#[test]
fn a_turn_of_which_nothing_was_taken_is_charged_and_says_so() {
    let mut run = queued();
    run.state = RunState::Developing;
    let Event::AgentEnded { report, commit, tree, planted, milliseconds, .. } = ended() else {
        panic!("another event")
    };
    let not_taken = Some("more than 5 entries".to_owned());
    let event = Event::AgentEnded { report, commit, tree, planted, not_taken, milliseconds };
    let writes = apply(&mut run, &event, Millis(0)).unwrap();
    assert_eq!((run.state, run.spent.milliseconds), (RunState::Testing, milliseconds));
    let suspicions = vec![Suspicion::NotTaken { why: "more than 5 entries".to_owned() }];
    assert!(writes.contains(&Write::Suspect { suspicions }), "{writes:?}");
}

#[test]
fn a_run_at_the_cap_of_a_day_waits_for_the_next_one_if_a_person_says_so() {
    let mut run = after(&base_tested());
    let event = Event::Capped { project: "shop".to_owned(), reached: vec![reached(true)] };
    let writes = apply(&mut run, &event, Millis(5)).unwrap();
    let Some(Write::Ask { kind: QuestionKind::Budget, title, facts, reached: about, .. }) = writes.last() else {
        panic!("{writes:?}")
    };
    assert_eq!(title, "budget reached: the engine on 1970-01-01 has used 3 of 3 iterations");
    assert!(facts.iter().any(|fact| fact.contains("approvals wait")), "{facts:?}");
    let (question, about) = (run.question.unwrap(), about.clone());
    let wait = |question| Event::AwaitDay { question, reached: about.clone(), by: operator() };
    assert_eq!(
        step(&run, &wait(QuestionId(99)), Millis(5)).unwrap_err(),
        Refused::NotOpen { question: QuestionId(99) }
    );
    let late = step(&run, &wait(question), Day(1).begin()).unwrap().run;
    assert_eq!((late.state, late.not_before), (RunState::Developing, None));
    apply(&mut run, &wait(question), Millis(5)).unwrap();
    assert_eq!((run.state, run.question, run.not_before), (RunState::Developing, None, Some(Day(1).begin())));
    assert_eq!(work(&run, Millis(6)), Work::Wait(Day(1).begin()));
    assert_eq!(work(&run, Day(1).begin()), Work::Develop);
}

#[test]
fn waiting_is_no_answer_to_what_does_not_turn_with_the_day() {
    let mut run = after(&base_tested());
    let event = Event::Capped { project: "shop".to_owned(), reached: vec![reached(true), reached(false)] };
    let writes = apply(&mut run, &event, Millis(5)).unwrap();
    let Some(Write::Ask { facts, .. }) = writes.last() else { panic!("{writes:?}") };
    assert!(!facts.iter().any(|fact| fact.contains("approvals wait")), "{facts:?}");
    let question = run.question.unwrap();
    for about in [vec![reached(true), reached(false)], Vec::new()] {
        let wait = Event::AwaitDay { question, reached: about, by: operator() };
        assert!(matches!(step(&run, &wait, Millis(5)), Err(Refused::Incomplete(_))));
    }
    let yes =
        Event::Answer { question, kind: QuestionKind::Budget, approve: true, reason: String::new(), by: operator() };
    let next = step(&run, &yes, Millis(5)).unwrap();
    assert!(next.writes.contains(&Write::Grant { question }));
    assert_eq!((next.run.state, next.run.budget), (RunState::Developing, run.budget));
}

#[test]
fn a_reached_cap_asks_and_an_answer_raises_it_once() {
    let mut events = base_tested();
    (0..3).for_each(|_| events.extend(round(Judgement::Red)));
    let mut run = after(&events);
    assert_eq!(run.state, RunState::Escalated);
    let question = run.question.unwrap();
    let answer = |question, approve| Event::Answer {
        question,
        kind: QuestionKind::Budget,
        approve,
        reason: "go on".to_owned(),
        by: operator(),
    };
    let redirect =
        Event::Redirect { by: operator(), text: "try b".to_owned(), criteria: None, terms: Terms::default() };
    assert_eq!(apply(&mut run.clone(), &redirect, Millis(2)), Err(Refused::AnswerFirst { question }));
    apply(&mut run, &answer(question, true), Millis(2)).unwrap();
    assert_eq!((run.state, run.budget.iterations, run.iteration), (RunState::Developing, 6, 4));
    let again = apply(&mut run, &answer(question, true), Millis(2));
    assert_eq!(again, Err(Refused::NotOpen { question }));
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
fn a_delivery_is_tried_again_where_that_may_help_and_a_person_is_asked_where_not() {
    let mut events = base_tested();
    events.extend(round(Judgement::Green));
    let delivering = after(&events);
    let failed = |retry| Event::DeliveryFailed { reason: "locked".to_owned(), retry };
    let mut run = delivering.clone();
    apply(&mut run, &failed(false), Millis(1)).unwrap();
    assert_eq!((run.state, run.resume_to), (RunState::Escalated, Some(RunState::Delivering)));

    let mut run = delivering;
    let mut before = 0;
    for _ in 1..MAX_DELIVERY_TRIES {
        apply(&mut run, &failed(true), Millis(1)).unwrap();
        let Work::Wait(until) = work(&run, Millis(1)) else { panic!("tried again at once: {run:?}") };
        assert!(until.0 > before && run.state == RunState::Delivering, "{run:?}");
        before = until.0;
        assert_eq!(work(&run, until), Work::Deliver);
    }
    apply(&mut run, &failed(true), Millis(1)).unwrap();
    assert_eq!(run.state, RunState::Escalated);
}

#[test]
fn rollback_of_a_paused_run_stays_paused() {
    let mut events = base_tested();
    events.extend(round(Judgement::Red));
    events.push(Event::Pause { by: operator() });
    let mut run = after(&events);
    let event = Event::Rollback { by: operator(), iteration: 1, commit: "d".repeat(40) };
    apply(&mut run, &event, Millis(2)).unwrap();
    assert_eq!((run.state, run.resume_to), (RunState::Paused, Some(RunState::Developing)));
    assert_eq!(run.head, Some("d".repeat(40)));
}

#[test]
fn every_event_has_its_name_in_the_list() {
    for event in [Event::Admitted, ended(), image(), gated(Judgement::Red), Event::Cleaned] {
        assert!(Event::NAMES.contains(&event.name()));
    }
}

#[test]
fn packages_are_delivered_after_a_yes_alone() {
    let asked = || {
        let mut events = base_tested();
        events.extend(round(Judgement::BringsPackages));
        after(&events)
    };
    let said = |run: &Run, approve: bool| Event::Answer {
        question: run.question.unwrap(),
        kind: QuestionKind::Dependency,
        approve,
        reason: "use what is there".to_owned(),
        by: operator(),
    };
    let mut run = asked();
    assert_eq!((run.state, work(&run, Millis(2))), (RunState::AwaitingReview, Work::Rest));
    let yes = said(&run, true);
    apply(&mut run, &yes, Millis(2)).unwrap();
    assert_eq!(run.state, RunState::Delivering);
    let mut run = asked();
    let no = said(&run, false);
    let writes = apply(&mut run, &no, Millis(2)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
    assert!(writes.iter().any(|w| matches!(w, Write::Guide { text, .. } if text == "use what is there")));
    // What is asked about it is told by its kind.
    let mut events = base_tested();
    events.extend(round(Judgement::BringsPackages).into_iter().take(4));
    let mut run = after(&events);
    let writes = apply(&mut run, &gated(Judgement::BringsPackages), Millis(2)).unwrap();
    assert!(writes.iter().any(|w| matches!(w, Write::Ask { kind: QuestionKind::Dependency, .. })), "{writes:?}");
}

#[test]
fn guidance_that_came_too_late_is_taken_up_before_success() {
    let redirect =
        || Event::Redirect { by: operator(), text: "use b".to_owned(), criteria: None, terms: Terms::default() };
    let gating = || {
        let mut events = base_tested();
        events.extend(round(Judgement::Red));
        events.extend(round(Judgement::Green).into_iter().take(4));
        after(&events)
    };
    let mut run = gating();
    apply(&mut run, &guided(Judgement::Green), Millis(2)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 3));
    // With nothing left to spend a person decides.
    let mut run = gating();
    run.budget.iterations = 2;
    let writes = apply(&mut run, &guided(Judgement::Green), Millis(2)).unwrap();
    assert_eq!(run.state, RunState::AwaitingReview);
    assert!(writes.iter().any(|w| matches!(w, Write::Ask { facts, .. } if facts.join(" ").contains("too late"))));
    // What is being delivered takes none; a delivery that failed goes back to work with it.
    let mut run = gating();
    apply(&mut run, &gated(Judgement::Green), Millis(2)).unwrap();
    let refused = Err(Refused::NotNow { event: "redirect", state: RunState::Delivering });
    assert_eq!(apply(&mut run.clone(), &redirect(), Millis(3)), refused);
    let mut paused = run.clone();
    apply(&mut paused, &Event::Pause { by: operator() }, Millis(3)).unwrap();
    assert_eq!(apply(&mut paused, &redirect(), Millis(3)), refused);
    apply(&mut run, &Event::DeliveryFailed { reason: "checked out".to_owned(), retry: false }, Millis(3)).unwrap();
    apply(&mut run, &redirect(), Millis(4)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 3));
}

#[test]
fn a_question_about_the_budget_says_what_the_last_iteration_came_to() {
    let mut events = base_tested();
    (0..2).for_each(|_| events.extend(round(Judgement::Red)));
    events.extend(round(Judgement::Red).into_iter().take(4));
    let writes = apply(&mut after(&events), &gated(Judgement::Red), Millis(2)).unwrap();
    let facts = writes.iter().find_map(|w| if let Write::Ask { facts, .. } = w { Some(facts.clone()) } else { None });
    assert_eq!(facts.unwrap()[2..], ["iteration 3 is red:".to_owned(), "why".to_owned()]);
}

#[test]
fn nothing_goes_back_behind_the_test_of_the_base() {
    let rollback = Event::Rollback { by: operator(), iteration: 0, commit: "b".repeat(40) };
    let mut run = after(&[Event::Admitted, image()]);
    assert!(matches!(apply(&mut run, &rollback, Millis(2)), Err(Refused::Incomplete(_))));
    apply(&mut run, &Event::Pause { by: operator() }, Millis(2)).unwrap();
    assert!(matches!(apply(&mut run, &rollback, Millis(2)), Err(Refused::Incomplete(_))));
}

#[test]
fn a_rollback_closes_the_iteration_of_a_run_that_waits() {
    let mut run = after(&base_tested());
    apply(&mut run, &held(Ending::Auth, true), Millis(1)).unwrap();
    assert_eq!(run.state, RunState::Escalated);
    let rollback = Event::Rollback { by: operator(), iteration: 0, commit: "b".repeat(40) };
    let writes = apply(&mut run, &rollback, Millis(2)).unwrap();
    assert!(writes.contains(&Write::CloseIteration { number: 1, outcome: Outcome::Neutral }), "{writes:?}");
}

#[test]
fn a_yes_to_trouble_is_no_yes_to_the_budget_and_a_question_names_every_cap() {
    let mut run = after(&base_tested());
    run.budget.tokens = Some(10);
    run.budget.microusd = Some(5);
    let usage = Usage { tokens: 50, microusd: 7 };
    let report = AgentReport::new(Ending::Auth, String::new(), usage);
    let event = Event::AgentHeld { report, commit: None, instant: false, milliseconds: 10 };
    apply(&mut run, &event, Millis(1)).unwrap();
    let answer =
        |question, kind| Event::Answer { question, kind, approve: true, reason: String::new(), by: operator() };
    let writes = apply(&mut run.clone(), &answer(run.question.unwrap(), QuestionKind::Trouble), Millis(2)).unwrap();
    let asked = writes.iter().find_map(|write| match write {
        Write::Ask { kind: QuestionKind::Budget, title, .. } => Some(title.clone()),
        _ => None,
    });
    let title = asked.expect("a question about the budget");
    assert!(title.contains("50 of 10 tokens") && title.contains("7 of 5 millionths"), "{title}");
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

fn any_event() -> impl Strategy<Value = Event> {
    let by = operator();
    prop_oneof![
        Just(Event::Admitted),
        Just(Event::Blocked { by: vec![(RunId(7), RunState::Failed)] }),
        Just(Event::Prioritise { by: by.clone(), priority: Priority::High }),
        Just(image()),
        any::<bool>().prop_map(|retry| Event::PrepareFailed { reason: "no".to_owned(), retry }),
        Just(ended()),
        any::<bool>().prop_map(|some| Event::Planned {
            report: report(Ending::Finished),
            plan: some.then(|| "1. mend".to_owned()),
            milliseconds: 1
        }),
        any::<bool>().prop_map(|i| held(Ending::Overloaded, i)),
        any::<bool>().prop_map(|i| held(Ending::Auth, i)),
        any::<bool>().prop_map(|explained| Event::StepLost { reason: "gone".to_owned(), explained }),
        any::<bool>().prop_map(|lasting| Event::Trouble { reason: "docker".to_owned(), lasting }),
        Just(Event::Tested { milliseconds: 1 }),
        Just(gathered()),
        // The driver counts on from the steps that there are.
        Just(Event::Doubted { suites: vec!["unit".to_owned()], attempt: 9 }),
        Just(Event::Analysed { suspicions: Vec::new() }),
        Just(gated(Judgement::Red)),
        Just(stuck::still()),
        Just(gated(Judgement::Green)),
        Just(gated(Judgement::NeedsPerson)),
        Just(gated(Judgement::BringsPackages)),
        Just(guided(Judgement::Green)),
        Just(Event::Delivered { to: "x".to_owned() }),
        any::<bool>().prop_map(|retry| Event::DeliveryFailed { reason: "x".to_owned(), retry }),
        Just(Event::Cleaned),
        Just(Event::Pause { by: by.clone() }),
        Just(Event::Resume { by: by.clone() }),
        Just(Event::Redirect { by: by.clone(), text: "try".to_owned(), criteria: None, terms: Terms::default() }),
        Just(Event::Cancel { by: by.clone(), reason: "enough".to_owned() }),
        Just(Event::Rollback { by: by.clone(), iteration: 1, commit: "d".repeat(40) }),
        Just(Event::Capped { project: "shop".to_owned(), reached: vec![reached(true)] }),
        Just(Event::AwaitDay { question: QuestionId(0), reached: vec![reached(true)], by: by.clone() }),
        any::<bool>().prop_map(move |approve| Event::Answer {
            question: QuestionId(0),
            kind: QuestionKind::Trouble,
            approve,
            reason: "r".to_owned(),
            by: by.clone()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens in whatever order: final states stay, budgets rise only by answers to budget questions, a state that
    /// awaits a person shows a question or a pause, an attempt never goes back within a step, and work is never both asked
    /// for and waiting for a person.
    #[test]
    fn histories_keep_the_invariants(
        events in proptest::collection::vec(any_event(), 0..120),
        plan in proptest::sample::select(&crate::domain::Plan::ALL[..]),
    ) {
        let mut run = Run { plan, ..queued() };
        run.after = vec![Predecessor { run: RunId(7), need: Need::Success }];
        let (mut kind, mut about) = (None, Vec::new());
        for mut event in events {
            match (&mut event, run.question) {
                (Event::Answer { question, kind: k, .. }, Some(open)) => {
                    *question = open;
                    *k = kind.unwrap();
                }
                // What it is about comes from its row as well.
                (Event::AwaitDay { question, reached, .. }, Some(open)) => {
                    *question = open;
                    reached.clone_from(&about);
                }
                _ => {}
            }
            let before = run.clone();
            let Ok(writes) = apply(&mut run, &event, Millis(7)) else {
                prop_assert_eq!(&before, &run);
                continue;
            };
            prop_assert!(!before.state.is_final());
            for write in &writes {
                if let Write::Ask { kind: k, reached, .. } = write {
                    kind = Some(*k);
                    about.clone_from(reached);
                }
            }
            let answered_budget = matches!(event, Event::Answer { kind: QuestionKind::Budget, approve: true, .. });
            prop_assert!(answered_budget || run.budget == before.budget);
            let grants = writes.iter().any(|write| matches!(write, Write::Grant { .. }));
            prop_assert!(answered_budget || !grants);
            // Whatever ends an iteration, or the run, leaves nothing reserved for it.
            let over = run.state.is_final() && run.state != RunState::Succeeded || run.iteration > before.iteration;
            let released = |write: &Write| matches!(write, Write::Release | Write::Use { left: Left::Nothing, .. });
            prop_assert!(!over || writes.iter().any(released));
            let said = matches!(event, Event::Answer { kind: QuestionKind::Predecessor, approve: true, .. });
            prop_assert_eq!(run.after[0].need == Need::Waived, said || before.after[0].need == Need::Waived);
            // Nothing is changed before a plan that is wanted is settled.
            let works = matches!(run.state, RunState::Developing | RunState::Delivering);
            prop_assert!(!works || !run.plan.is_due());
            let prioritised = matches!(event, Event::Prioritise { .. });
            prop_assert!(prioritised || run.priority == before.priority);
            let waits = matches!(run.state, RunState::Escalated | RunState::AwaitingReview);
            prop_assert_eq!(waits, run.question.is_some());
            if run.state == RunState::Paused { prop_assert!(run.resume_to.is_some()); }
            if run.state.awaits_person() || run.state.is_final() {
                prop_assert!(matches!(work(&run, Millis(7)), Work::Rest | Work::Freeze));
            }
            let same_step = (before.iteration, before.state) == (run.iteration, run.state);
            prop_assert!(!same_step || run.attempt >= before.attempt);
            // Suites run a second time once in an iteration, and only while they are tested.
            let doubted = matches!(event, Event::Doubted { .. });
            prop_assert!(!doubted || (before.rerun.is_none() && run.rerun.is_some()));
            let same_tests = run.iteration == before.iteration && run.rerun.is_some();
            prop_assert!(doubted || run.rerun.is_none() || (same_tests && before.rerun == run.rerun));
            let opened = writes.iter().filter(|w| matches!(w, Write::OpenIteration { .. })).count();
            prop_assert_eq!(opened > 0 && run.iteration > 0, run.iteration > before.iteration);
        }
    }
}
