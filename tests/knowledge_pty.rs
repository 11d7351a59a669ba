//! What is wanted, scheduled and taught, on the console's own screen in a real terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use dogwatch::audit::AuditEvent;
use dogwatch::domain::{Actor, Feature, FeatureId, LessonOrigin, Millis, Schedule, ScheduleId, Timing};
use support::bare::Bare;
use support::console::Console;
use support::filled::store;

/// A project with one of each.
fn fill(bare: &Bare) {
    let stored = store(bare).write_sync(|tx| {
        let project = tx.insert_project("shop", "/nowhere")?.id;
        let (by, zero) = (Actor::operator(1000, "ada"), Millis(0));
        tx.insert_feature(&Feature {
            id: FeatureId(0),
            project,
            title: "Refunds in the shop".to_owned(),
            text: "People ask for their money back.".to_owned(),
            criteria: vec!["within a day".to_owned()],
            notes: String::new(),
            by: by.clone(),
            added: zero,
            changed: zero,
            version: 0,
            closed: None,
        })?;
        tx.insert_schedule(&Schedule {
            id: ScheduleId(0),
            project,
            suites: vec!["unit".to_owned()],
            revision: None,
            timing: Timing::Cron { expression: "0 3 * * *".to_owned() },
            by: by.clone(),
            added: zero,
            paused: true,
            next: None,
        })?;
        tx.insert_lesson(project, "never touch the schema", &LessonOrigin::Operator { by })?;
        tx.record(AuditEvent::new(Actor::Engine, "test").project(project)).map(drop)
    });
    stored.unwrap();
}

#[test]
fn it_is_listed_read_and_told_anew() {
    let bare = Bare::new();
    fill(&bare);
    let _engine = bare.start();
    let mut console = Console::start(&bare, &["watch"], 36, 120);
    console.wait_for("watch");
    console.type_keys("7");
    for words in ["Knowledge 3", "Refunds in the shop", "never touch the schema", "suite unit", "1. within a day"] {
        console.wait_for(words);
    }
    console.type_keys("j");
    console.wait_for("it was not due yet");
    console.type_keys("j");
    console.wait_for("the next prompt of the project's runs quotes it");
    // What others change meanwhile is there when the screen is asked for again.
    bare.cmd(&["feature", "close", "f1", "--reason", "nobody wants it"]);
    console.type_keys("7g");
    console.wait_for("nobody wants it");
    console.type_keys("/refunds\r");
    console.wait_for("Knowledge 1 of 3 /refunds");
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
}
