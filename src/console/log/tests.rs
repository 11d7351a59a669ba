//! The window of a log: where the view is, what is asked for, how much is held.

#![allow(clippy::unwrap_used, clippy::panic, clippy::unreachable)]

use super::*;
use crate::protocol::{Bytes, LogHits, Reply, Request};
use proptest::prelude::*;

fn lines(step: &str, numbers: std::ops::Range<u64>, total: u64) -> LogLines {
    let line = |number| LogLine {
        number,
        part: 0,
        time_ms: 0,
        stream: 1,
        bytes: Bytes::new(format!("line {number}").as_bytes()),
        whole: true,
    };
    LogLines { run: RunId(1), step: step.to_owned(), lines: numbers.map(line).collect(), total, open: true }
}

fn pane() -> LogPane {
    let mut pane = LogPane::default();
    pane.switch(Some(RunId(1)));
    pane.rows = 10;
    pane
}

#[test]
fn scrolling_up_ends_following_and_tells_what_is_new() {
    let mut pane = pane();
    pane.take(&lines("a", 0..100, 100));
    assert_eq!((pane.first_row(), pane.follow), (90, true));
    pane.scroll(-5);
    pane.take(&lines("a", 100..130, 130));
    assert_eq!((pane.first_row(), pane.unseen()), (85, 30));
    pane.scroll(1000);
    assert_eq!((pane.first_row(), pane.follow, pane.unseen()), (120, true, 0));
}

#[test]
fn what_is_not_loaded_is_asked_for_once() {
    let mut pane = pane();
    pane.take(&lines("a", 5000..6000, 6000));
    assert_eq!(pane.missing(), None);
    pane.pick(100);
    let from = pane.missing().unwrap();
    assert!(from <= 100 && from + u64::from(PAGE) >= 110);
    assert_eq!(pane.missing(), None);
    pane.take(&lines("a", from..from + u64::from(PAGE), 6000));
    assert_eq!(pane.missing(), None);
    assert!(pane.line(100).is_some());
}

#[test]
fn a_new_step_is_shown_only_to_those_who_follow() {
    let mut pane = pane();
    pane.take(&lines("a", 0..50, 50));
    pane.scroll(-1);
    pane.take(&lines("b", 0..3, 3));
    assert_eq!(pane.step, "a");
    pane.scroll(100);
    pane.take(&lines("b", 0..3, 3));
    assert_eq!((pane.step.as_str(), pane.total), ("b", 3));
}

proptest! {
    #[test]
    fn the_view_stays_inside_and_memory_bounded(
        moves in proptest::collection::vec((any::<bool>(), -300_i64..300, 0_u64..3000), 0..60), rows in 0_u16..80,
    ) {
        let mut pane = pane();
        pane.rows = rows;
        let mut total = 0;
        for (grow, by, more) in moves {
            if grow {
                let from = total.max((total + more).saturating_sub(1000));
                total += more;
                pane.take(&lines("a", from..total, total));
            } else {
                pane.scroll(by);
            }
            prop_assert!(pane.first_row() <= total);
            prop_assert!(pane.lines.len() <= MOST_LINES && pane.bytes <= MOST_BYTES);
            if let Some(from) = pane.missing() {
                let end = (from + u64::from(PAGE)).min(total);
                pane.take(&lines("a", from..end, total));
            }
        }
    }
}

/// An engine with a log of so many lines, of which each seventh tells of an error.
fn engine(total: u64, request: &Request) -> Reply {
    let text = |number: u64| format!("{} {number}", if number.is_multiple_of(7) { "error" } else { "line" });
    let line = |number: u64| LogLine {
        number,
        part: 0,
        time_ms: 0,
        stream: 1,
        bytes: Bytes::new(text(number).as_bytes()),
        whole: true,
    };
    match request {
        Request::ReadLines { run, step, first, most, .. } => {
            let first = first.unwrap_or_else(|| total.saturating_sub(u64::from(*most)));
            let lines = (first..total.min(first + u64::from(*most))).map(line).collect();
            Reply::Lines { lines: LogLines { run: *run, step: step.clone(), lines, total, open: true } }
        }
        Request::SearchLines { run, step, sought, from, backward, most } => {
            // A few lines at a time, as if the log were much longer.
            let range = if *backward { from.saturating_sub(500)..*from } else { *from..total.min(from + 500) };
            let matcher = crate::logs::Matcher::new(sought).unwrap();
            let mut found: Vec<u64> = range.clone().filter(|at| matcher.fits(1, &text(*at))).collect();
            let mut next = if *backward { range.start } else { range.end };
            let count = found.len() as u64;
            if *most == 0 {
                found.clear();
            } else if found.len() > *most as usize {
                if *backward {
                    found.drain(..found.len() - *most as usize);
                    next = found[0];
                } else {
                    found.truncate(*most as usize);
                    next = found.last().unwrap() + 1;
                }
            }
            let count = if *most == 0 { count } else { found.len() as u64 };
            let end = if *backward { next == 0 } else { next >= total };
            let lines = found.into_iter().map(line).collect();
            Reply::Hits { hits: LogHits { run: *run, step: step.clone(), lines, count, next, end, total, open: true } }
        }
        other => panic!("not asked here: {other:?}"),
    }
}

