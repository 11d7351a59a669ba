//! The screens of one run, of bugs, approvals and the audit log: pictures, and what keys do there.

use super::served::{detail, iteration, served};
use super::*;
use crate::console::app::{List, Tab};
use crate::domain::{AuditPage, AuditRecord, Measure, Reached, Scope};
use crate::protocol::{Fault, FaultCode};

/// A console on the screen of run 3.
pub(super) fn on_run(keys: &str) -> App {
    let mut app = busy();
    press(&mut app, "j enter");
    served(&mut app, "Totals are rounded wrongly");
    press(&mut app, keys);
    served(&mut app, "Totals are rounded wrongly");
    app
}

#[test]
fn pictures_of_one_run() {
    insta::assert_snapshot!("run-findings-120x36", picture(&mut on_run("k"), 120, 36, LOOK));
    insta::assert_snapshot!("run-findings-80x24", picture(&mut on_run("k"), 80, 24, LOOK));
    insta::assert_snapshot!("run-mono", picture(&mut on_run("k"), 80, 24, Look { colour: false, unicode: false }));
    insta::assert_snapshot!("run-diff", picture(&mut on_run("k ] tab"), 80, 24, LOOK));
    insta::assert_snapshot!("run-verdict", picture(&mut on_run("k ] ]"), 80, 24, LOOK));
    insta::assert_snapshot!("run-prompt", picture(&mut on_run("k ] ] ]"), 80, 24, LOOK));
    insta::assert_snapshot!("run-guidance", picture(&mut on_run("[ ["), 80, 24, LOOK));
    insta::assert_snapshot!("run-task", picture(&mut on_run("[ tab z"), 80, 24, LOOK));
    insta::assert_snapshot!("run-rollback", picture(&mut on_run("k k k b"), 80, 24, LOOK));
}

#[test]
fn pictures_of_bugs_approvals_and_audit() {
    let mut app = busy();
    press(&mut app, "3 enter");
    served(&mut app, "assert 4 == 5");
    insta::assert_snapshot!("bug", picture(&mut app, 120, 36, LOOK));
    insta::assert_snapshot!("bug-mono", picture(&mut app, 80, 24, Look { colour: false, unicode: false }));
    press(&mut app, "2");
    insta::assert_snapshot!("approvals-120x36", picture(&mut app, 120, 36, LOOK));
    insta::assert_snapshot!("approvals-mono", picture(&mut app, 80, 24, Look { colour: false, unicode: false }));
    press(&mut app, "5");
    served(&mut app, "was \u{1b}[31m red");
    insta::assert_snapshot!("audit-80x24", picture(&mut app, 80, 24, LOOK));
    insta::assert_snapshot!("audit-120x36", picture(&mut app, 120, 36, LOOK));
    press(&mut app, "j j tab");
    insta::assert_snapshot!("audit-mono", picture(&mut app, 80, 24, Look { colour: false, unicode: false }));
    press(&mut app, "2 y");
    insta::assert_snapshot!("answer", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "esc / z z");
    insta::assert_snapshot!("filter", picture(&mut app, 80, 24, LOOK));
}

#[test]
fn what_is_not_there_yet_is_said_and_asked_for_once() {
    let mut app = busy();
    press(&mut app, "enter");
    assert!(picture(&mut app, 80, 24, LOOK).contains("The engine is asked for r2."));
    picture(&mut app, 80, 24, LOOK);
    assert_eq!(asked(&app), [&Request::Run { run: RunId(2) }]);
    let mut empty = App::new(false);
    press(&mut empty, "5");
    painted(&mut empty, 80, 24, LOOK);
    answer(&mut empty, |_| Some(Reply::Audit { page: AuditPage::default() }));
    let shown = picture(&mut empty, 80, 24, LOOK);
    assert!(shown.contains("No event yet."), "{shown}");
}

#[test]
fn escape_goes_back_one_step_at_a_time_and_loses_nothing() {
    let mut app = on_run("k tab");
    assert!(app.reading.inside && app.page == Page::Run);
    press(&mut app, "esc");
    assert!(!app.reading.inside && app.one.iteration().map(|one| one.number) == Some(3));
    press(&mut app, "esc");
    assert_eq!((app.page, app.pane, app.run), (Page::Watch, Pane::Runs, Some(RunId(3))));
    press(&mut app, "2 enter enter");
    assert_eq!((app.page, app.one.run), (Page::Run, Some(RunId(2))));
    press(&mut app, "esc");
    assert_eq!(app.page, Page::Approvals);
}

