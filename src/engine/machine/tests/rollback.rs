//! Where a rollback goes to, and what it leaves as it is.

use super::*;

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
