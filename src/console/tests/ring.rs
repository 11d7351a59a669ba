//! When the terminal calls somebody: for what is new alone, and not again and again.

use super::*;
use crate::console::app::Effect;

const NONE: [usize; 0] = [];

fn calls(app: &mut App) -> Vec<usize> {
    let effects = std::mem::take(&mut app.effects);
    effects.iter().filter_map(|one| if let Effect::Ring(waiting) = one { Some(*waiting) } else { None }).collect()
}

fn changed(app: &mut App, questions: Vec<Question>) {
    app.hear(News::Changed(Snapshot { cursor: 10, runs: Vec::new(), questions, more: false }));
}

fn answered(id: i64) -> Question {
    Question { state: QuestionState::Answered, ..question(id, 2) }
}

#[test]
fn what_waits_already_calls_nobody_and_what_is_new_calls_once() {
    let mut app = busy();
    assert_eq!(calls(&mut app), NONE, "it waited before this console was opened");
    changed(&mut app, vec![question(1, 2)]);
    assert_eq!(calls(&mut app), NONE, "it is the same still");
    changed(&mut app, vec![question(2, 3)]);
    assert_eq!(calls(&mut app), [2]);
    // A flood is one call, and one more when it is over.
    for id in 3..500 {
        app.now = Millis(app.now.0 + 50);
        changed(&mut app, vec![question(id, 3)]);
    }
    assert_eq!(calls(&mut app), NONE);
    assert!(app.owes_a_ring());
    app.now = Millis(app.now.0 + 30_000);
    app.ring_when_due();
    assert_eq!(calls(&mut app), [499]);
    app.ring_when_due();
    assert!(calls(&mut app).is_empty() && !app.owes_a_ring());
}

#[test]
fn nobody_is_called_to_what_waits_no_more() {
    let mut app = busy();
    changed(&mut app, vec![question(2, 3)]);
    changed(&mut app, vec![question(3, 3)]);
    assert_eq!(calls(&mut app), [2]);
    changed(&mut app, vec![answered(1), answered(2), answered(3)]);
    app.now = Millis(app.now.0 + 60_000);
    app.ring_when_due();
    assert!(calls(&mut app).is_empty() && !app.owes_a_ring());
    // What is settled before it is seen calls nobody either.
    changed(&mut app, vec![answered(4)]);
    assert_eq!(calls(&mut app), NONE);
}

#[test]
fn a_lost_connection_is_no_news_and_what_came_meanwhile_is() {
    let mut app = busy();
    app.hear(News::Down("gone".to_owned()));
    let welcome = |instance: &str| Welcome {
        protocol: 3,
        engine: "dogwatch 0.1.0".to_owned(),
        instance: instance.to_owned(),
        you: operator(),
    };
    app.hear(News::Up(welcome("abcdef12")));
    app.hear(News::Snapshot(Snapshot { cursor: 9, runs: Vec::new(), questions: vec![question(1, 2)], more: false }));
    assert_eq!(calls(&mut app), NONE);
    app.hear(News::Up(welcome("abcdef12")));
    app.hear(News::Snapshot(Snapshot {
        cursor: 12,
        runs: Vec::new(),
        questions: vec![question(1, 2), question(5, 2)],
        more: false,
    }));
    assert_eq!(calls(&mut app), [2]);
    // Another engine counts its questions for itself.
    app.now = Millis(app.now.0 + 60_000);
    app.hear(News::Up(welcome("12345678")));
    app.hear(News::Snapshot(Snapshot { cursor: 12, runs: Vec::new(), questions: vec![question(70, 2)], more: false }));
    assert_eq!(calls(&mut app), NONE);
}
