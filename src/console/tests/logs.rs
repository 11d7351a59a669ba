//! What is done with logs: searching, filtering, going from step to step.

use super::*;
use crate::console::app::Effect;
use crate::console::export::{Exported, Purpose};
use crate::protocol::LogHits;

/// Lines that fit, as an engine gives them.
fn hits(request: &Request, numbers: &[u64], text: &str) -> Option<Reply> {
    let Request::SearchLines { run, step, most, .. } = request else { return None };
    let mut found = lines(run.0, step, 0..60, text);
    found.lines.retain(|line| numbers.contains(&line.number) && *most > 0);
    let (count, next, total) = (numbers.len() as u64, 60, 60);
    let (run, step, lines) = (*run, step.clone(), found.lines);
    Some(Reply::Hits { hits: LogHits { run, step, lines, count, next, end: true, total, open: true } })
}

#[test]
fn what_is_found_is_marked_and_gone_to() {
    let mut app = busy();
    press(&mut app, "tab z / ~ p . r t enter");
    answer(&mut app, |request| match request {
        Request::SearchLines { sought, backward: true, from: 60, most: 1, .. } => {
            assert!(sought.words[0].regex && sought.words[0].text == "p.rt");
            hits(request, &[52], "checking \x1b[32mpart\x1b[0m of the whole")
        }
        _ => None,
    });
    assert_eq!(app.log.picked, Some(52));
    insta::assert_snapshot!("search", picture(&mut app, 80, 24, LOOK));
    // Further ones in both directions, and none any more.
    press(&mut app, "N");
    answer(&mut app, |request| hits(request, &[], ""));
    assert!(app.said.as_ref().is_some_and(|(words, _)| words.plain().contains("no line above")));
}

#[test]
fn a_filter_says_how_many_lines_fit() {
    let mut app = busy();
    press(&mut app, "tab z & @ e r r enter");
    painted(&mut app, 80, 24, LOOK);
    for _ in 0..4 {
        app.load_log();
        answer(&mut app, |request| hits(request, &[7, 14, 35], "\x1b[31merror\x1b[0m: it went wrong"));
    }
    press(&mut app, "t w");
    insta::assert_snapshot!("filter", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "& @ w h o enter");
    assert!(app.said.as_ref().is_some_and(|(words, bad)| *bad && words.plain().contains("@error")));
    // What cannot be read stays in its field, then the filter goes.
    press(&mut app, "esc esc");
    assert!(app.log.filter.is_none() && app.zoom);
}

#[test]
fn steps_are_gone_through_and_the_newest_is_followed_again() {
    let mut app = busy();
    press(&mut app, "tab z [");
    assert_eq!((app.log.step.as_str(), app.log.follow, app.log.chosen), ("r2-i2-develop-a1", true, true));
    answer(&mut app, |request| match request {
        Request::ReadLines { run, step, first: None, .. } => {
            let mut lines = lines(run.0, step, 0..3, "of the agent");
            lines.open = false;
            Some(Reply::Lines { lines })
        }
        _ => None,
    });
    app.hear(News::Lines(lines(2, "r2-i3-test-unit-a1", 60..61, "more")));
    insta::assert_snapshot!("step-end", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "[ [");
    assert!(app.said.as_ref().is_some_and(|(_, bad)| *bad));
    press(&mut app, "f");
    assert_eq!((app.log.step.as_str(), app.log.chosen), ("r2-i3-test-unit-a1", false));
    assert!(app.orders.iter().any(|order| matches!(order, Order::Tail(RunId(2), _))));
}

#[test]
fn a_log_is_chosen_from_those_of_all_steps() {
    let mut app = busy();
    press(&mut app, "tab z s");
    insta::assert_snapshot!("steps", picture(&mut app, 80, 24, LOOK));
    // The last one that there is stays chosen, however often people go on.
    press(&mut app, "down down down down down enter");
    let step = app.log.steps[0].step.clone();
    assert_eq!((&app.log.step, app.log.follow, app.log.chosen, app.layer.is_none()), (&step, true, true, true));
    // Letters in their order find one; none that fits changes nothing.
    press(&mut app, "s t e s t enter");
    assert_eq!(app.log.step, "r2-i3-test-unit-a1");
    press(&mut app, "s ~ enter");
    assert_eq!(app.log.step, "r2-i3-test-unit-a1");
}

