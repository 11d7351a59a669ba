//! Power taken away, with any call to the disk and at every crash point: what was acknowledged is there when it is back, and
//! the run comes to the same end.

use super::dice::Dice;
use super::life::{End, Finish, Sim, play, undisturbed};
use super::plot::{Fate, Plot, Turn};
use super::stories;
use crate::domain::{RunState, StepKind};
use crate::engine::crash::Plan;
use crate::store::tests::disk::Keep;
use crate::store::{Options, Store};
use crate::text::{Out, exact};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// When power goes away.
#[derive(Debug, Clone)]
enum Moment {
    /// With the call to the disk that comes after so many others.
    Call(u64),
    /// When a crash point is reached for so many times.
    Point(String, u32),
}

/// What losses of power came to.
#[derive(Debug, Default)]
struct Tally {
    losses: u32,
    /// Further ones while the store was being opened.
    opening: u32,
}

/// Takes power away in a simulation and gives it back.
async fn black_out(sim: &mut Sim, dice: &mut Dice, tally: &mut Tally) {
    tally.losses += 1;
    // The store must be closed before its files are looked at, and a simulation always has one.
    sim.store = Store::in_memory(&Options::default()).unwrap();
    sim.world.lose_power();
    let ground = sim.ground.as_mut().unwrap();
    let mut again = dice.percent(30).then(|| dice.below(4));
    sim.store = loop {
        let keep = dice.pick(&[Keep::None, Keep::Some, Keep::All]);
        if let Some(store) = ground.reopen(keep, again.take()) {
            break store;
        }
        tally.opening += 1;
    };
    ground.audited(&sim.store);
    sim.witness.look(&sim.store, &sim.world).await;
    tokio::time::sleep(Duration::from_millis(dice.below(10_000))).await;
}

/// Plays a plot in which power goes away at these moments of one life after the other.
async fn blackouts(plot: &Plot, seed: u64, moments: &[Moment], tally: &mut Tally) -> Finish {
    let mut dice = Dice::of(seed, "power");
    let mut sim = Sim::on_disk(plot.clone()).await;
    for moment in moments {
        let plan = match moment {
            Moment::Call(after) => {
                sim.ground.as_ref().unwrap().go_dark(*after);
                Plan::count()
            }
            Moment::Point(point, nth) => Plan::error(point, *nth),
        };
        if sim.life(plan, None).await == End::Over {
            break;
        }
        black_out(&mut sim, &mut dice, tally).await;
    }
    sim.ground.as_ref().unwrap().stay();
    sim.finish().await
}

/// How many calls to the disk an undisturbed run makes from its submission.
fn calls(plot: &Plot) -> u64 {
    play(async {
        let mut sim = Sim::on_disk(plot.clone()).await;
        let before = sim.ground.as_ref().unwrap().calls();
        sim.finish().await;
        sim.ground.as_ref().unwrap().calls() - before
    })
}

/// In the plots of each seed: power lost at each crash point (with `all` in each plot that reaches it, otherwise in one), and
/// `rounds` times one to three losses with any call.
fn campaign(seeds: std::ops::Range<u64>, rounds: u64, all: bool) {
    let begun = Instant::now();
    let mut tally = Tally::default();
    for seed in seeds {
        let mut seen = BTreeSet::new();
        // A turn's time is counted from its intent. So one that fails at once looks like any other that failed where an outage
        // lies within it, and costs an iteration, which is known and not what is tried with any call or at full size.
        let instant = |plot: &Plot| plot.turns.iter().any(|turn| turn.2 == Turn::Instant);
        // What a program leaves that is killed in its work is another thing with each attempt, and it counts.
        let killed = |plot: &Plot| plot.fates.iter().any(|fate| fate.4 == Fate::OutOfMemory);
        for plot in stories::all(seed).into_iter().filter(|plot| !(all && instant(plot))) {
            let rounds = if instant(&plot) || killed(&plot) { 0 } else { rounds };
            let (finish, counts) = undisturbed(&plot);
            let calls = calls(&plot);
            let mut dice = Dice::of(seed, plot.name);
            let points = counts.into_iter().filter(|(point, _)| seen.insert(point.clone()) || all);
            let mut moments: Vec<_> = points
                .map(|(point, times)| {
                    let nth = u32::try_from(dice.between(1, u64::from(times))).unwrap();
                    vec![Moment::Point(point, nth)]
                })
                .collect();
            moments.extend((0..rounds).map(|round| (0..=round % 3).map(|_| Moment::Call(dice.below(calls))).collect()));
            for moments in moments {
                let end = play(blackouts(&plot, dice.below(u64::MAX), &moments, &mut tally));
                assert_eq!(told(end), told(finish.clone()), "power lost at {moments:?}: {plot:?}");
            }
        }
    }
    let text = format!("{tally:?} in {:?}", begun.elapsed());
    drop(Out::stderr().line(&exact::encode(text.as_bytes())));
    assert!(tally.losses > 0 && tally.opening > 0, "{tally:?}");
}

/// An end without the iterations whose prompts quoted guidance: a turn that was lost is repeated with what came meanwhile.
fn told(mut end: Finish) -> Finish {
    for one in &mut end.guidance {
        one.truncate(one.rfind(' ').unwrap_or_default());
    }
    end
}

/// Nobody brings to the disk what a container leaves that is killed with its shim, so nothing of it counts once the power was away.
#[test]
fn what_a_killed_turn_left_is_not_taken_once_the_power_was_away() {
    let mut tally = Tally::default();
    for seed in 0..8 {
        let fates = vec![(StepKind::Develop, 1, 1, 6, Fate::OutOfMemory)];
        let plot = Plot { parts: 2, fates, ..Plot::plain("killed", seed) };
        let moments = [Moment::Point("step.develop.ended".to_owned(), 1)];
        let end = play(blackouts(&plot, seed, &moments, &mut tally));
        assert!(end.state == RunState::Succeeded && end.questions.is_empty(), "{seed}: {end:?}");
    }
    assert_eq!(tally.losses, 8);
}

#[test]
fn a_loss_of_power_comes_to_the_same_end() {
    campaign(0..1, 1, false);
}

#[test]
#[ignore = "minutes: cargo test --release --lib engine::sim -- --ignored --nocapture"]
fn losses_of_power_in_every_plot_come_to_the_same_end() {
    campaign(100..125, 6, true);
}