/// Asks for what is in view until it is there.
fn settle(pane: &mut LogPane, total: u64) {
    for _ in 0..100_000 {
        match pane.wants() {
            None => return,
            Some(Want::Lines { first }) => {
                let (run, step) = (RunId(1), pane.step.clone());
                let request = Request::ReadLines { run, step, first: Some(first), part: 0, most: PAGE };
                let Reply::Lines { lines } = engine(total, &request) else { unreachable!() };
                pane.take_page(&lines);
            }
            Some(Want::Hits { serial, from, backward, most }) => {
                let Reply::Hits { hits } = engine(total, &pane.sift_request(from, backward, most).unwrap()) else {
                    unreachable!()
                };
                pane.take_hits(serial, Some(hits));
            }
        }
        assert!(pane.lines.len() <= MOST_LINES && pane.bytes <= MOST_BYTES);
    }
    panic!("it asks for ever");
}

/// Looks until something is found or nothing is left.
fn find(pane: &mut LogPane, total: u64) -> Found {
    loop {
        let (serial, request) = pane.find_request().unwrap();
        let Reply::Hits { hits } = engine(total, &request) else { unreachable!() };
        match pane.found(serial, &hits) {
            Found::GoOn => {}
            other => return other,
        }
    }
}

fn seen(pane: &LogPane) -> Vec<String> {
    let text = |number| pane.line(number).unwrap().iter().map(|part| part.text.plain()).collect();
    pane.shown_numbers().into_iter().map(text).collect()
}

fn open_pane(total: u64) -> LogPane {
    let mut pane = pane();
    pane.take(&lines("a", total - 10..total, total));
    settle(&mut pane, total);
    pane
}

#[test]
fn a_million_lines_are_scrolled_through_with_bounded_memory() {
    let total = 1_000_000;
    let mut pane = open_pane(total);
    let mut most = 0;
    for page in [-400, 1] {
        loop {
            let before = pane.first_row();
            pane.scroll(page * 900);
            settle(&mut pane, total);
            assert!(pane.shown_numbers().iter().all(|number| pane.line(*number).is_some()));
            most = most.max(pane.lines.len());
            // Up in leaps, down by what a page key moves, to the end of the first hundred thousand.
            if pane.first_row() == before || (page > 0 && before > 100_000) {
                break;
            }
        }
    }
    assert!(most <= MOST_LINES && most > MOST_LINES / 2, "{most}");
}

#[test]
fn the_whole_log_is_searched_and_the_way_back_too() {
    let total = 100_000;
    let mut pane = open_pane(total);
    // Followed, so what was last comes first.
    pane.look_for("ERROR 7", notation::search("error 7")).unwrap();
    assert_eq!(find(&mut pane, total), Found::Here);
    assert_eq!((pane.picked, pane.follow), (Some(79_996), false));
    settle(&mut pane, total);
    assert!(seen(&pane).contains(&"error 79996".to_owned()));
    assert!(pane.look_further(true));
    assert_eq!((find(&mut pane, total), pane.picked), (Found::Here, Some(79_989)));
    assert!(pane.look_further(false));
    assert_eq!((find(&mut pane, total), pane.picked), (Found::Here, Some(79_996)));
    assert!(pane.look_further(false));
    assert_eq!((find(&mut pane, total), pane.picked), (Found::NoFurther { backward: false }, Some(79_996)));
    pane.look_for("nowhere", notation::search("nowhere")).unwrap();
    assert!(matches!(find(&mut pane, total), Found::NoFurther { .. } | Found::Nowhere));
    pane.look_from_start("@error", notation::filter("@error").unwrap()).unwrap();
    assert_eq!((find(&mut pane, total), pane.picked), (Found::Here, Some(0)));
}