#[test]
fn lines_go_to_the_side_and_wrap_and_show_their_times() {
    let mut app = busy();
    app.hear(News::Lines(lines(2, "r2-i3-test-unit-a1", 60..61, &"0123456789".repeat(20))));
    press(&mut app, "tab z l l t");
    let shifted = picture(&mut app, 80, 24, LOOK);
    assert!(shifted.contains("from column 17"), "{shifted}");
    insta::assert_snapshot!("sideways", shifted);
    press(&mut app, "w");
    insta::assert_snapshot!("wrapped", picture(&mut app, 80, 24, LOOK));
}

#[test]
fn lines_are_selected_and_copied() {
    let wanted = |app: &App| match app.orders.last() {
        Some(Order::Export(export)) => Some((export.purpose, export.first, export.last)),
        _ => None,
    };
    let mut app = busy();
    painted(&mut app, 80, 24, LOOK);
    press(&mut app, "tab z");
    painted(&mut app, 80, 24, LOOK);
    // Followed, so the last line is the current one.
    press(&mut app, "c");
    assert_eq!(wanted(&app), Some((Purpose::Copy, 59, 59)));
    press(&mut app, "v k k k");
    insta::assert_snapshot!("selection", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "c");
    assert_eq!((wanted(&app), app.log.selection), (Some((Purpose::Copy, 56, 59)), None));
    press(&mut app, "v esc C 7 enter");
    assert_eq!((wanted(&app), app.zoom), (Some((Purpose::Copy, 53, 59)), true));
    press(&mut app, "C 0 enter");
    assert!(app.said.as_ref().is_some_and(|(words, bad)| *bad && words.plain().contains("no number")));
    press(&mut app, "esc o");
    assert_eq!(wanted(&app), Some((Purpose::Pager, 0, 59)));
    app.hear(News::Exported(Purpose::Copy, Ok(Exported::Text(vec![crate::safe!("x")]))));
    let path = std::path::PathBuf::from("/x/y");
    let file = Exported::File { path: path.clone(), lines: 9, cut: false };
    app.hear(News::Exported(Purpose::Editor, Ok(file.clone())));
    assert_eq!(app.effects, [Effect::Copy(vec![crate::safe!("x")]), Effect::View(Purpose::Editor, path)]);
    app.hear(News::Exported(Purpose::Copy, Ok(file)));
    assert!(app.said.as_ref().is_some_and(|(words, _)| words.plain().contains("9 lines are in /x/y")));
    app.hear(News::Exported(Purpose::Copy, Err("the disk is full".to_owned())));
    assert!(app.said.as_ref().is_some_and(|(_, bad)| *bad));
}

#[test]
fn services_beside_a_suite_are_named_as_long_as_both_run() {
    let mut app = busy();
    let mut steps = logs(RunId(2));
    for (iteration, kind, suite, open) in [
        (2, StepKind::Service, "unit.old", true),
        (3, StepKind::Network, "unit", true),
        (3, StepKind::Service, "unit.db", true),
        (3, StepKind::Service, "unit.app", true),
        (3, StepKind::Service, "unit.gone", false),
    ] {
        let key = StepKey { run: RunId(2), iteration, kind, suite: suite.to_owned(), attempt: 1 };
        steps.push(LogInfo { step: key.to_string(), key, bytes: 1, open, state: StepLog::Open });
    }
    app.log.steps = steps;
    assert_eq!(app.log.beside(), ["db", "app"]);
    press(&mut app, "tab z");
    insta::assert_snapshot!("log-beside", picture(&mut app, 100, 12, LOOK));
    let mut last = lines(2, "r2-i3-test-unit-a1", 60..61, "more");
    last.open = false;
    app.hear(News::Lines(last));
    assert_eq!(app.log.beside(), Vec::<&str>::new());
}
