//! Random plots with random crashes, for as long as one likes.

use super::dice::Dice;
use super::life::{End, Sim, play};
use super::plot::{Ask, Fate, Leader, Plot, Says, Turn, When};
use crate::domain::{Allowances, Caps, Priority, ProjectAllowance, QuestionKind, RunState, StepKind};
use crate::engine::crash::{self, Plan};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Tokens that a turn says it used.
const TURN: u64 = 100;

/// What a campaign came to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub runs: u64,
    pub crashes: u64,
    /// Lives that ended at a moment rather than at a crash point.
    pub kills: u64,
    /// Simulated milliseconds.
    pub passed: i64,
    /// Transitions of runs, as the audit log has them.
    pub transitions: u64,
    /// How often somebody looked at what is committed and checked what must hold at every moment.
    pub looks: u64,
}

/// Caps that are reached soon where everything takes so many times longer than in the stories. A turn uses the tokens that
/// are reserved for it, or none.
pub(super) fn allowances(dice: &mut Dice, pace: u32) -> Allowances {
    let mut caps = || Caps {
        iterations: dice.percent(50).then(|| dice.between(1, 6)),
        seconds: dice.percent(30).then(|| dice.between(30, 300) * u64::from(pace)),
        tokens: dice.percent(50).then(|| dice.between(100, 900)),
        microusd: None,
    };
    let (day, total, project_day) = (caps(), caps(), caps());
    let project = ProjectAllowance { total, day: project_day, iteration: Caps::default() };
    let iteration = Caps { tokens: Some(TURN), ..Caps::default() };
    Allowances { day, iteration, projects: [("played".to_owned(), project)].into() }
}

/// Iterations and attempts in which a test fails that nothing is wrong with.
fn luck(seed: u64) -> Vec<(u32, u32)> {
    let mut dice = Dice::of(seed, "luck of a random plot");
    if !dice.percent(40) {
        return Vec::new();
    }
    let small = |number: u64| u32::try_from(number).unwrap();
    (0..dice.between(1, 5)).map(|_| (small(dice.below(5)), small(dice.between(1, 3)))).collect()
}

/// What auditors say, where there are any.
fn audits(plot: &mut Plot) {
    let mut dice = Dice::of(plot.seed, "audits of a random plot");
    plot.audit = dice.percent(30);
    let odd = [
        Says::No,
        Says::No,
        Says::Much,
        Says::Nothing(Turn::Nothing),
        Says::Nothing(Turn::Overloaded),
        Says::Nothing(Turn::Limited(-60)),
        Says::Nothing(Turn::Instant),
        Says::Nothing(Turn::Auth),
        Says::Nothing(Turn::Silent),
    ];
    for _ in 0..dice.below(4) {
        let (iteration, attempt) = (dice.between(1, 4), dice.between(1, 2));
        plot.audits.push((iteration.try_into().unwrap(), attempt.try_into().unwrap(), dice.pick(&odd)));
    }
    if dice.percent(30) {
        let fate = dice.pick(&[Fate::Removed, Fate::OutOfMemory, Fate::Restart]);
        let iteration = u32::try_from(dice.between(1, 4)).unwrap();
        plot.fates.push((StepKind::Audit, iteration, 1, dice.between(1, 7), fate));
    }
}

