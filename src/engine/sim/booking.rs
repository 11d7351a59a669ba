//! Whatever becomes of a turn, what its requests to models took is booked: in the run's row, in the ledger, and once.

use super::dice::Dice;
use super::life::{End, Sim, play};
use super::plot::{Ask, Fate, Plot, Turn, When};
use crate::domain::{QuestionKind, RunState, StepKind};
use crate::engine::crash::Plan;
use std::time::Duration;

const WORKS: When = When::Runs(StepKind::Develop, 1, 3);

/// Every way out of a turn.
fn plots(seed: u64) -> Vec<Plot> {
    let plain = |name| Plot { coding: true, asks_models: true, ..Plot::plain(name, seed) };
    let twice = When::Runs(StepKind::Develop, 2, 3);
    let fate = |fate| vec![(StepKind::Develop, 1, 1, 3, fate)];
    let denied = vec![(QuestionKind::Trouble, false)];
    vec![
        plain("a turn that ends"),
        Plot { asks: vec![(WORKS, Ask::Cancel)], ..plain("cancelled at work") },
        Plot {
            asks: vec![(WORKS, Ask::Pause), (When::State(RunState::Paused, 30), Ask::Cancel)],
            ..plain("cancelled in a pause")
        },
        Plot { asks: vec![(twice, Ask::Rollback(1))], ..plain("taken back at work") },
        Plot { asks: vec![(WORKS, Ask::Redirect("otherwise"))], ..plain("redirected at work") },
        Plot { fates: fate(Fate::Removed), ..plain("lost") },
        Plot { fates: fate(Fate::Restart), ..plain("lost, and it is known why") },
        Plot {
            fates: vec![(StepKind::Develop, 1, 0, 3, Fate::Removed)],
            answers: denied.clone(),
            ..plain("lost for good")
        },
        Plot { turns: vec![(1, 0, Turn::Auth)], answers: denied, ..plain("it may not go on") },
        Plot {
            turns: vec![(1, 1, Turn::Limited(600)), (1, 2, Turn::Overloaded)],
            asks: vec![(When::State(RunState::Developing, 100), Ask::Cancel)],
            ..plain("cancelled while it waits")
        },
    ]
}

#[test]
fn what_requests_took_is_booked_whatever_becomes_of_the_turn() {
    for plot in plots(1) {
        play(async {
            let mut sim = Sim::new(plot.clone()).await;
            sim.finish().await;
            assert!(sim.stored(sim.run).spent.tokens > 0, "nothing was asked: {plot:?}");
        });
    }
}

#[test]
fn it_is_booked_once_also_where_the_engine_is_killed_at_any_moment() {
    for seed in 2..6 {
        for plot in plots(seed) {
            play(async {
                let mut dice = Dice::of(seed, plot.name);
                let mut sim = Sim::new(plot).await;
                for _ in 0..4 {
                    let moment = Duration::from_millis(dice.between(100, 60_000));
                    if sim.life(Plan::count(), Some(moment)).await == End::Over {
                        break;
                    }
                }
                sim.finish().await;
            });
        }
    }
}
