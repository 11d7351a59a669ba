//! What caps do: a run that reaches one asks, and an answer raises it once.

use super::*;

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
fn a_question_about_the_budget_says_what_the_last_iteration_came_to() {
    let mut events = base_tested();
    (0..2).for_each(|_| events.extend(round(Judgement::Red)));
    events.extend(round(Judgement::Red).into_iter().take(4));
    let writes = apply(&mut after(&events), &gated(Judgement::Red), Millis(2)).unwrap();
    let facts = writes.iter().find_map(|w| if let Write::Ask { facts, .. } = w { Some(facts.clone()) } else { None });
    assert_eq!(facts.unwrap()[2..], ["iteration 3 is red:".to_owned(), "why".to_owned()]);
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
