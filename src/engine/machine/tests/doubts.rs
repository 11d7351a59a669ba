//! Results that are doubted: suites run a second time on the same tree, once in an iteration.

use super::*;

fn doubted(attempt: u32) -> Event {
    Event::Doubted { suites: vec!["unit".to_owned()], attempt }
}

#[test]
fn a_result_that_is_doubted_is_tested_again_once_on_the_same_tree() {
    let mut events = base_tested();
    events.extend(round(Judgement::Red).into_iter().take(2));
    let mut run = after(&events);
    let head = run.head.clone();
    let writes = apply(&mut run, &doubted(3), Millis(2)).unwrap();
    assert!(writes.contains(&Write::Rerun { suites: vec!["unit".to_owned()] }), "{writes:?}");
    assert_eq!((run.state, run.attempt, run.iteration, &run.head), (RunState::Testing, 3, 1, &head));
    assert_eq!(run.rerun, Some(Rerun { suites: vec!["unit".to_owned()], from: 3 }));
    assert_eq!(work(&run, Millis(2)), Work::Test);
    // A container that is lost meanwhile does not take the run back to the names of the first time.
    apply(&mut run, &Event::StepLost { reason: "gone".to_owned(), explained: true }, Millis(2)).unwrap();
    assert_eq!(run.attempt, 4);
    let writes = apply(&mut run, &Event::Tested { milliseconds: 5 }, Millis(2)).unwrap();
    assert!(writes.iter().any(|write| matches!(write, Write::Use { left: Left::Tests, .. })), "{writes:?}");
    assert_eq!(run.state, RunState::Gathering);
    let refused = Err(Refused::NotNow { event: "doubted", state: RunState::Gathering });
    assert_eq!(apply(&mut run, &doubted(5), Millis(2)), refused);
    let writes = apply(&mut run, &gathered(), Millis(2)).unwrap();
    let disagrees = vec!["unit: a".to_owned()];
    assert!(writes.contains(&Write::Counts { tests: (1, 1, 0), disagrees }), "{writes:?}");
    assert!(writes.iter().any(|write| matches!(write, Write::Use { left: Left::Gates, .. })), "{writes:?}");
    assert_eq!((run.state, run.rerun, run.attempt), (RunState::Analysing, None, 1));
}

#[test]
fn whoever_goes_back_or_goes_on_leaves_the_second_time_behind() {
    let mut run = after(&base_tested());
    for event in [ended(), Event::Tested { milliseconds: 1 }, doubted(2)] {
        apply(&mut run, &event, Millis(2)).unwrap();
    }
    let back = Event::Rollback { by: operator(), iteration: 0, commit: "b".repeat(40) };
    apply(&mut run, &back, Millis(2)).unwrap();
    assert_eq!((run.state, run.rerun), (RunState::Developing, None));
}

#[test]
fn a_pause_does_not_forget_the_second_time() {
    let mut run = after(&[Event::Admitted, image(), Event::Tested { milliseconds: 1 }, doubted(2)]);
    apply(&mut run, &Event::Pause { by: operator() }, Millis(2)).unwrap();
    apply(&mut run, &Event::Resume { by: operator() }, Millis(2)).unwrap();
    assert_eq!((run.state, run.attempt, run.iteration), (RunState::Testing, 2, 0));
    assert!(run.rerun.is_some());
}
