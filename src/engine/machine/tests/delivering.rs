//! What a green iteration comes to: what is delivered, when, and what has to be settled before.

use super::*;

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
