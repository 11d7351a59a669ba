//! What the console says of what it cannot know, of keys and of texts that do not fit: nothing that is not so.

use super::*;
use crate::console::app::Editing;

fn said(app: &App) -> String {
    app.said.as_ref().map_or_else(String::new, |(words, _)| words.plain())
}

fn shown(app: &mut App) -> String {
    picture(app, 80, 24, LOOK)
}

fn f3(app: &mut App) {
    app.press(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE));
}

#[test]
fn health_says_nothing_is_well_while_no_engine_is_heard() {
    let mut app = busy();
    press(&mut app, "4");
    assert!(shown(&mut app).contains("ok   the database is open"));
    app.now = Millis(NOW.0 + 60_000);
    app.hear(News::Down("the engine closed it".to_owned()));
    insta::assert_snapshot!("health-down", shown(&mut app));
    // Before its first word there is a reason as well, and what is wrong with its log.
    let mut app = App::new(false);
    app.alarm = Some("the audit log is shorter than it was".to_owned());
    app.hear(News::Down("nobody listens at /run/dogwatch.sock".to_owned()));
    press(&mut app, "4");
    let words = shown(&mut app);
    assert!(words.contains("FAIL the audit log is shorter") && words.contains("FAIL nobody listens at"), "{words}");
    assert!(!words.contains("ok ") && !words.contains("is asked"), "{words}");
}

#[test]
fn a_log_that_is_cut_off_is_neither_empty_nor_at_its_end() {
    let mut app = busy();
    app.hear(News::Down("gone".to_owned()));
    let words = picture(&mut app, 120, 36, LOOK);
    assert!(words.contains("cut off: no engine") && !words.contains("follows"), "{words}");
    assert!(words.contains("59 checking"), "what was shown stays: {words}");
    app.orders.clear();
    press(&mut app, "down");
    assert!(matches!(app.orders[..], [Order::Tail(RunId(3), _), ..]), "{:?}", app.orders);
    app.hear(News::TailOver(RunId(3), Some("no engine just now".to_owned())));
    let words = picture(&mut app, 120, 36, LOOK);
    assert!(words.contains("The log cannot be shown: no engine just now"), "{words}");
    assert!(!words.contains("at its end"), "{words}");
    // Once there are lines again nothing is wrong any more.
    app.hear(News::Lines(lines(3, "r3-i3-develop-a1", 0..60, "back")));
    let words = picture(&mut app, 120, 36, LOOK);
    assert!(words.contains("follows") && !words.contains("cut off"), "{words}");
}

#[test]
fn an_engine_that_is_silent_is_told_until_it_says_something() {
    let mut app = busy();
    app.now = Millis(NOW.0 + 12_000);
    app.hear(News::Slow);
    app.now = Millis(NOW.0 + 15_000);
    assert!(app.is_lively());
    insta::assert_snapshot!("silent", picture(&mut app, 120, 24, LOOK));
    press(&mut app, "4");
    let words = shown(&mut app);
    assert!(words.contains("FAIL the engine answers nothing since") && !words.contains("ok "), "{words}");
    app.hear(News::Heard);
    assert!(app.slow.is_none() && shown(&mut app).contains("ok   the database is open"));
}

#[test]
fn a_long_message_is_whole_and_keys_of_a_dialog_stay_in_view() {
    let long = "the engine refuses this, since it is a very long story that goes on and on beyond any line of a terminal, and \
        at its end stands the remedy: run `dogwatch doctor`";
    let mut app = busy();
    app.said = Some((crate::safe!("{}", long), true));
    insta::assert_snapshot!("long-message", shown(&mut app));
    press(&mut app, "X");
    app.said = Some((crate::safe!("{}", long), true));
    let words = shown(&mut app);
    assert!(words.contains("`dogwatch doctor`") && words.contains("enter do it"), "{words}");
    press(&mut app, "w");
    assert!(said(&app).is_empty() && matches!(app.layer, Some(Layer::Edit { what: Editing::Cancel(_), .. })));
}

