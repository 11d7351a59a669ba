//! Plans: written before anything is changed, asked about, written again, followed.

use super::super::MAX_PLAN_TRIES;
use super::*;
use crate::domain::{Plan, Terms};

fn planned(plan: Option<&str>) -> Event {
    Event::Planned { report: report(Ending::Finished), plan: plan.map(str::to_owned), milliseconds: 10_000 }
}

/// A run whose base is tested and whose plan is due.
fn planning(plan: Plan) -> Run {
    let mut run = queued();
    run.plan = plan;
    for event in base_tested() {
        apply(&mut run, &event, Millis(1)).unwrap();
    }
    assert_eq!((run.state, run.iteration, work(&run, Millis(1))), (RunState::Planning, 1, Work::Develop));
    run
}

fn answer(run: &Run, approve: bool) -> Event {
    Event::Answer {
        question: run.question.unwrap(),
        kind: QuestionKind::Plan,
        approve,
        reason: "smaller steps".to_owned(),
        by: operator(),
    }
}

#[test]
fn a_person_reads_the_plan_before_anything_is_changed() {
    let mut run = planning(Plan::Ask);
    let writes = apply(&mut run, &planned(Some("1. read\n2. mend")), Millis(2)).unwrap();
    assert!(writes.contains(&Write::KeepPlan { text: "1. read\n2. mend".to_owned() }));
    let Some(Write::Ask { kind: QuestionKind::Plan, facts, .. }) = writes.last() else { panic!("{writes:?}") };
    assert_eq!(facts[..2], ["1. read", "2. mend"]);
    assert_eq!((run.state, run.spent.iterations), (RunState::AwaitingReview, 0));
    let denied = answer(&run, false);
    let writes = apply(&mut run, &denied, Millis(3)).unwrap();
    assert!(writes.iter().any(|write| matches!(write, Write::Guide { text, .. } if text == "smaller steps")));
    assert_eq!((run.state, run.iteration, run.attempt, run.plan), (RunState::Planning, 1, 2, Plan::Ask));
    apply(&mut run, &planned(Some("1. mend")), Millis(4)).unwrap();
    let approved = answer(&run, true);
    apply(&mut run, &approved, Millis(5)).unwrap();
    // The containers of one iteration's turns have names of their own.
    assert_eq!((run.state, run.iteration, run.attempt, run.plan), (RunState::Developing, 1, 3, Plan::Settled));
    for event in round(Judgement::Red) {
        apply(&mut run, &event, Millis(6)).unwrap();
    }
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
}

#[test]
fn new_guidance_takes_back_the_question_and_the_plan_is_written_anew() {
    let mut run = planning(Plan::Ask);
    apply(&mut run, &planned(Some("1. mend")), Millis(2)).unwrap();
    let redirect = Event::Redirect {
        by: operator(),
        text: "look at the parser".to_owned(),
        criteria: None,
        terms: Terms::default(),
    };
    let writes = apply(&mut run, &redirect, Millis(3)).unwrap();
    assert!(writes.iter().any(|write| matches!(write, Write::Withdraw { .. })));
    assert_eq!((run.state, run.iteration, run.attempt, run.question), (RunState::Planning, 1, 2, None));
}

#[test]
fn a_plan_that_needs_nobody_is_followed_at_once() {
    let mut run = planning(Plan::Automatic);
    apply(&mut run, &planned(Some("1. mend")), Millis(2)).unwrap();
    assert_eq!((run.state, run.plan, run.attempt), (RunState::Developing, Plan::Settled, 2));
}

#[test]
fn an_agent_that_writes_no_plan_comes_before_a_person() {
    let mut run = planning(Plan::Automatic);
    for _ in 1..MAX_PLAN_TRIES {
        apply(&mut run, &planned(None), Millis(2)).unwrap();
        assert!(run.state == RunState::Planning && run.not_before.is_some());
    }
    apply(&mut run, &planned(None), Millis(3)).unwrap();
    assert_eq!((run.state, run.reason.as_str()), (RunState::Escalated, "the agent writes no plan"));
}
