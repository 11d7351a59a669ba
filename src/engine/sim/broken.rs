//! What breaks inside the engine or in its own files: a person is asked, and nothing is tried for ever without one.

use super::life::{Sim, play};
use super::plot::Plot;
use super::world::SimWorld;
use crate::domain::{Question, QuestionKind, RunState, StepKind};
use crate::engine::Engine;
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const SOON: Duration = Duration::from_mins(1);

async fn live<T>(sim: &Sim, look: impl AsyncFnOnce(&Engine<SimWorld>) -> T) -> T {
    let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(2));
    tokio::select! {
        served = Arc::clone(&engine).serve() => panic!("the engine ended: {served:?}"),
        seen = look(&engine) => seen,
    }
}

async fn until(what: &str, fits: impl Fn() -> bool) {
    let waited = timeout(SOON, async {
        while !fits() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn asked(sim: &Sim) -> Vec<Question> {
    sim.store.read_sync(|view| view.questions_of(sim.run)).unwrap()
}

fn one_answer() -> Plot {
    Plot { answers: vec![(QuestionKind::Trouble, true)], ..Plot::plain("broken", 7) }
}

#[test]
fn a_driver_that_fails_again_and_again_is_a_question_and_delays_nobody() {
    play(async {
        let mut sim = Sim::new(Plot { rivals: 1, ..one_answer() }).await;
        let (run, other) = (sim.run, sim.others[0]);
        sim.world.disk.held().haunted = true;
        let begun = Instant::now();
        live(&sim, async |_| {
            until("a question", || sim.stored(run).state == RunState::Escalated).await;
            until("another", || sim.stored(other).state == RunState::Escalated).await;
        })
        .await;
        assert!(begun.elapsed() >= Duration::from_secs(3), "a whirl: {:?}", begun.elapsed());
        let question = asked(&sim).pop().unwrap();
        assert!(
            question.kind == QuestionKind::Trouble && question.facts[0].contains("failed over it 3 times in a row"),
            "{question:?}"
        );
        assert!(question.facts[0].ends_with("haunted"), "{question:?}");
        sim.world.disk.held().haunted = false;
        drop(sim.finish().await);
    });
}

/// A kept text of which a byte has changed, or is gone, does not come back by itself.
#[test]
fn a_kept_prompt_that_is_damaged_is_a_question() {
    play(async {
        let sim = Sim::new(one_answer()).await;
        live(&sim, async |_| {
            until("an agent", || sim.world.daemon.age(|key| key.kind == StepKind::Develop).is_some()).await;
        })
        .await;
        sim.store
            .read_sync(|view| {
                view.damage_blobs();
                Ok(())
            })
            .unwrap();
        live(&sim, async |_| until("a question", || sim.stored(sim.run).state == RunState::Escalated).await).await;
        let question = asked(&sim).pop().unwrap();
        assert!(
            question.facts[0].contains("blob ") && question.facts[0].contains("not those that the name stands for")
        );
    });
}