#[test]
fn a_search_that_was_stopped_takes_no_answer() {
    let mut pane = open_pane(5000);
    pane.look_for("x", notation::search("error 0")).unwrap();
    let (serial, request) = pane.find_request().unwrap();
    assert!(pane.progress().is_some() && pane.stop_looking() && pane.progress().is_none());
    let Reply::Hits { hits } = engine(5000, &request) else { unreachable!() };
    assert_eq!(pane.found(serial, &hits), Found::GoOn);
    assert_eq!(pane.picked, None);
}

#[test]
fn a_filter_shows_what_fits_and_counts_all_of_it() {
    let total = 20_000;
    let mut pane = open_pane(total);
    pane.sift("@error !99", notation::filter("@error !99").unwrap()).unwrap();
    settle(&mut pane, total);
    let expected: Vec<u64> = (0..total).filter(|at| at % 7 == 0 && !at.to_string().contains("99")).collect();
    assert_eq!(pane.sifted(), Some((expected.len() as u64, total)));
    assert_eq!(pane.shown_numbers(), expected[expected.len() - 10..]);
    pane.scroll(i64::MIN / 2);
    settle(&mut pane, total);
    assert_eq!(pane.shown_numbers(), expected[..10]);
    for place in 1..200 {
        pane.scroll(1);
        settle(&mut pane, total);
        assert_eq!(pane.shown_numbers(), expected[place..place + 10]);
    }
    // A search goes through what is shown only.
    pane.look_for("1", notation::search("1")).unwrap();
    assert_eq!(find(&mut pane, total), Found::Here);
    assert!(expected.contains(&pane.picked.unwrap()));
    pane.scroll(i64::MAX / 2);
    settle(&mut pane, total);
    assert_eq!(pane.shown_numbers(), expected[expected.len() - 10..]);
    // What comes is sifted as it comes.
    let tail = LogLines { step: "a".to_owned(), ..lines("a", total..total + 2, total + 2) };
    pane.take(&tail);
    settle(&mut pane, total + 2);
    assert_eq!(pane.sifted().unwrap().1, total + 2);
    pane.sift("", notation::filter("").unwrap()).unwrap();
    settle(&mut pane, total + 2);
    assert_eq!(pane.shown_numbers().len(), 10);
}

#[test]
fn a_chosen_step_stays_whatever_the_news() {
    let mut pane = open_pane(100);
    pane.show_step("b");
    pane.chosen = true;
    assert!(pane.take(&lines("c", 0..3, 3)), "a step that is not known is told");
    assert_eq!((pane.step.as_str(), pane.total), ("b", 0));
    pane.take_page(&lines("b", 0..5, 5));
    pane.take_page(&lines("a", 0..50, 50));
    assert_eq!(pane.total, 5);
}

#[test]
fn a_selection_grows_with_the_keys_and_the_view_goes_along() {
    let mut pane = open_pane(1000);
    pane.pick(500);
    pane.select();
    pane.scroll(30);
    assert_eq!(pane.selected(), Some(500..=530));
    settle(&mut pane, 1000);
    assert!(pane.shown_numbers().contains(&530));
    pane.scroll(-60);
    assert_eq!(pane.selected(), Some(470..=500));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_filter_never_leaves_a_gap(moves in proptest::collection::vec(-40_i64..40, 0..40), total in 10_u64..3000) {
        let mut pane = open_pane(total);
        pane.sift("@error", notation::filter("@error").unwrap()).unwrap();
        let expected: Vec<u64> = (0..total).filter(|at| at % 7 == 0).collect();
        for by in moves {
            pane.scroll(by * by * by.signum());
            settle(&mut pane, total);
            let shown = pane.shown_numbers();
            let place = expected.iter().position(|at| *at == shown[0]).unwrap();
            prop_assert_eq!(&shown[..], &expected[place..(place + 10).min(expected.len())]);
            prop_assert!(shown.len() == 10.min(expected.len()));
        }
    }
}
