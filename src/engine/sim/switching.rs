//! A person stops models: nothing is asked from then on, runs wait frozen and give their places away, and nothing is lost.

use super::life::{Sim, ada, play};
use super::plot::Plot;
use super::world::SimWorld;
use crate::domain::{Project, RunId, RunState};
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;
use crate::engine::{AskError, Engine};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

fn begin(sim: &Sim) -> Arc<Engine<SimWorld>> {
    sim.world.account_in(&sim.store);
    Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(1))
}

/// Lets an engine serve while a story goes on.
async fn during<T>(engine: &Arc<Engine<SimWorld>>, story: impl Future<Output = T>) -> T {
    tokio::select! {
        served = Arc::clone(engine).serve() => panic!("{served:?}"),
        told = story => told,
    }
}

async fn until(what: &str, fits: impl Fn() -> bool) {
    for _ in 0..36_000 {
        if fits() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

fn requests(sim: &Sim, run: RunId) -> u64 {
    sim.store.read_sync(|view| Ok(view.requests(run)?.iter().map(|sum| sum.requests).sum())).unwrap()
}

fn project(sim: &Sim, name: &'static str) -> Project {
    sim.store.read_sync(|view| Ok(view.project_named(name)?.unwrap())).unwrap()
}

fn events(sim: &Sim, kind: &str) -> u64 {
    let sql = "SELECT count(*) FROM audit WHERE kind = ?1";
    sim.store.read_sync(|view| Ok(view.connection().query_row(sql, [kind], |row| row.get(0))?)).unwrap()
}

fn coding() -> Plot {
    Plot { coding: true, asks_models: true, ..Plot::plain("models are stopped", 3) }
}

#[test]
fn from_the_commit_on_nothing_is_asked_until_a_person_starts_models_again_also_by_the_next_engine() {
    play(async {
        let sim = Sim::new(coding()).await;
        let works = || sim.world.daemon.age(|key| key.run == sim.run).is_some();
        let developing = || sim.stored(sim.run).state == RunState::Developing;
        let engine = begin(&sim);
        let asked = during(&engine, async {
            until("the agent asks", || developing() && requests(&sim, sim.run) > 0).await;
            engine.stop_models(None, "the bill".to_owned(), ada()).await.unwrap();
            let asked = requests(&sim, sim.run);
            until("it is frozen", || !works()).await;
            tokio::time::sleep(HOUR).await;
            let note = engine.notes.get(sim.run).unwrap();
            assert!(note.contains("ada stopped models (the bill)") && note.contains("models start"), "{note}");
            asked
        })
        .await;
        assert_eq!((requests(&sim, sim.run), works(), developing()), (asked, false, true));
        drop(engine);
        sim.world.orphan();
        let engine = begin(&sim);
        during(&engine, async {
            tokio::time::sleep(HOUR).await;
            assert_eq!((requests(&sim, sim.run), works(), developing()), (asked, false, true));
            let none = engine.start_models(Some(project(&sim, "played")), ada()).await;
            assert!(matches!(none, Err(AskError::Unfit(_))), "{none:?}");
            engine.start_models(None, ada()).await.unwrap();
            until("it is over", || sim.stored(sim.run).state.is_final()).await;
        })
        .await;
        let run = sim.stored(sim.run);
        // Nothing failed, and no turn was begun anew.
        assert_eq!((run.state, run.spent.iterations, events(&sim, "run.agent_held")), (RunState::Succeeded, 2, 0));
        assert_eq!((events(&sim, "models.stopped"), events(&sim, "models.started")), (1, 1));
        assert!(requests(&sim, sim.run) > asked);
    });
}

#[test]
fn a_stopped_project_gives_its_place_to_others() {
    play(async {
        let sim = Sim::new(coding()).await;
        let engine = begin(&sim);
        let mut new = sim.another().await;
        new.project = project(&sim, "elsewhere");
        let second = engine.submit(new).await.unwrap().id;
        during(&engine, async {
            let played = Some(project(&sim, "played"));
            until("the agent asks", || requests(&sim, sim.run) > 0).await;
            engine.stop_models(played.clone(), String::new(), ada()).await.unwrap();
            until("the other is over", || sim.stored(second).state.is_final()).await;
            assert_eq!(sim.stored(sim.run).state, RunState::Developing);
            engine.start_models(played, ada()).await.unwrap();
            until("it is over", || sim.stored(sim.run).state.is_final()).await;
        })
        .await;
        assert_eq!([sim.run, second].map(|run| sim.stored(run).state), [RunState::Succeeded; 2]);
    });
}
