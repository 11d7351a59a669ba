//! What is written in dialogs is never lost: by leaving, by a mistake, by a refusal, or by what somebody else did meanwhile.

use super::*;
use crate::console::app::Editing;
use crate::domain::Answer;
use crate::protocol::{Fault, FaultCode};

fn said(app: &App) -> String {
    app.said.as_ref().map_or_else(String::new, |(words, _)| words.plain())
}

fn later(app: &mut App) {
    app.now = Millis(app.now.0 + 2_000);
}

/// What stands in the field.
fn field(app: &App) -> String {
    match &app.layer {
        Some(Layer::Edit { text, .. }) => text.lines().join("\n"),
        other => panic!("{other:?}"),
    }
}

/// Answers the newest order of a person.
fn refuse(app: &mut App) {
    let number = app.orders.iter().rev().find_map(|order| match order {
        Order::Ask(number, _) => Some(*number),
        _ => None,
    });
    let fault = Fault { code: FaultCode::Engine, message: "there is no engine just now".to_owned() };
    app.hear(News::Reply(number.unwrap(), Err(fault)));
}

#[test]
fn every_dialog_with_words_has_them_again_after_it_was_left() {
    for (open, what) in [
        ("X", Editing::Cancel(RunId(2))),
        ("A", Editing::Reassign(RunId(2))),
        ("I", Editing::Extend(RunId(2))),
        ("M", Editing::Criteria(RunId(2))),
        ("2 n", Editing::Answer(QuestionId(1), false)),
        ("2 y", Editing::Answer(QuestionId(1), true)),
    ] {
        let mut app = busy();
        press(&mut app, open);
        press(&mut app, "w o r d s");
        press(&mut app, "esc");
        let key = open.split(' ').next_back().unwrap();
        assert!(app.layer.is_none());
        assert_eq!(said(&app), format!("nothing was sent; what you wrote is kept, `{key}` opens it again"));
        press(&mut app, key);
        assert!(matches!(&app.layer, Some(Layer::Edit { what: now, .. }) if *now == what), "{open}");
        assert_eq!(field(&app), "words", "{open}");
        // Another dialog has none of it.
        press(&mut app, "esc 1 down X");
        assert_eq!(field(&app), "", "{open}");
    }
}

