//! Runs that stop moving, each in another way, after some that went well.

use crate::converging::{noisy, outage, round};
use dogwatch::domain::Source;
use dogwatch::watchdog::{ErrorLine, Event, How, Round, Stage};
use rand::prelude::*;
use rand::rngs::StdRng;

/// The ways.
pub const WAYS: [&str; 16] = [
    "repeats",
    "repeats, flickering",
    "circle of two",
    "circle of three",
    "circle of four",
    "random walk",
    "root and cascade",
    "one for another",
    "worse and worse",
    "nothing changes",
    "nothing, but done",
    "plans only",
    "does not build",
    "goes back to a tree",
    "other errors",
    "restarts between",
];

/// A run that gets stuck in this way, and the place of the first round that belongs to it.
pub fn run(random: &mut StdRng, way: &str) -> (Vec<Event>, usize) {
    let mut events = Vec::new();
    let good = random.random_range(0..6_usize);
    let name = |number: usize| format!("tests::case_{number}");
    let base: Vec<String> = (0..random.random_range(2..6)).map(name).collect();
    let mut n = 0;
    for step in (1..=good).rev() {
        n += 1;
        let mut failing = base.clone();
        failing.extend((100..100 + step).map(name));
        events.push(Event::Iteration(Box::new(round(random, n, Stage::Unit, &failing, &format!("good {step}")))));
    }
    let begins = events.len();
    for turn in 0..14_usize {
        if way == "restarts between" && turn % 2 == 1 {
            events.push(Event::EngineRestart);
        }
        if random.random_ratio(1, 8) {
            n += 1;
            events.push(Event::Iteration(Box::new(outage(random, n))));
        }
        n += 1;
        let next = stuck(random, way, turn, n, &base);
        events.push(Event::Iteration(Box::new(next)));
    }
    (events, begins)
}

fn stuck(random: &mut StdRng, way: &str, turn: usize, n: u64, base: &[String]) -> Round {
    let name = |number: usize| format!("tests::case_{number}");
    let mut failing = base.to_vec();
    let mut tree = format!("stuck {turn}");
    let circle = |period: usize, failing: &mut Vec<String>| {
        if !turn.is_multiple_of(period) {
            failing.push(name(200 + turn % period));
        }
    };
    match way {
        "repeats, flickering" if turn > 0 && random.random_ratio(15, 100) => failing.push("tests::flickers".to_owned()),
        "circle of two" => circle(2, &mut failing),
        "circle of three" => circle(3, &mut failing),
        "circle of four" => circle(4, &mut failing),
        "random walk" => {
            let count = base.len() + if turn == 0 { 0 } else { random.random_range(0..4) };
            failing = (300..340).map(name).sample(random, count);
        }
        "root and cascade" => {
            failing.truncate(1);
            failing.extend((400..440).map(name).sample(random, base.len() + turn % 2));
            if turn == 0 {
                failing.truncate(base.len());
            }
        }
        "one for another" => failing = (0..base.len()).map(|place| name(500 + 20 * turn + place)).collect(),
        "worse and worse" => failing.extend((0..turn).map(|more| name(600 + more))),
        "nothing changes" | "nothing, but done" | "plans only" => "stuck 0".clone_into(&mut tree),
        "goes back to a tree" => {
            if turn.is_multiple_of(2) {
                "stuck 0".clone_into(&mut tree);
            } else {
                failing.push(name(700 + turn));
            }
        }
        _ => {}
    }
    let mut now = round(random, n, Stage::Unit, &failing, &tree);
    match way {
        "nothing, but done" => now.ending = How::ClaimsDone,
        "plans only" => now.ledger = Some(format!("plan {turn}")),
        "does not build" if turn > 0 => {
            now.stage = Some(Stage::Build);
            now.failing = None;
            (now.passed, now.total, now.skipped) = (None, None, None);
            let text = noisy(random, "error[E0308]: mismatched types");
            now.errors = Some(vec![ErrorLine { source: Source::Build, text }]);
        }
        "other errors" => {
            let words = ["timeout", "KeyError", "overflow", "refused", "no such file", "bad request", "panicked"];
            let text = format!("Error: {} {}", words[turn % 7], name(turn));
            now.errors = Some(vec![ErrorLine { source: Source::Test, text: noisy(random, &text) }]);
        }
        _ => {}
    }
    now
}