/// A plot in which much happens.
fn plot(seed: u64, pace: u32) -> Plot {
    let mut dice = Dice::of(seed, "plot");
    let dice = &mut dice;
    let mut plot = Plot::plain("random", seed);
    plot.rash = true;
    plot.pace = pace;
    let mut queue = Dice::of(seed, "queue of a random plot");
    plot.places = usize::try_from(queue.between(1, 2)).unwrap();
    plot.priority = queue.pick(&Priority::ALL);
    plot.rivals = if queue.percent(30) { queue.between(1, 2) } else { 0 };
    if queue.percent(25) {
        plot.plan = queue.pick(&[crate::domain::Plan::Ask, crate::domain::Plan::Automatic]);
    }
    if queue.percent(40) {
        plot.leader = Some(queue.pick(&[Leader::Works, Leader::Works, Leader::Cancelled]));
    }
    plot.parts = dice.between(1, 3);
    plot.setup = dice.percent(40);
    let mut beside = Dice::of(seed, "services of a random plot");
    plot.services = beside.percent(35);
    plot.deaf = if beside.percent(30) { vec![u32::try_from(beside.below(4)).unwrap()] } else { Vec::new() };
    if plot.services {
        for _ in 0..beside.below(3) {
            let kind = beside.pick(&[StepKind::Network, StepKind::Service, StepKind::Ready]);
            let fate = beside.pick(&[Fate::Removed, Fate::OutOfMemory, Fate::Restart]);
            let (iteration, after) = (u32::try_from(beside.below(4)).unwrap(), beside.below(20));
            plot.fates.push((kind, iteration, u32::try_from(beside.between(1, 2)).unwrap(), after, fate));
        }
    }
    plot.flaky = luck(seed);
    plot.broken_setup = plot.setup && dice.percent(10);
    plot.review = dice.percent(20);
    plot.iterations = u32::try_from(dice.between(1, 6)).unwrap();
    plot.slippery = if dice.percent(50) { dice.between(1, 8) } else { 0 };
    plot.broken_pulls = if dice.percent(20) { 2 } else { 0 };
    plot.broken_deliveries = u32::from(dice.percent(20));
    plot.shaky_deliveries = if dice.percent(20) { u32::try_from(dice.between(1, 8)).unwrap() } else { 0 };
    plot.broken_checkouts = if dice.percent(20) { vec![2, 3, 7] } else { Vec::new() };
    plot.dead = Duration::from_secs(dice.below(600));
    let odd = [
        Turn::Nothing,
        Turn::GiveUp,
        Turn::Limited(3600),
        Turn::Limited(-60),
        Turn::Overloaded,
        Turn::Instant,
        Turn::Auth,
        Turn::Silent,
        Turn::Endless,
        Turn::CheatTests,
        Turn::CheatGit,
        Turn::Packages,
    ];
    for _ in 0..dice.below(4) {
        let (iteration, attempt) = (dice.between(1, 4), dice.between(1, 2));
        plot.turns.push((iteration.try_into().unwrap(), attempt.try_into().unwrap(), dice.pick(&odd)));
    }
    for _ in 0..dice.below(4) {
        let kind = dice.pick(&[StepKind::Prepare, StepKind::Develop, StepKind::Test]);
        let iteration = if kind == StepKind::Prepare { 0 } else { u32::try_from(dice.below(4)).unwrap() };
        let fate = dice.pick(&[Fate::Removed, Fate::OutOfMemory, Fate::Restart]);
        plot.fates.push((kind, iteration, u32::try_from(dice.between(1, 2)).unwrap(), dice.between(1, 7), fate));
    }
    let mut at = 0;
    for _ in 0..dice.below(5) {
        at += i64::try_from(dice.below(200)).unwrap();
        if queue.percent(20) {
            plot.asks.push((When::At(at), Ask::Prioritise(queue.pick(&Priority::ALL))));
        }
        match dice.below(10) {
            0..=4 => {
                plot.asks.push((When::At(at), Ask::Pause));
                plot.asks.push((When::State(RunState::Paused, 45), Ask::Resume));
            }
            5 | 6 if queue.percent(40) => plot.asks.push((When::At(at), Ask::HandOn("another agent"))),
            5 | 6 => plot.asks.push((When::At(at), Ask::Redirect("another way"))),
            7 | 8 => plot.asks.push((When::At(at), Ask::Rollback(u32::try_from(dice.below(2)).unwrap()))),
            _ => plot.asks.push((When::At(at), Ask::Cancel)),
        }
    }
    if dice.percent(20) {
        plot.allowances = allowances(dice, pace);
        plot.waits = usize::try_from(dice.below(3)).unwrap();
    }
    audits(&mut plot);
    answers(&mut plot, dice);
    plot
}

