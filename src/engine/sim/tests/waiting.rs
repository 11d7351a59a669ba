//! Runs that wait for a place, and those that keep theirs.

use super::*;

#[test]
fn a_resumed_run_waits_for_a_place() {
    one_at_a_time(places(1), false);
}

#[test]
fn a_run_at_work_keeps_its_place_over_a_start_of_the_engine() {
    one_at_a_time(places(1), true);
}

#[test]
fn a_run_waits_for_memory_and_for_processors() {
    let usual = Limits::default();
    let half = |of: u64| Amount { most: of * 3 / 2, stated: true };
    let memory = Room { memory_mib: half(usual.memory_mib), ..places(2) };
    let processors = Room { millicpus: half(2000), ..places(2) };
    for room in [memory, processors] {
        one_at_a_time(room, false);
        one_at_a_time(room, true);
    }
}

/// Two runs and room for one: the first is paused, the second gets its place, the first is resumed.
fn one_at_a_time(room: Room, restart: bool) {
    let plot = Plot { parts: 2, ..Plot::plain("places", 1) };
    play(async {
        let sim = Sim::new(plot).await;
        let begin = || Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), room);
        let engine = begin();
        let second = engine.submit(sim.another().await).await.unwrap().id;
        let runs = |id| sim.world.daemon.age(|key| key.run == id).is_some();
        let until = async |what: &str, fits: &dyn Fn() -> bool| {
            for _ in 0..36_000 {
                assert!(!(runs(sim.run) && runs(second)), "both work: {what}");
                if fits() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("never: {what}");
        };
        let over = |id| sim.store.read_sync(|view| Ok(view.run(id)?.unwrap().state.is_final())).unwrap();
        let story = async {
            until("the first works", &|| runs(sim.run)).await;
            engine.ask(sim.run, Event::Pause { by: ada() }).await.unwrap();
            until("the second works", &|| runs(second)).await;
            engine.ask(sim.run, Event::Resume { by: ada() }).await.unwrap();
            if !restart {
                until("both are over", &|| over(sim.run) && over(second)).await;
            }
        };
        tokio::select! {
            served = std::sync::Arc::clone(&engine).serve() => panic!("{served:?}"),
            () = story => {}
        }
        if restart {
            let end = async { until("both are over", &|| over(sim.run) && over(second)).await };
            tokio::select! {
                served = begin().serve() => panic!("{served:?}"),
                () = end => {}
            }
        }
    });
}

#[test]
fn a_queued_run_does_not_take_the_place_of_one_at_work_when_the_engine_starts() {
    play(async {
        let sim = Sim::new(Plot { parts: 2, ..Plot::plain("places", 1) }).await;
        let begin = || Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(1));
        let engine = begin();
        engine.ask(sim.run, Event::Pause { by: ada() }).await.unwrap();
        let second = engine.submit(sim.another().await).await.unwrap().id;
        let works = async || {
            for _ in 0..36_000 {
                if sim.world.daemon.age(|key| key.run == second).is_some() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("it never works");
        };
        tokio::select! {
            served = std::sync::Arc::clone(&engine).serve() => panic!("{served:?}"),
            () = works() => {}
        }
        let engine = begin();
        engine.ask(sim.run, Event::Resume { by: ada() }).await.unwrap();
        let mut commits = engine.commits();
        let second_is_over = async {
            loop {
                let (first, second) = (sim.stored(sim.run), sim.stored(second));
                assert!(second.state.is_final() || first.state == RunState::Queued, "{first:?}");
                if second.state.is_final() {
                    return;
                }
                commits.changed().await.unwrap();
            }
        };
        tokio::select! {
            served = std::sync::Arc::clone(&engine).serve() => panic!("{served:?}"),
            () = second_is_over => {}
        }
    });
}
