//! Stopping what runs: what the screens say, and what it takes.

use super::*;
use crate::domain::Stop;

fn running() -> Proposal {
    let mut one = proposal(false, usual());
    (one.state, one.execution) = (State::Running, Some(ExecutionId::new([7; 32])));
    one
}

#[test]
fn what_runs_is_stopped_with_a_reason_and_nothing_else_is() {
    let mut app = opened(&detail(running()));
    let field = |app: &mut App, text: &str| {
        press(app, "s");
        frame(app, 80, 24);
        app.now = Millis(app.now.0 + 500);
        type_in(app, text);
        press(app, "enter");
        let sent: Vec<Verdict> = decided(app).into_iter().cloned().collect();
        app.orders.clear();
        give_up(app);
        sent
    };
    assert_eq!(field(&mut app, " "), []);
    let reason = "it restarts the wrong shop".to_owned();
    assert_eq!(field(&mut app, &reason), [Verdict::Stop { reason }]);
    // A key that is held, or was pressed before the field was on the screen, stops nothing.
    press(&mut app, "s");
    type_in(&mut app, "x");
    press(&mut app, "enter");
    assert!(decided(&app).is_empty());
    for state in State::ALL {
        let mut one = running();
        one.state = state;
        let mut app = opened(&detail(one));
        press(&mut app, "s");
        assert_eq!(app.layer.is_some(), state.is_under_way(), "{state:?}");
    }
    let mut asked = running();
    asked.stop = Some(stop(None));
    let mut app = opened(&detail(asked));
    press(&mut app, "s");
    assert!(app.layer.is_none() && app.said.is_some());
}

fn stop(told: Option<&str>) -> Stop {
    let reason = "it restarts the \u{1b}[31mwrong shop".to_owned();
    Stop { by: fixtures::person(2000, Some(2000)), reason, at: fixtures::at(0), told: told.map(str::to_owned) }
}

#[test]
fn the_screens_say_that_it_can_be_stopped_that_it_is_and_how_it_ended() {
    for (columns, rows) in [(80, 24), (120, 36)] {
        let mut app = opened(&detail(running()));
        insta::assert_snapshot!(format!("running-{columns}x{rows}"), picture(&mut app, columns, rows, LOOK));
        press(&mut app, "s");
        insta::assert_snapshot!(format!("stop-{columns}x{rows}"), picture(&mut app, columns, rows, LOOK));
        let mut one = running();
        one.stop = Some(stop(None));
        let text = picture(&mut opened(&detail(one.clone())), columns, rows, LOOK);
        assert!(text.contains("a stop is on its way"), "{text}");
        (one.state, one.outcome) = (State::Failed, Some(ExecutionOutcome::Ran { code: 143 }));
        one.stop = Some(stop(Some("it is over and ended with 143")));
        insta::assert_snapshot!(
            format!("stopped-{columns}x{rows}"),
            picture(&mut opened(&detail(one)), columns, rows, LOOK)
        );
    }
}
