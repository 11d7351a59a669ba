//! Runs that only test: they end with their first tests, and no agent is ever let in.

use super::*;

/// A run that only tests, after these events.
fn tested(events: &[Event]) -> Run {
    let origin = Origin::Schedule { schedule: ScheduleId(1), due: Millis(0), suites: Vec::new() };
    let budget = Budget { iterations: 0, ..Budget::default() };
    let mut run = Run { origin, budget, ..queued() };
    for event in events {
        apply(&mut run, event, Millis(1)).unwrap();
    }
    run
}

fn to_gates() -> Vec<Event> {
    let gathered = Event::Gathered { tests: (3, 0, 0), disagrees: Vec::new() };
    vec![
        Event::Admitted,
        image(),
        Event::Tested { milliseconds: 5 },
        gathered,
        Event::Analysed { suspicions: Vec::new() },
    ]
}

#[test]
fn it_ends_by_its_tests_and_needs_no_iteration() {
    let of = |judgement| tested(&[to_gates(), vec![gated(judgement)]].concat());
    let green = of(Judgement::Green);
    assert_eq!((green.state, green.iteration, green.spent.iterations), (RunState::Succeeded, 0, 0));
    assert_eq!(green.reason, "why");
    assert_eq!(of(Judgement::Red).state, RunState::Failed);
    let unclear = of(Judgement::NeedsPerson);
    assert_eq!((unclear.state, unclear.reason.as_str()), (RunState::Failed, "no clear result: why"));
    assert_eq!(unclear.question, None, "nobody is asked");
}

#[test]
fn its_iteration_keeps_what_its_tests_came_to() {
    let mut run = tested(&to_gates());
    let writes = apply(&mut run, &gated(Judgement::Red), Millis(2)).unwrap();
    let first = writes.iter().find_map(|write| match write {
        Write::CloseIteration { number, outcome } => Some((*number, *outcome)),
        _ => None,
    });
    assert_eq!(first, Some((0, Outcome::Red)));
    assert!(!writes.iter().any(|write| matches!(write, Write::OpenIteration { .. } | Write::Ask { .. })), "{writes:?}");
}

#[test]
fn it_is_paused_and_cancelled_like_any_but_has_nobody_to_redirect() {
    let mut run = tested(&to_gates());
    let redirect = Event::Redirect { by: operator(), text: "try".to_owned(), criteria: None, terms: Terms::default() };
    let refused = step(&run, &redirect, Millis(2)).unwrap_err().to_string();
    assert!(refused.contains("only tests"), "{refused}");
    apply(&mut run, &Event::Pause { by: operator() }, Millis(2)).unwrap();
    apply(&mut run, &Event::Resume { by: operator() }, Millis(3)).unwrap();
    assert_eq!((run.state, work(&run, Millis(3))), (RunState::Gating, Work::Gate));
    apply(&mut run, &Event::Cancel { by: operator(), reason: "no".to_owned() }, Millis(4)).unwrap();
    apply(&mut run, &Event::Cleaned, Millis(5)).unwrap();
    assert_eq!(run.state, RunState::Cancelled);
}

#[test]
fn tests_in_doubt_run_a_second_time_here_as_well() {
    let run = tested(&[Event::Admitted, image(), Event::Tested { milliseconds: 5 }]);
    let doubted = Event::Doubted { suites: vec!["unit".to_owned()], attempt: 2 };
    let again = step(&run, &doubted, Millis(1)).unwrap().run;
    assert_eq!((again.state, again.attempt), (RunState::Testing, 2));
}
