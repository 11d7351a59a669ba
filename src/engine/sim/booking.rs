//! Whatever becomes of a turn, what its requests to models took is booked: in the run's row, in the ledger, and once.

use super::dice::Dice;
use super::life::{End, Sim, ada, play};
use super::plot::{Ask, Fate, Plot, Says, Turn, When};
use crate::domain::{QuestionKind, RunState, StepKind};
use crate::engine::Engine;
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;
use std::sync::Arc;
use std::time::Duration;

const WORKS: When = When::Runs(StepKind::Develop, 1, 3);

/// A run whose auditor is taken away, fails, says nothing and objects before it agrees.
fn audited(plain: Plot, asks: &[Ask]) -> Plot {
    let audits = vec![(1, 2, Says::Nothing(Turn::Overloaded)), (1, 3, Says::Nothing(Turn::Nothing)), (1, 4, Says::No)];
    let fates = vec![(StepKind::Audit, 1, 1, 3, Fate::Removed)];
    let asks = asks.iter().map(|ask| (When::Runs(StepKind::Audit, 1, 3), *ask)).collect();
    Plot { audit: true, parts: 1, audits, fates, asks, answers: vec![(QuestionKind::Audit, false)], ..plain }
}

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
        audited(plain("audited"), &[]),
        audited(plain("cancelled while it is audited"), &[Ask::Cancel]),
        audited(plain("redirected while it is audited"), &[Ask::Redirect("otherwise")]),
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

/// What the turn took before it was taken back reaches the cap, so nothing else is begun; but neither may it go on.
#[test]
fn an_agent_whose_turn_is_taken_back_into_a_question_works_no_longer() {
    let plot = Plot { coding: true, asks_models: true, tokens: Some(120), ..Plot::plain("taken back and asked", 1) };
    play(async {
        let sim = Sim::new(plot).await;
        sim.world.account_in(&sim.store);
        let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(1));
        let works = |iteration: u32| sim.world.daemon.age(|key| key.iteration == iteration).is_some();
        let developing = || sim.stored(sim.run).state == RunState::Developing;
        let until = async |what: &str, fits: &dyn Fn() -> bool| {
            for _ in 0..3_000 {
                if fits() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("never: {what} {:?}", sim.stored(sim.run));
        };
        let story = async {
            until("the second turn", &|| works(2) && developing()).await;
            tokio::time::sleep(Duration::from_millis(3_400)).await;
            let run = engine.roll_back(sim.run, 1, ada()).await.unwrap();
            assert_eq!(run.state, RunState::Escalated, "{run:?}");
            until("its container is gone", &|| !works(2)).await;
            assert_eq!(sim.store.read_sync(|view| view.uncounted(sim.run)).unwrap(), None);
        };
        tokio::select! {
            served = Arc::clone(&engine).serve() => panic!("{served:?}"),
            () = story => {}
        }
    });
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
