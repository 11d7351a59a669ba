//! Stopping models, and what says that they are stopped.

use super::*;
use crate::domain::ModelStop;
use crate::protocol::{ProviderFault, ProviderView, StoppedModels};

#[test]
fn models_are_stopped_and_started_by_a_dialog_that_was_seen() {
    let mut app = busy();
    app.perform(Command::StopModels);
    press(&mut app, "enter");
    assert!(app.layer.is_some(), "enter came before it could be read");
    press(&mut app, "x y");
    app.now = Millis(NOW.0 + 400);
    app.orders.clear();
    press(&mut app, "enter");
    assert_eq!(asked(&app), [&Request::StopModels { project: None, reason: "xy".to_owned() }]);
    // By its name, as every command.
    app.orders.clear();
    press(&mut app, ": s t a r t - m o enter");
    app.now = Millis(NOW.0 + 2_000);
    press(&mut app, "enter");
    assert_eq!(asked(&app), [&Request::StartModels { project: None }]);
    let mut app = busy();
    app.read_only = true;
    app.perform(Command::StopModels);
    assert!(app.layer.is_none() && app.said.is_some());
}

#[test]
fn pictures_of_stopped_models() {
    let mut app = busy();
    let mut by = operator();
    if let Actor::Operator { name, .. } = &mut by {
        "ada\u{1b}[31m".clone_into(name);
    }
    let stop = ModelStop { by, reason: "the bill\u{202e}".to_owned(), at: Millis(NOW.0 - 60_000) };
    let fault = ProviderFault { why: "it answered with status 529".to_owned(), failures: 3, left: 17_000 };
    let provider =
        ProviderView { name: "anthropic".to_owned(), api: crate::domain::ModelApi::Anthropic, fault: Some(fault) };
    let mut status = status();
    status.stopped = vec![
        StoppedModels { project: None, stop: stop.clone() },
        StoppedModels { project: Some("shop".to_owned()), stop },
    ];
    status.providers = vec![provider];
    app.status = Some(status);
    press(&mut app, "4");
    insta::assert_snapshot!("stopped-health", picture(&mut app, 100, 24, LOOK));
    app.perform(Command::StartModels);
    insta::assert_snapshot!("stopped-start", picture(&mut app, 80, 24, LOOK));
}

#[test]
fn a_configuration_that_does_not_count_yet_is_told() {
    let mut app = busy();
    let mut status = status();
    status.stale = Some("/etc/dogwatch/config.toml was changed after this engine's start".to_owned());
    app.status = Some(status);
    press(&mut app, "4");
    let seen = picture(&mut app, 120, 24, LOOK);
    assert!(
        seen.contains("CONFIG CHANGED, see health") && seen.contains("FAIL /etc/dogwatch/config.toml was changed"),
        "{seen}"
    );
}
