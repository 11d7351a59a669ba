//! Keys, dialogs and what is written in them.

use super::*;
use crate::console::app::{Editing, Effect};
use crate::console::keymap::Keymap;
use crate::domain::{Guidance, GuidanceState, Live, LiveFate};
use crate::protocol::{Fault, FaultCode, GuidanceView, RunDetail};
use std::collections::BTreeMap;

fn later(app: &mut App, milliseconds: i64) {
    app.now = Millis(app.now.0 + milliseconds);
}

fn guidance(number: u32, text: &str, applied_in: Option<u32>) -> Guidance {
    let state = if applied_in.is_some() { GuidanceState::Applied } else { GuidanceState::Accepted };
    Guidance {
        run: RunId(3),
        number,
        by: operator(),
        text: text.to_owned(),
        at: NOW,
        state,
        applied_in,
        live: None,
        terms: None,
    }
}

/// A console in which guidance is written for run 3, which works.
fn writing(text: &str) -> App {
    let mut app = busy();
    press(&mut app, "down r");
    tell(&mut app, &[guidance(1, "Keep the old names.", Some(2))]);
    app.paste(text);
    app
}

/// Answers what run 3 was told before.
fn tell(app: &mut App, told: &[Guidance]) {
    answer(app, |request| match request {
        Request::Run { run: RunId(3) } => Some(Reply::Detail {
            detail: Box::new(RunDetail {
                view: run(3, RunState::Developing, "Fix the rounding of totals"),
                iterations: Vec::new(),
                rounds: Vec::new(),
                suites: Vec::new(),
                findings: Vec::new(),
                gates: Vec::new(),
                guidance: told.to_vec(),
                questions: Vec::new(),
                steps: Vec::new(),
                egress: Vec::new(),
                best: None,
            }),
        }),
        _ => None,
    });
}

/// The number and the text of the redirect that was asked for.
fn redirect(app: &App) -> Option<(u64, &str)> {
    app.orders.iter().find_map(|order| match order {
        Order::Ask(number, Request::Redirect { run: RunId(3), text, .. }) => Some((*number, text.as_str())),
        _ => None,
    })
}

fn told(app: &App, guidance: GuidanceView) -> RunView {
    RunView { guidance: Some(guidance), ..app.runs[&RunId(3)].clone() }
}

fn said(app: &App) -> String {
    app.said.as_ref().map_or_else(String::new, |(words, _)| words.plain())
}

#[test]
fn pictures_of_dialogs() {
    let text = "Use the other parser.\nDo not touch the tests.";
    insta::assert_snapshot!("redirect-120x36", picture(&mut writing(text), 120, 36, LOOK));
    insta::assert_snapshot!("redirect-50x14", picture(&mut writing(text), 50, 14, LOOK));
    let mut app = busy();
    press(&mut app, ": l o g");
    insta::assert_snapshot!("palette", picture(&mut app, 80, 24, LOOK));
    let mut app = busy();
    press(&mut app, "tab _ tab + + > > >");
    insta::assert_snapshot!("resized", picture(&mut app, 120, 36, LOOK));
}

