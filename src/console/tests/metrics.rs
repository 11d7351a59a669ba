//! The screen that tells how well the loops do: pictures at every size, its empty state, and what keys do there.

use super::*;
use crate::domain::{Day, LoopMetrics, Tally};
use std::collections::BTreeMap;

const TODAY: Day = Day(20_717);

/// A month in which agents got better at it.
pub(super) fn month(days: u32, text: &str) -> LoopMetrics {
    let first = Day(TODAY.0 - i64::from(days) + 1);
    let mut total = Tally::default();
    let mut by_day = Vec::new();
    for day in (first.0..=TODAY.0).filter(|day| day % 7 != 3) {
        let at = u64::try_from(day - first.0).unwrap();
        let succeeded = 1 + at % 4;
        let tally = Tally {
            succeeded,
            failed: u64::from(at.is_multiple_of(5)),
            cancelled: u64::from(at.is_multiple_of(11)),
            alone: succeeded - u64::from(at.is_multiple_of(3)),
            stuck: u64::from(at.is_multiple_of(6)),
            iterations: succeeded * (9 - (at * 6 / u64::from(days))),
            tokens: 300_000 + (at * 7919 % 11) * 90_000,
            microusd: 800_000 + (at * 7919 % 11) * 240_000,
        };
        total.add(&tally);
        by_day.push((Day(day), tally));
    }
    let kinds = [("stuck", 4), ("review", 9), ("redirect", 6), ("trouble", 1), (text, 2)];
    LoopMetrics {
        days: (first, TODAY),
        total,
        by_day,
        interventions: kinds.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect(),
        to_green: Some((25 * 60_000, 3 * 3_600_000)),
        memory: BTreeMap::from([("helped".to_owned(), 12), ("failed".to_owned(), 3), ("ignored".to_owned(), 21)]),
    }
}

fn on_metrics(app: &mut App, keys: &str) {
    press(app, "8");
    press(app, keys);
    app.want();
    answer(app, |request| match request {
        Request::Metrics { days } => Some(Reply::Metrics { metrics: Box::new(month(*days, "plan")) }),
        _ => None,
    });
}

#[test]
fn pictures_of_the_metrics() {
    let mut app = busy();
    on_metrics(&mut app, "");
    for (columns, rows) in [(80, 24), (120, 36), (200, 50)] {
        insta::assert_snapshot!(format!("metrics-{columns}x{rows}"), picture(&mut app, columns, rows, LOOK));
    }
    insta::assert_snapshot!("metrics-50x14", picture(&mut app, 50, 14, LOOK));
    let mono = Look { colour: false, unicode: false };
    insta::assert_snapshot!("metrics-mono", picture(&mut app, 80, 24, mono));
}

#[test]
fn spans_of_days_change_and_a_low_screen_scrolls_to_its_end_and_no_further() {
    let mut app = busy();
    on_metrics(&mut app, "l l l");
    let shown = picture(&mut app, 120, 36, LOOK);
    assert!(shown.contains("Metrics of 365 days"), "{shown}");
    on_metrics(&mut app, "h h h h");
    assert!(picture(&mut app, 120, 36, LOOK).contains("Metrics of 7 days"));
    picture(&mut app, 50, 14, LOOK);
    press(&mut app, "G");
    let shown = picture(&mut app, 50, 14, LOOK);
    assert!(shown.contains("Repairs from memory") && shown.contains("8-9 of 9"), "{shown}");
    press(&mut app, "k");
    assert!(picture(&mut app, 50, 14, LOOK).contains("7-8 of 9"));
    picture(&mut app, 120, 36, LOOK);
    assert_eq!(app.metrics.top, 0, "all of it fits");
    press(&mut app, "esc");
    assert_eq!(app.page, Page::Watch);
}

#[test]
fn an_empty_screen_says_what_will_be_there() {
    let mut app = App::new(false);
    press(&mut app, "8");
    assert!(picture(&mut app, 80, 24, LOOK).contains("The engine is asked."));
    answer(&mut app, |_| {
        let days = (Day(TODAY.0 - 29), TODAY);
        Some(Reply::Metrics { metrics: Box::new(LoopMetrics { days, ..LoopMetrics::default() }) })
    });
    let shown = picture(&mut app, 80, 24, LOOK);
    assert!(shown.contains("No run has ended and nothing was spent in these 30 days."), "{shown}");
}
