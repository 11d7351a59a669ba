//! What clicks select, what hints leave out, and how wide screens are used.

use super::screens::on_run;
use super::*;
use crate::console::app::Spot;

/// Clicks where a text is first shown; gives what was there.
fn click_on(app: &mut App, (columns, rows): (u16, u16), text: &str) -> Option<Spot> {
    let shown = picture(app, columns, rows, LOOK);
    let row = shown.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in\n{shown}"));
    let line = shown.lines().nth(row).unwrap();
    let column = line.split(text).next().unwrap().chars().count();
    let screen = Rect::new(0, 0, columns, rows);
    let spot = view::hit(app, screen, u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    app.click(spot);
    spot
}

#[test]
fn a_click_selects_a_row_of_every_list() {
    for size in [(80, 24), (120, 36), (200, 50)] {
        let mut app = busy();
        assert_eq!(click_on(&mut app, size, "r3 "), Some(Spot::Pane(Pane::Runs, Some(1))));
        assert_eq!((app.pane, app.run), (Pane::Runs, Some(RunId(3))));
        click_on(&mut app, size, "b8 ");
        assert_eq!((app.pane, app.bug), (Pane::Bugs, Some(BugId(8))));
        click_on(&mut app, size, "Approvals");
        assert_eq!(app.pane, Pane::Questions);
        press(&mut app, "3");
        click_on(&mut app, size, "b7 ");
        assert_eq!(app.bug, Some(BugId(7)));
        click_on(&mut app, size, "first seen");
        assert!(app.reading.inside);
        let mut app = on_run("");
        click_on(&mut app, size, "checkpoint");
        assert_eq!(app.one.iteration().map(|one| one.number), Some(4));
        click_on(&mut app, size, "neutral");
        assert_eq!(app.one.iteration().map(|one| one.number), Some(2));
        assert!(!app.reading.inside);
    }
}

#[test]
fn a_click_reaches_nothing_below_a_dialog() {
    let mut app = busy();
    press(&mut app, "?");
    app.click(Some(Spot::Pane(Pane::Bugs, Some(0))));
    assert_eq!(app.pane, Pane::Runs);
}

#[test]
fn hints_keep_the_help_and_cut_no_word() {
    for columns in 40..200 {
        for keys in ["", "tab", "tab tab", "2", "3", "4", "5", "r", "?", "2 y"] {
            let mut app = busy();
            press(&mut app, keys);
            let shown = picture(&mut app, columns, 24, LOOK);
            let hints = shown.lines().nth(23).unwrap();
            let wanted = if app.layer.is_some() { "esc " } else { "? help" };
            assert!(hints.contains(wanted), "{columns} {keys}: {hints}");
            assert!(!hints.contains('~'), "{columns} {keys}: {hints}");
        }
    }
}

#[test]
fn what_waits_is_told_on_narrow_screens_too() {
    for columns in 44..200 {
        let shown = picture(&mut busy(), columns, 24, LOOK);
        let top = shown.lines().next().unwrap();
        assert!(top.contains("1 watch") && top.contains("1 waiting for you"), "{columns}: {top}");
    }
}

#[test]
fn a_wide_screen_has_the_text_beside_its_list() {
    insta::assert_snapshot!("run-200x50", picture(&mut on_run("k"), 200, 50, LOOK));
    let mut app = busy();
    press(&mut app, "?");
    insta::assert_snapshot!("help-200x50", picture(&mut app, 200, 50, LOOK));
}

#[test]
fn the_first_steps_fit_a_usual_screen_and_their_own_keys_close_them() {
    let mut app = busy();
    press(&mut app, "f2");
    let shown = picture(&mut app, 80, 24, LOOK);
    insta::assert_snapshot!("tour-80x24", shown);
    assert!(shown.contains("nothing is lost"), "{shown}");
    // A small screen has the rest below.
    assert!(!picture(&mut app, 60, 15, LOOK).contains("nothing is lost"));
    press(&mut app, "pgdn pgdn");
    assert!(picture(&mut app, 60, 15, LOOK).contains("nothing is lost"));
    // It decides nothing: the key that closes it does no more than that.
    press(&mut app, "q");
    assert!(app.layer.is_none() && app.effects.is_empty(), "{:?}", app.effects);
    press(&mut app, ": t o u r enter");
    assert!(picture(&mut app, 80, 24, LOOK).contains("First steps"));
}

#[test]
fn the_queue_is_listed_in_its_order_and_the_rest_from_the_newest() {
    let mut app = busy();
    app.runs.clear();
    let queued = |id, priority, since| {
        let mut view = run(id, RunState::Queued, "wait");
        (view.run.priority, view.run.waits_since) = (priority, Millis(since));
        view
    };
    let views = [
        run(1, RunState::Testing, "work"),
        run(2, RunState::Testing, "work"),
        queued(3, Priority::Normal, 20),
        queued(4, Priority::Low, 5),
        queued(5, Priority::High, 30),
        queued(6, Priority::Normal, 10),
        run(7, RunState::Escalated, "ask"),
    ];
    app.runs.extend(views.map(|view| (view.run.id, view)));
    let listed: Vec<i64> = app.listed().iter().map(|view| view.run.id.0).collect();
    assert_eq!(listed, [7, 2, 1, 5, 6, 3, 4]);
}