#[test]
fn what_was_not_written_is_not_kept_and_what_was_taken_out_is_gone() {
    let mut app = busy();
    press(&mut app, "X esc");
    assert!(said(&app).is_empty(), "{}", said(&app));
    press(&mut app, "X w esc X");
    app.press(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
    press(&mut app, "esc X");
    assert_eq!(field(&app), "");
}

#[test]
fn a_field_that_cannot_be_sent_stays_open_with_its_words() {
    for (open, text, why) in [
        ("I", "many", "no number from 1 to 1000"),
        ("A", "one two three", "does not fit"),
        ("2 n", "", "a no needs a reason"),
        ("tab /", "~(", "("),
    ] {
        let mut app = busy();
        press(&mut app, open);
        app.orders.clear();
        app.paste(text);
        later(&mut app);
        press(&mut app, "enter");
        assert!(said(&app).contains(why), "{open}: {}", said(&app));
        assert_eq!(field(&app), text, "{open}");
        assert!(asked(&app).is_empty(), "{open}");
        // The words go with the next key, and the field goes on.
        press(&mut app, "5");
        assert!(said(&app).is_empty() && field(&app) == format!("{text}5"), "{open}");
    }
}

#[test]
fn a_refusal_names_the_key_that_has_the_words_and_only_an_answer_forgets_them() {
    let mut app = busy();
    press(&mut app, "X");
    app.paste("it is in the way");
    later(&mut app);
    app.orders.clear();
    press(&mut app, "enter");
    assert!(app.layer.is_none() && said(&app) == "cancel r2: sent");
    refuse(&mut app);
    assert_eq!(said(&app), "cancel r2: there is no engine just now; `X` has your words");
    press(&mut app, "X");
    assert_eq!(field(&app), "it is in the way");
    later(&mut app);
    press(&mut app, "enter");
    answer(&mut app, |request| matches!(request, Request::Cancel { .. }).then_some(Reply::Done));
    press(&mut app, "X");
    assert_eq!(field(&app), "");
}

#[test]
fn a_question_that_somebody_else_answered_keeps_its_facts_and_takes_no_answer() {
    let gone = |approve: Option<bool>| Question {
        state: if approve.is_some() { QuestionState::Answered } else { QuestionState::Withdrawn },
        answer: approve.map(|approve| Answer {
            approve,
            reason: "seen".to_owned(),
            by: Actor::operator(1001, "bob"),
            at: NOW,
        }),
        ..question(1, 2)
    };
    for (now, words) in [
        (gone(Some(true)), "q1 was answered by bob meanwhile: YES"),
        (gone(Some(false)), "q1 was answered by bob meanwhile: NO"),
        (gone(None), "q1 was withdrawn meanwhile"),
    ] {
        let mut app = busy();
        press(&mut app, "2 n");
        app.paste("they are needed");
        later(&mut app);
        app.hear(News::Changed(Snapshot { cursor: 10, runs: Vec::new(), questions: vec![now], more: false }));
        let shown = picture(&mut app, 100, 24, LOOK);
        assert!(shown.contains(words) && shown.contains("test_add is gone"), "{shown}");
        app.orders.clear();
        press(&mut app, "enter");
        assert!(asked(&app).is_empty() && said(&app).contains(words), "{}", said(&app));
        assert_eq!(field(&app), "they are needed");
    }
    // After a new snapshot nobody tells what became of it.
    let mut app = busy();
    press(&mut app, "2 y");
    app.hear(News::Snapshot(Snapshot { cursor: 10, ..Snapshot::default() }));
    insta::assert_snapshot!("answered-elsewhere", picture(&mut app, 80, 24, LOOK));
    later(&mut app);
    app.orders.clear();
    press(&mut app, "enter");
    assert!(asked(&app).is_empty());
}

#[test]
fn lines_of_criteria_are_seen_and_those_that_are_not_are_counted() {
    let mut app = busy();
    let criteria: Vec<String> = (1..=18).map(|number| format!("criterion {number}")).collect();
    app.runs.get_mut(&RunId(2)).unwrap().run.criteria = criteria;
    press(&mut app, "M");
    insta::assert_snapshot!("criteria", picture(&mut app, 80, 24, LOOK));
    for _ in 0..17 {
        app.press(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE));
    }
    let shown = picture(&mut app, 80, 24, LOOK);
    assert!(shown.contains("17 lines below") || shown.contains(" below"), "{shown}");
}

#[test]
fn what_is_left_out_of_lists_is_said_and_nothing_is_claimed_of_it() {
    let mut app = busy();
    let over: Vec<RunView> = (10..14).map(|id| run(id, RunState::Succeeded, "x")).collect();
    app.hear(News::Snapshot(Snapshot { cursor: 9, runs: over, questions: Vec::new(), more: true }));
    let shown = picture(&mut app, 120, 36, LOOK);
    assert!(shown.contains("More than 4 are over: `a` shows the newest."), "{shown}");
    press(&mut app, "a");
    let shown = picture(&mut app, 120, 36, LOOK);
    assert!(shown.contains("Runs 4, older ones left out"), "{shown}");
    app.stale = false;
    app.refresh();
    answer(&mut app, |request| match request {
        Request::Bugs { .. } => Some(Reply::Bugs { bugs: vec![bug(7, "x")], more: true }),
        Request::Proposals { .. } => Some(Reply::Proposals { proposals: Vec::new(), more: true }),
        _ => None,
    });
    let shown = picture(&mut app, 120, 36, LOOK);
    assert!(shown.contains("Bugs 1, older ones left out"), "{shown}");
    // What is filtered is measured by what would be listed without.
    let mut app = busy();
    press(&mut app, "/ r 2");
    assert!(picture(&mut app, 120, 36, LOOK).contains("Runs 1 of 3 /r2"));
}
