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
        Event::Redirect { by: operator(), text: "to these".to_owned(), criteria, terms: Terms::default() }
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

fn on_terms(terms: Terms) -> Event {
    Event::Redirect { by: operator(), text: "go on".to_owned(), criteria: None, terms }
}

fn terms_of(writes: &[Write]) -> Option<TermsFrom> {
    writes.iter().find_map(|write| if let Write::Guide { terms, .. } = write { terms.clone() } else { None })
}

#[test]
fn others_work_on_from_the_next_turn_on() {
    let codex = Terms { agent: Some("codex".to_owned()), ..Terms::default() };
    let mut run = waiting();
    let writes = apply(&mut run, &on_terms(codex.clone()), Millis(3)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
    assert_eq!(terms_of(&writes), Some(TermsFrom { from: 2, terms: codex.clone() }));
    // A turn that may have begun is read by who wrote it.
    let writes = apply(&mut run, &on_terms(codex.clone()), Millis(4)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
    assert_eq!(terms_of(&writes), Some(TermsFrom { from: 3, terms: codex.clone() }));
    // One that could not be finished is left, and nothing of it is taken.
    apply(&mut run, &Event::Trouble { reason: "no way to its models".to_owned(), lasting: true }, Millis(5)).unwrap();
    assert_eq!(run.state, RunState::Escalated);
    let writes = apply(&mut run, &on_terms(codex.clone()), Millis(6)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 3));
    assert!(writes.contains(&Write::CloseIteration { number: 2, outcome: Outcome::Neutral }), "{writes:?}");
    assert_eq!(terms_of(&writes), Some(TermsFrom { from: 3, terms: codex }));
    let plain = apply(&mut run, &on_terms(Terms::default()), Millis(7)).unwrap();
    assert_eq!(terms_of(&plain), None);
}

#[test]
fn more_iterations_are_given_with_a_redirect_and_answer_a_budget_that_is_used_up() {
    let more = |iterations| on_terms(Terms { iterations: Some(iterations), ..Terms::default() });
    let mut run = waiting();
    run.budget.iterations = 1;
    run.spent.iterations = 1;
    let mut asked = run.clone();
    apply(&mut asked, &on_terms(Terms::default()), Millis(3)).unwrap();
    assert_eq!(asked.state, RunState::Escalated, "without more there is nothing left to spend");
    asked.question = Some(QuestionId(8));
    let refused = apply(&mut asked.clone(), &on_terms(Terms::default()), Millis(4));
    assert!(matches!(refused, Err(Refused::AnswerFirst { .. })), "{refused:?}");
    let writes = apply(&mut asked, &more(2), Millis(4)).unwrap();
    assert_eq!((asked.state, asked.budget.iterations), (RunState::Developing, 3));
    assert!(writes.contains(&Write::Withdraw { question: QuestionId(8) }));
    apply(&mut run, &more(2), Millis(3)).unwrap();
    assert_eq!((run.state, run.budget.iterations), (RunState::Developing, 3));
    for wrong in [0, 1001] {
        assert!(matches!(apply(&mut waiting(), &more(wrong), Millis(3)), Err(Refused::Incomplete(_))));
    }
}