#[test]
fn a_redirect_is_followed_until_a_prompt_has_quoted_it() {
    let mut app = writing("Use the other parser.\nNow.");
    later(&mut app, 400);
    press(&mut app, "enter");
    let (number, text) = redirect(&app).unwrap();
    assert_eq!(text, "Use the other parser.\nNow.");
    assert!(said(&app).ends_with("sent"));
    let now = told(&app, GuidanceView { count: 2, applied: 1, applied_in: Some(2), live: None });
    app.effects.clear();
    app.hear(News::Reply(number, Ok(Box::new(Reply::Run { run: now.clone() }))));
    assert!(said(&app).contains("acknowledged as guidance 2"), "{}", said(&app));
    assert_eq!(app.effects, [Effect::ForgetDraft(RunId(3))]);
    app.hear(News::Changed(Snapshot { cursor: 10, runs: vec![now], questions: Vec::new(), more: false }));
    assert!(said(&app).contains("acknowledged"), "{}", said(&app));
    // The agent at work gets it, which is told once.
    let live = |fate| Some(Live { iteration: 3, step: "r3-i3-develop-a1".to_owned(), at: NOW, fate });
    for (cursor, fate) in [(11, LiveFate::Sending), (12, LiveFate::Delivered)] {
        let now = told(&app, GuidanceView { count: 2, applied: 1, applied_in: Some(2), live: live(fate) });
        app.hear(News::Changed(Snapshot { cursor, runs: vec![now], questions: Vec::new(), more: false }));
    }
    assert!(said(&app).contains("guidance 2 delivered live in iteration 3 at "), "{}", said(&app));
    let now = told(&app, GuidanceView { count: 2, applied: 2, applied_in: Some(4), live: None });
    app.hear(News::Changed(Snapshot { cursor: 13, runs: vec![now], questions: Vec::new(), more: false }));
    assert!(said(&app).contains("guidance 2 applied at iteration 4"), "{}", said(&app));
}