#[test]
fn the_newest_iteration_stays_selected_when_a_newer_one_begins() {
    let mut app = on_run("k j");
    let more = |request: &Request| match request {
        Request::Run { run } => {
            let mut detail = detail(run.0, "x");
            detail.iterations.push(iteration(run.0, 5, None));
            Some(Reply::Detail { detail: Box::new(detail) })
        }
        _ => None,
    };
    app.refresh();
    app.want();
    answer(&mut app, more);
    assert_eq!(app.one.iteration().map(|one| one.number), Some(5));
    press(&mut app, "k k");
    assert_eq!(app.one.iteration().map(|one| one.number), Some(3));
}

#[test]
fn orders_go_to_the_run_that_is_shown_whatever_the_list_has_selected() {
    let mut app = on_run("");
    // The list lost the run, as after a snapshot that has it in a later part.
    app.hear(News::Snapshot(Snapshot {
        cursor: 1,
        runs: vec![run(9, RunState::Developing, "other")],
        questions: Vec::new(),
        more: false,
    }));
    assert_eq!(app.run, Some(RunId(9)));
    app.orders.clear();
    press(&mut app, "p");
    assert_eq!(asked(&app), [&Request::Pause { run: RunId(3) }]);
}

#[test]
fn a_rollback_is_told_and_then_sent_and_one_without_a_checkpoint_is_not() {
    let mut app = on_run("b");
    assert!(app.layer.is_none() && app.said.as_ref().is_some_and(|(_, bad)| *bad));
    press(&mut app, "k k k b enter");
    assert!(matches!(app.layer, Some(Layer::Edit { .. })));
    app.orders.clear();
    app.now = Millis(NOW.0 + 400);
    press(&mut app, "enter");
    assert_eq!(asked(&app), [&Request::Rollback { run: RunId(3), iteration: Some(1) }]);
}

#[test]
fn the_run_of_a_question_is_steered_where_the_question_is_shown() {
    for (key, wish) in
        [("b enter", Request::Rollback { run: RunId(2), iteration: None }), ("p", Request::Pause { run: RunId(2) })]
    {
        let mut app = busy();
        app.run = Some(RunId(9));
        press(&mut app, "2");
        app.orders.clear();
        let mut keys = key.split(' ');
        press(&mut app, keys.next().unwrap());
        app.now = Millis(NOW.0 + 400);
        press(&mut app, &keys.collect::<Vec<_>>().join(" "));
        let orders: Vec<_> = asked(&app).into_iter().filter(|one| !matches!(one, Request::Run { .. })).collect();
        assert_eq!(orders, [&wish], "{key}");
    }
}

#[test]
fn a_rollback_to_the_best_iteration_says_which_and_means_what_was_read() {
    let mut app = busy();
    press(&mut app, "2 b");
    assert!(picture(&mut app, 80, 24, LOOK).contains("asked which that is"));
    answer(&mut app, |request| match request {
        Request::Run { run } => Some(Reply::Detail { detail: Box::new(detail(run.0, "x")) }),
        _ => None,
    });
    assert!(picture(&mut app, 80, 24, LOOK).contains("iteration 2, which came farthest."));
    app.now = Millis(NOW.0 + 400);
    app.orders.clear();
    press(&mut app, "enter");
    assert_eq!(asked(&app), [&Request::Rollback { run: RunId(2), iteration: Some(2) }]);
    assert!(
        app.said.as_ref().is_some_and(|(words, _)| words.plain().starts_with("roll r2 back to its best iteration, 2"))
    );
}

#[test]
fn a_run_waits_for_the_next_day_only_where_the_question_is_about_days() {
    let mut app = busy();
    press(&mut app, "2 w");
    assert!(app.layer.is_none() && app.said.is_some());
    let mut asks = question(5, 3);
    asks.reached = vec![Reached {
        scope: Scope::Day { day: crate::domain::Day(20_000) },
        measure: Measure::Tokens,
        cap: 10,
        granted: 0,
        used: 10,
        reserved: 0,
        wanted: 1,
        more: 1,
    }];
    app.hear(News::Changed(Snapshot { cursor: 2, runs: Vec::new(), questions: vec![asks], more: false }));
    press(&mut app, "j w");
    app.now = Millis(NOW.0 + 400);
    app.orders.clear();
    press(&mut app, "enter");
    assert_eq!(asked(&app), [&Request::AwaitDay { question: QuestionId(5) }]);
}

