//! Runs that will finish, made up by chance: some rounds do nothing, some break something, tests flicker, outages come between.

use dogwatch::domain::Source;
use dogwatch::watchdog::{ErrorLine, Event, How, Round, Stage};
use rand::prelude::*;
use rand::rngs::StdRng;

/// What the runs are like.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// Of a hundred rounds, those that change nothing that counts.
    pub idle: u32,
    /// Those that break something.
    pub setback: u32,
    /// Those in which a test fails that has nothing to do with the work.
    pub flake: u32,
    /// Whether an idle round leaves the tree as it is.
    pub still: bool,
    /// Whether an idle round says that it is done.
    pub claims: bool,
    /// One test a round at most, so there are many gains.
    pub small: bool,
}

const USUAL: Kind = Kind { name: "usual", idle: 20, setback: 10, flake: 0, still: false, claims: false, small: false };

/// The kinds that are tried.
pub const KINDS: [Kind; 3] =
    [USUAL, Kind { name: "flaky tests", flake: 15, ..USUAL }, Kind { name: "idle tree stays", still: true, ..USUAL }];

/// Harder ones, of which nothing is promised but what they show: where the thresholds have their price.
pub const HARDER: [Kind; 4] = [
    Kind { name: "small steps", small: true, ..USUAL },
    Kind { name: "more setbacks", setback: 20, ..USUAL },
    Kind { name: "idle and claims", still: true, claims: true, ..USUAL },
    Kind { name: "more idle", idle: 35, ..USUAL },
];

/// A line of a log as it would stand there this time.
pub fn noisy(random: &mut StdRng, text: &str) -> String {
    format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z [worker-{}] {text} (pid {}, {}ms, 0x{:012x}) at /tmp/tmp{:06x}_x/shop.rs:{}:{}",
        random.random_range(1..29),
        random.random_range(0..24),
        random.random_range(0..60),
        random.random_range(0..60),
        random.random_range(0..1000),
        random.random_range(0..8),
        random.random_range(2..99_999),
        random.random_range(1..9_000),
        random.random_range(0_u64..1 << 48),
        random.random_range(0_u32..1 << 24),
        random.random_range(1..400),
        random.random_range(1..80),
    )
}

/// A round with these failures, in any order, with the noise of a real one.
pub fn round(random: &mut StdRng, n: u64, stage: Stage, failing: &[String], tree: &str) -> Round {
    let mut failing = failing.to_vec();
    failing.shuffle(random);
    // As many as fit into a prompt.
    let errors = failing
        .iter()
        .take(2)
        .map(|name| ErrorLine { source: Source::Test, text: noisy(random, &format!("assertion failed in {name}")) })
        .collect();
    Round {
        n,
        ending: if random.random_ratio(1, 3) { How::ClaimsDone } else { How::Finished },
        verified: Some(true),
        stage: Some(stage),
        passed: Some(60 - failing.len() as u64),
        total: Some(60),
        skipped: Some(0),
        failing: Some(failing),
        errors: Some(errors),
        tree: Some(tree.to_owned()),
        patch: Some(format!("patch of {tree}")),
        tokens: Some(random.random_range(1_000..80_000)),
        seconds: Some(f64::from(random.random_range(20..900))),
        cost_usd: Some(0.1),
        ..Round::default()
    }
}

/// A round that an outage spoilt.
pub fn outage(random: &mut StdRng, n: u64) -> Round {
    let ending = *[How::RateLimited, How::Overloaded, How::TimedOut, How::Killed].choose(random).unwrap();
    Round { n, ending, verified: Some(false), seconds: Some(30.0), ..Round::default() }
}

/// One run of a kind, from its first round to the one in which nothing fails.
pub fn run(random: &mut StdRng, kind: Kind) -> Vec<Event> {
    let mut events = Vec::new();
    let mut names = 0..;
    let mut name = || format!("tests::case_{}", names.next().unwrap_or_default());
    let stages = &[Stage::Unit, Stage::E2e][..random.random_range(1..=2)];
    let (mut n, mut tree) = (0, 0);
    for (place, stage) in stages.iter().enumerate() {
        let count = if kind.small { random.random_range(8..20) } else { random.random_range(3..12) };
        let mut failing: Vec<String> = (0..count).map(|_| name()).collect();
        let mut idle = false;
        while !failing.is_empty() {
            n += 1;
            if random.random_ratio(1, 20) {
                events.push(Event::Iteration(Box::new(outage(random, n))));
                continue;
            }
            if !(idle && kind.still) {
                tree += 1;
            }
            let mut seen = failing.clone();
            if random.random_ratio(kind.flake, 100) {
                seen.push("tests::flickers".to_owned());
            }
            let mut now = round(random, n, *stage, &seen, &format!("tree {tree}"));
            if idle && kind.claims {
                now.ending = How::ClaimsDone;
            }
            events.push(Event::Iteration(Box::new(now)));
            let chance = random.random_range(0..100);
            idle = chance < kind.idle;
            if (kind.idle..kind.idle + kind.setback).contains(&chance) {
                failing.push(name());
            } else if !idle {
                let mended = if kind.small { 1 } else { random.random_range(1..=3) };
                failing.shuffle(random);
                failing.truncate(failing.len().saturating_sub(mended));
            }
        }
        if place + 1 == stages.len() {
            n += 1;
            events.push(Event::Iteration(Box::new(round(random, n, Stage::Gates, &[], &format!("tree {}", tree + 1)))));
        }
    }
    events
}