/// What people answer to whatever is asked.
fn answers(plot: &mut Plot, dice: &mut Dice) {
    for kind in [
        QuestionKind::Review,
        QuestionKind::Dependency,
        QuestionKind::Budget,
        QuestionKind::Trouble,
        QuestionKind::Predecessor,
        QuestionKind::Plan,
        QuestionKind::Stuck,
        QuestionKind::Audit,
    ] {
        for _ in 0..dice.below(3) {
            plot.answers.push((kind, dice.percent(70)));
        }
        // In the end there is an end: nobody answers no and no again to a review, nor yes and yes again to a setup that
        // fails every time.
        let yes = dice.percent(50);
        let last = match kind {
            QuestionKind::Review | QuestionKind::Dependency | QuestionKind::Plan | QuestionKind::Audit => true,
            QuestionKind::Trouble => yes && !plot.broken_setup,
            QuestionKind::Budget
            | QuestionKind::Predecessor
            | QuestionKind::Agent
            | QuestionKind::Egress
            | QuestionKind::Stuck
            | QuestionKind::Execution
            | QuestionKind::Glass
            | QuestionKind::Outcome
            | QuestionKind::Disk => yes,
        };
        plot.answers.push((kind, last));
    }
}

/// Plays one random plot with random crashes.
fn one(seed: u64, pace: u32) -> Tally {
    let plot = plot(seed, pace);
    let mut tally = Tally { runs: 1, ..Tally::default() };
    let mut dice = Dice::of(seed, "lives");
    let points = crash::of_runs();
    play(async {
        let mut sim = Sim::new(plot.clone()).await;
        for _ in 0..dice.below(5) {
            let chosen = usize::try_from(dice.below(points.len() as u64)).unwrap();
            let plan = Plan::error(&points[chosen], u32::try_from(dice.between(1, 3)).unwrap());
            let lease = Duration::from_millis(dice.between(1, 300_000)) * pace;
            match sim.life(plan, Some(lease)).await {
                End::Over => break,
                End::Crashed => tally.crashes += 1,
                End::Expired => tally.kills += 1,
                End::Dark => panic!("a store in memory has no power to lose"),
            }
            tokio::time::sleep(Duration::from_millis(dice.below(plot.dead.as_millis().try_into().unwrap()))).await;
            if dice.percent(20) {
                let hour = i64::try_from(dice.below(7_200_000)).unwrap() - 3_600_000;
                sim.world.clock.leap(hour);
            }
        }
        sim.finish().await;
        tally.passed = sim.world.clock.passed();
        tally.transitions = sim.transitions();
        tally.looks = sim.witness.looks;
    });
    tally
}

impl Tally {
    fn add(&mut self, more: Self) {
        self.runs += more.runs;
        self.crashes += more.crashes;
        self.kills += more.kills;
        self.passed += more.passed;
        self.transitions += more.transitions;
        self.looks += more.looks;
    }
}

/// Plays runs for one seed until it has seen so many simulated hours, at least one run. Each takes as long as one of `paces`
/// says.
fn days(seed: u64, hours: i64, paces: &[u32]) -> Tally {
    let mut all = Tally::default();
    let mut dice = Dice::of(seed, "paces");
    for turn in 0.. {
        let pace = dice.pick(paces);
        let played = std::panic::catch_unwind(|| one(seed + (turn << 32), pace));
        let Ok(tally) = played else { panic!("seed {} fails", seed + (turn << 32)) };
        all.add(tally);
        if all.passed >= hours * 3_600_000 {
            break;
        }
    }
    all
}

/// How many seeds are played at once.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Plays every seed for so many simulated hours, on every core at once. Seeds share nothing, so each plays as it would alone.
pub(super) fn campaign(seeds: std::ops::Range<u64>, hours: i64, paces: &[u32]) -> Tally {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut all = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return all;
            }
            all.add(days(seed, hours, paces));
        }
    };
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..cores()).map(|_| scope.spawn(work)).collect();
        let mut all = Tally::default();
        for player in players {
            all.add(player.join().unwrap());
        }
        all
    })
}
