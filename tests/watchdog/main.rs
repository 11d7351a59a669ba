//! The watchdog on whole histories: a labelled set that was written by hand, ten thousand runs that converge and runs that are
//! stuck in many ways, beside the rules of two other loops. Each prints what it came to.
//!
//! At full size: `DOGWATCH_HISTORIES=10000 cargo test --release --test watchdog -- --nocapture`. A failure names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_precision_loss)]

mod converging;
mod drills;
mod generated;
mod labelled;
mod others;
mod stuck;

use dogwatch::watchdog::{Event, Level, Round, Thresholds, Verdict, Watchdog};

/// Every verdict on a history.
fn judge(limits: Thresholds, events: &[Event]) -> Vec<Verdict> {
    let mut watchdog = Watchdog::new(limits);
    events.iter().filter_map(|event| watchdog.take(event)).collect()
}

/// The place in the history at which a run would be paused, counted in iterations.
fn pause(verdicts: &[Verdict]) -> Option<usize> {
    verdicts.iter().position(|verdict| matches!(verdict.level, Level::Stuck | Level::Escalate))
}

/// The rounds of a history.
fn rounds(events: &[Event]) -> impl Iterator<Item = &Round> {
    events.iter().filter_map(|event| match event {
        Event::Iteration(round) => Some(&**round),
        _ => None,
    })
}
