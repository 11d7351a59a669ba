//! Runs that do not move: they wait for a person, spend nothing, and are never a success.

use super::*;

pub(super) fn still() -> Event {
    let standstill = vec!["R1: the same".to_owned(), "the best so far is iteration 2".to_owned()];
    Event::Gated {
        judgement: Judgement::Red,
        evidence: vec!["why".to_owned()],
        guided: false,
        standstill,
        headline: None,
    }
}

/// A run that waits because it does not move.
fn waiting() -> Run {
    let mut events = base_tested();
    events.extend(round(Judgement::Red).into_iter().take(4));
    events.push(still());
    let mut run = after(&events);
    run.question = Some(QuestionId(7));
    run
}

fn answer(approve: bool) -> Event {
    let reason = "it cannot be done".to_owned();
    Event::Answer { question: QuestionId(7), kind: QuestionKind::Stuck, approve, reason, by: operator() }
}

#[test]
fn a_run_that_does_not_move_waits_and_asks() {
    let mut events = base_tested();
    events.extend(round(Judgement::Red).into_iter().take(4));
    let mut run = after(&events);
    let writes = apply(&mut run, &still(), Millis(2)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::AwaitingRedirect, 1));
    assert!(writes.contains(&Write::CloseIteration { number: 1, outcome: Outcome::Red }));
    let Some(Write::Ask { kind: QuestionKind::Stuck, facts, .. }) = writes.last() else { panic!("{writes:?}") };
    assert_eq!(facts.first().map(String::as_str), Some("R1: the same"));
    assert!(facts.iter().any(|fact| fact.contains("--criterion")) && facts.last().is_some_and(|fact| fact == "why"));
    assert_eq!(work(&run, Millis(9)), Work::Rest);
}

#[test]
fn guidance_that_came_meanwhile_goes_before_the_question() {
    let mut events = base_tested();
    events.extend(round(Judgement::Red).into_iter().take(4));
    let mut run = after(&events);
    let Event::Gated { judgement, evidence, standstill, .. } = still() else { panic!() };
    apply(&mut run, &Event::Gated { judgement, evidence, standstill, guided: true, headline: None }, Millis(2))
        .unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
}

#[test]
fn a_person_lets_it_go_on_or_gives_it_up() {
    let mut run = waiting();
    apply(&mut run, &answer(true), Millis(3)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
    let mut run = waiting();
    apply(&mut run, &answer(false), Millis(3)).unwrap();
    assert_eq!((run.state, run.reason.as_str()), (RunState::Failed, "given up: it cannot be done"));
}

#[test]
fn other_criteria_are_taken_with_a_redirect() {
    let redirect = |criteria: &[&str]| {
        let criteria = Some(criteria.iter().map(|line| (*line).to_owned()).collect());
        Event::Redirect { by: operator(), text: "to these".to_owned(), criteria }
    };
    let mut run = waiting();
    let writes = apply(&mut run, &redirect(&["a is 2"]), Millis(3)).unwrap();
    assert_eq!((run.state, run.criteria.as_slice()), (RunState::Developing, &["a is 2".to_owned()][..]));
    assert!(writes.contains(&Write::Withdraw { question: QuestionId(7) }));
    for wrong in [&[" "][..], &["a\nb"], &[&"x".repeat(9_000)]] {
        let mut run = waiting();
        assert!(matches!(apply(&mut run, &redirect(wrong), Millis(3)), Err(Refused::Incomplete(_))));
    }
}