#[test]
fn what_was_said_last_is_read_again() {
    let mut app = busy();
    f3(&mut app);
    assert!(shown(&mut app).contains("Nothing was said yet"));
    press(&mut app, "esc");
    for number in 0..12 {
        app.now = Millis(NOW.0 + number * 1000);
        app.hear(News::Reply(1000, Ok(Box::new(Reply::Done))));
        app.viewed(Some(crate::safe!("message {}", number)));
    }
    f3(&mut app);
    let words = shown(&mut app);
    assert!(words.contains("message 11") && words.contains("message 2") && !words.contains("message 1 "), "{words}");
}

#[test]
fn bugs_that_are_solved_are_shown_with_the_others_and_marked() {
    let mut app = busy();
    press(&mut app, "3");
    app.orders.clear();
    press(&mut app, "a");
    assert!(asked(&app).contains(&&Request::Bugs { all: true }));
    let gone = Bug { state: BugState::Solved, ..bug(6, "assert 1 == 2") };
    answer(&mut app, |request| match request {
        Request::Bugs { .. } => Some(Reply::Bugs { bugs: vec![gone.clone(), bug(7, "assert 4 == 5")], more: false }),
        _ => None,
    });
    insta::assert_snapshot!("bugs-all", shown(&mut app));
    assert_eq!(app.listed_bugs().iter().map(|bug| bug.id.0).collect::<Vec<_>>(), [7, 6]);
    app.refresh();
    assert!(asked(&app).contains(&&Request::Bugs { all: true }));
    app.orders.clear();
    press(&mut app, "a");
    assert!(asked(&app).contains(&&Request::Bugs { all: false }) || !app.all_bugs);
}

#[test]
fn no_key_acts_on_another_screen_and_no_hint_tells_a_dead_key() {
    for (page, dead) in [("4", "tab pane"), ("4", "z zoom"), ("8", "tab pane"), ("8", "z zoom")] {
        let mut app = busy();
        press(&mut app, page);
        let words = picture(&mut app, 200, 24, LOOK);
        assert!(!words.contains(dead), "{dead} on {page}: {words}");
        press(&mut app, "z");
        assert!(!app.zoom && said(&app).contains("nothing on this screen"), "{}", said(&app));
        press(&mut app, "esc");
        assert_eq!(app.page, Page::Watch);
    }
    let mut app = busy();
    press(&mut app, "3 _");
    press(&mut app, "1");
    assert!(!app.sizes.is_collapsed(Pane::Runs));
    // A run that is selected in the watch is not before anybody's eyes here.
    for page in ["3", "4", "5", "6", "7", "8"] {
        let mut app = busy();
        press(&mut app, page);
        app.orders.clear();
        app.perform(Command::Pause);
        assert!(asked(&app).is_empty() && said(&app).contains("no run is selected on this screen"), "{page}");
    }
    // Beside the log and the bugs of the watch it is.
    for panes in ["tab", "tab tab"] {
        let mut app = busy();
        press(&mut app, panes);
        press(&mut app, "X");
        assert!(matches!(app.layer, Some(Layer::Edit { what: Editing::Cancel(RunId(2)), .. })), "{panes}");
        press(&mut app, "esc r");
        assert!(matches!(app.layer, Some(Layer::Edit { what: Editing::Redirect(RunId(2)), .. })), "{panes}");
    }
    // The log's own keys go first.
    let mut app = busy();
    press(&mut app, "tab w");
    assert!(app.log.wrap);
}

#[test]
fn help_says_how_much_of_it_is_in_view_and_only_its_own_keys_close_it() {
    let mut app = busy();
    press(&mut app, "?");
    let words = shown(&mut app);
    assert!(words.contains("1-19 of "), "{words}");
    press(&mut app, "G");
    let end = shown(&mut app);
    assert!(!end.contains("1-19 of ") && app.layer.is_some(), "{end}");
    // Nothing lies beyond the end, so one key up is seen at once.
    press(&mut app, "j j j k");
    assert_ne!(shown(&mut app), end);
    press(&mut app, "x p");
    assert!(app.layer.is_some() && asked(&app).is_empty());
    press(&mut app, "g");
    assert!(shown(&mut app).contains("1-19 of "));
    for key in ["q", "?", "esc"] {
        let mut app = busy();
        press(&mut app, "?");
        press(&mut app, key);
        assert!(app.layer.is_none() && app.effects.is_empty(), "{key}");
    }
}