#[test]
fn a_list_is_filtered_while_it_is_written_and_escape_puts_it_back() {
    let mut app = busy();
    press(&mut app, "/ r o u n d");
    assert_eq!(app.listed().iter().map(|view| view.run.id.0).collect::<Vec<_>>(), [3]);
    assert_eq!(app.run, Some(RunId(3)));
    press(&mut app, "enter / x esc");
    assert_eq!(app.filters.of(List::Runs), "round");
    press(&mut app, "esc");
    assert_eq!((app.filters.of(List::Runs), app.listed().len()), ("", 3));
    press(&mut app, "3 / e m p t y enter");
    assert_eq!(app.listed_bugs().iter().map(|bug| bug.id.0).collect::<Vec<_>>(), [8]);
    assert_eq!(app.bug, Some(BugId(8)));
}

#[test]
fn the_engine_looks_through_the_audit_log_page_by_page() {
    let mut app = busy();
    press(&mut app, "5");
    served(&mut app, "x");
    press(&mut app, "/");
    app.paste("run:r2 kind:question said no");
    press(&mut app, "enter");
    app.orders.clear();
    app.want();
    app.want();
    let text = |text: &str| Some(text.to_owned());
    let wanted = Request::Audit {
        before: None,
        most: 200,
        run: Some(RunId(2)),
        kind: text("question"),
        text: text("said no"),
        about: crate::domain::AuditAbout::default(),
    };
    assert_eq!(asked(&app), [&wanted]);
    // Nothing passed so far, so it goes on by itself, to the beginning and no further.
    answer(&mut app, |_| Some(Reply::Audit { page: AuditPage { records: Vec::new(), next: Some(70) } }));
    app.want();
    assert!(matches!(asked(&app)[..], [Request::Audit { before: Some(70), .. }]), "{:?}", app.orders);
    answer(&mut app, |_| Some(Reply::Audit { page: AuditPage::default() }));
    app.want();
    assert!(asked(&app).is_empty());
    press(&mut app, "esc /");
    app.paste("run:nobody");
    press(&mut app, "enter");
    assert!(picture(&mut app, 80, 24, LOOK).contains("names no run"));
}

#[test]
fn an_engine_that_is_away_is_not_asked_over_and_over() {
    let mut app = busy();
    press(&mut app, "5");
    app.want();
    answer(&mut app, |request| match request {
        Request::Audit { .. } => {
            let record = AuditRecord { seq: 9, hash: String::new(), record: "{}".to_owned() };
            Some(Reply::Audit { page: AuditPage { records: vec![record], next: Some(9) } })
        }
        _ => None,
    });
    for page in ["", "1 enter"] {
        press(&mut app, page);
        app.want();
        for order in std::mem::take(&mut app.orders) {
            if let Order::Ask(number, _) = order {
                let fault = Fault { code: FaultCode::Engine, message: "there is no engine just now".to_owned() };
                app.hear(News::Reply(number, Err(fault)));
            }
        }
        picture(&mut app, 80, 24, LOOK);
        assert!(asked(&app).is_empty(), "{:?}", app.orders);
    }
    // Once it is back all that is in view is asked for again.
    app.refresh();
    app.want();
    assert!(asked(&app).contains(&&Request::Run { run: RunId(2) }));
}

#[test]
fn the_text_of_a_question_is_read_to_its_end() {
    let mut app = busy();
    let mut long = question(1, 2);
    long.facts = (0..80).map(|number| format!("fact {number}")).collect();
    app.hear(News::Changed(Snapshot { cursor: 2, runs: Vec::new(), questions: vec![long], more: false }));
    press(&mut app, "2 enter G");
    assert!(!picture(&mut app, 80, 24, LOOK).contains("fact 79"), "the end needs the size of the screen");
    press(&mut app, "G");
    assert!(picture(&mut app, 80, 24, LOOK).contains("fact 79"));
    press(&mut app, "y");
    assert!(picture(&mut app, 80, 24, LOOK).contains("more lines: esc"));
}

#[test]
fn files_of_a_diff_are_found_and_long_lines_scroll_sideways() {
    let mut app = on_run("k ]");
    picture(&mut app, 80, 12, LOOK);
    press(&mut app, "n");
    assert!(picture(&mut app, 80, 12, LOOK).contains("go.mod"));
    assert_eq!(app.one.tab, Tab::Diff);
    press(&mut app, "N l l");
    assert!(app.reading.side == 16);
}