#[test]
fn what_is_written_outlives_its_dialog_and_the_connection_until_it_is_sent() {
    let mut app = writing("Use the other");
    press(&mut app, "! esc");
    assert!(app.layer.is_none() && redirect(&app).is_none());
    assert!(app.effects.contains(&Effect::KeepDraft(RunId(3))) && said(&app).contains("is kept"));
    assert_eq!(app.guiding.draft(RunId(3)), Some("Use the other!"));
    app.hear(News::Down("gone".to_owned()));
    press(&mut app, "r");
    later(&mut app, 400);
    press(&mut app, "enter");
    let (number, text) = redirect(&app).unwrap();
    assert_eq!(text, "Use the other!");
    let fault = Fault { code: FaultCode::Engine, message: "there is no engine just now".to_owned() };
    app.effects.clear();
    app.hear(News::Reply(number, Err(fault)));
    assert_eq!(app.guiding.draft(RunId(3)), Some("Use the other!"));
    assert!(app.effects.is_empty() && said(&app).contains("has your words"), "{}", said(&app));
    // Whoever takes everything out means it.
    press(&mut app, "r");
    for _ in 0..20 {
        app.press(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
    }
    assert!(app.guiding.draft(RunId(3)).is_none() && app.effects.contains(&Effect::ForgetDraft(RunId(3))));
}

#[test]
fn a_draft_from_another_console_is_taken_up_only_where_nothing_is_written() {
    let mut app = busy();
    press(&mut app, "down r");
    assert!(app.effects.contains(&Effect::RecallDraft(RunId(3))));
    app.recalled(RunId(2), "of another run");
    app.recalled(RunId(3), "from before\nthe hang-up");
    app.recalled(RunId(3), "late");
    press(&mut app, "!");
    assert_eq!(app.guiding.draft(RunId(3)), Some("from before\nthe hang-up!"));
}

#[test]
fn a_draft_that_was_sent_by_a_console_that_was_lost_is_not_offered_again() {
    let mut app = busy();
    press(&mut app, "down r");
    app.recalled(RunId(3), "Use the other parser.\n");
    app.effects.clear();
    tell(&mut app, &[guidance(1, "Keep the old names.", Some(2)), guidance(2, "Use the other parser.", None)]);
    assert!(app.guiding.draft(RunId(3)).is_none() && said(&app).contains("sent as guidance 2 already"));
    assert_eq!(app.effects, [Effect::ForgetDraft(RunId(3))]);
    later(&mut app, 400);
    press(&mut app, "enter");
    assert!(redirect(&app).is_none());
}

#[test]
fn a_key_that_is_held_down_never_decides() {
    // The palette is left by enter, and the dialog that it opens would take the same key as a yes.
    let mut app = busy();
    press(&mut app, "2 : a p p r o v e");
    press(&mut app, "enter");
    assert!(matches!(app.layer, Some(Layer::Edit { what: Editing::Answer(..), .. })));
    app.drawn();
    // The first repetition comes late, the others soon.
    later(&mut app, 660);
    for _ in 0..200 {
        press(&mut app, "enter");
        later(&mut app, 30);
    }
    assert!(asked(&app).is_empty());
    later(&mut app, 1200);
    press(&mut app, "enter");
    assert_eq!(asked(&app).len(), 1);
}

#[test]
fn a_dialog_decides_only_once_it_was_on_the_screen() {
    let mut app = busy();
    press(&mut app, "2 y");
    // The link is slow: the frame comes late.
    later(&mut app, 5000);
    app.drawn();
    press(&mut app, "enter");
    assert!(asked(&app).is_empty());
    later(&mut app, 400);
    app.drawn();
    press(&mut app, "enter");
    assert_eq!(asked(&app).len(), 1);
}

#[test]
fn a_paste_is_never_keys() {
    for keys in ["", "2", "tab", "2 y", "r", ":", "?"] {
        let mut app = busy();
        press(&mut app, keys);
        later(&mut app, 10_000);
        let layer = app.layer.is_some();
        for pasted in ["q", "y\n", "\r\n\r\n", "p", "\u{3}", "\u{1b}", ":cancel\n", "X\n\n"] {
            app.paste(pasted);
        }
        assert!(asked(&app).iter().all(|request| matches!(request, Request::Run { .. })), "after `{keys}`");
        assert!(!app.effects.contains(&Effect::Quit) && app.layer.is_some() == layer, "after `{keys}`");
    }
}

#[test]
fn own_keys_are_dispatched_and_told_everywhere() {
    let own: BTreeMap<_, _> = [("pause", vec!["P"]), ("help", vec!["f2"]), ("redirect", vec![]), ("health", vec!["H"])]
        .map(|(name, keys)| (name.to_owned(), keys.iter().map(|key| key.parse().unwrap()).collect()))
        .into();
    let mut app = busy();
    app.keys = Keymap::of(&own);
    press(&mut app, "p r ?");
    assert!(app.layer.is_none() && asked(&app).is_empty());
    let hints = picture(&mut app, 160, 36, LOOK);
    assert!(
        hints.contains(" P pause ")
            && hints.contains("f2 help")
            && hints.contains(" H health")
            && !hints.contains("redirect"),
        "{hints}"
    );
    press(&mut app, "P");
    assert_eq!(asked(&app), [&Request::Pause { run: RunId(2) }]);
    app.press(KeyEvent::new(KeyCode::F(2), KeyModifiers::NONE));
    let help = picture(&mut app, 80, 100, LOOK);
    for line in ["  P                  Freeze the run", "  :redirect          Give the run", "  f2 "] {
        assert!(help.contains(line), "{line}\n{help}");
    }
}

#[test]
fn panes_are_resized_and_none_is_ever_lost() {
    for (columns, rows) in [(200, 50), (120, 36), (80, 24), (60, 18), (40, 10)] {
        for keys in ["> > > > > > > > > > > > > > > > > > > >", "<", "+", "-", "_", "tab _ tab _ tab _ tab _"] {
            let mut app = busy();
            let shown = |app: &App| view::arrange(app, Rect::new(0, 0, columns, rows));
            let before = shown(&app).panes.len();
            for _ in 0..40 {
                press(&mut app, keys);
            }
            let places = shown(&app);
            assert_eq!(places.panes.len(), before);
            for (pane, area) in &places.panes {
                assert!(
                    area.height >= 1 && area.width >= 20 && places.page.union(*area) == places.page,
                    "{pane:?} {area:?}"
                );
            }
            let cells: u32 = places.panes.iter().map(|(_, area)| area.area()).sum();
            let between = places.between.map_or(0, Rect::area);
            assert_eq!(cells + between, places.page.area(), "{columns}x{rows} {keys}");
            press(&mut app, "=");
            assert_eq!(shown(&app), shown(&busy_at(app.pane)));
        }
    }
}

fn busy_at(pane: Pane) -> App {
    let mut app = busy();
    app.pane = pane;
    app
}
