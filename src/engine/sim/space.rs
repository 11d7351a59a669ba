//! A disk without space for new steps: what works goes on, nothing else begins, people see why, and soon after there is space
//! again everything comes to the same end.

use super::life::{Sim, play, undisturbed};
use super::plot::Plot;
use super::world::SimWorld;
use crate::domain::{QuestionKind, QuestionState, RunId, RunState, StepKind, StepState};
use crate::engine::Engine;
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Space that is back must be used after this time at the latest.
const SOON: Duration = Duration::from_secs(10);

/// One life of the engine, in which something is looked at from outside.
async fn live<T>(sim: &Sim, look: impl AsyncFnOnce(&Engine<SimWorld>) -> T) -> T {
    let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(2));
    tokio::select! {
        served = Arc::clone(&engine).serve() => panic!("the engine ended: {served:?}"),
        seen = look(&engine) => seen,
    }
}

/// The run's steps: how many there are, and how many are at work.
fn steps(store: &Store, run: RunId) -> (usize, usize) {
    let steps = store.read_sync(|view| view.steps(run)).unwrap();
    let open = steps.iter().filter(|step| !matches!(step.state, StepState::Ended { .. })).count();
    (steps.len(), open)
}

fn state(store: &Store, run: RunId) -> RunState {
    store.read_sync(|view| view.run(run)).unwrap().unwrap().state
}

async fn until(fits: impl Fn() -> bool) {
    while !fits() {
        sleep(Duration::from_millis(100)).await;
    }
}

fn waits(engine: &Engine<SimWorld>, run: RunId) -> bool {
    engine.notes.get(run).is_some_and(|note| note.starts_with("waits for space: the disk is full"))
}

#[test]
fn without_space_no_step_begins_and_with_it_all_goes_on() {
    let plot = Plot::plain("plain", 5);
    let (finish, _) = undisturbed(&plot);
    let disturbed = play(async {
        let mut sim = Sim::new(plot).await;
        let run = sim.run;
        sim.faults.run_short(true);
        live(&sim, async |engine| {
            sleep(Duration::from_mins(5)).await;
            assert_eq!((state(&sim.store, run), steps(&sim.store, run)), (RunState::Queued, (0, 0)));
            assert!(waits(engine, run), "people do not see why");
            sim.faults.run_short(false);
            timeout(SOON, until(|| state(&sim.store, run) != RunState::Queued)).await.unwrap();
            // The base is tested; then space runs out under an agent at work.
            until(|| sim.world.daemon.age(|key| key.kind == StepKind::Develop).is_some()).await;
            sim.faults.run_short(true);
        })
        .await;
        // What works is taken up by the next engine, too, and ends.
        let count = live(&sim, async |engine| {
            assert_eq!(steps(&sim.store, run).1, 1);
            timeout(Duration::from_hours(1), until(|| steps(&sim.store, run).1 == 0)).await.unwrap();
            let count = steps(&sim.store, run).0;
            sleep(Duration::from_hours(1)).await;
            assert_eq!(steps(&sim.store, run), (count, 0), "a step began without space");
            assert!(waits(engine, run), "people do not see why");
            count
        })
        .await;
        live(&sim, async |engine| {
            sleep(Duration::from_mins(1)).await;
            assert!(waits(engine, run), "the next engine does not say why");
            sim.faults.run_short(false);
            timeout(SOON, until(|| steps(&sim.store, run).0 > count)).await.unwrap();
            assert!(!waits(engine, run));
        })
        .await;
        sim.finish().await
    });
    assert_eq!(disturbed, finish);
}

/// Whether one question, and no more, tells people of the disk.
fn told(store: &Store) -> bool {
    let open = store.read_sync(|view| view.questions(Some(QuestionState::Open), 100)).unwrap();
    let disk = open.iter().filter(|one| one.kind == QuestionKind::Disk).count();
    assert!(disk <= 1, "{open:?}");
    disk == 1
}

#[test]
fn a_disk_that_stays_full_is_a_question_until_there_is_space() {
    play(async {
        let sim = Sim::new(Plot::plain("plain", 6)).await;
        sim.faults.run_short(true);
        live(&sim, async |_| {
            sleep(Duration::from_mins(4)).await;
            assert!(!told(&sim.store), "what passes by itself is nobody's business");
            sleep(Duration::from_mins(2)).await;
            assert!(told(&sim.store));
        })
        .await;
        // The next engine asks no second time, and a store that takes nothing just then is asked again.
        live(&sim, async |_| {
            sleep(Duration::from_mins(20)).await;
            assert!(told(&sim.store));
            sim.faults.run_short(false);
            timeout(Duration::from_mins(1), until(|| !told(&sim.store))).await.unwrap();
        })
        .await;
        let events = sim.store.read_sync(|view| {
            view.audit_page(&crate::store::AuditFilter {
                most: 100,
                kind: Some("space.".to_owned()),
                ..Default::default()
            })
        });
        assert_eq!(events.unwrap().records.len(), 2);
        // One that begins when there is space again takes back what the one before asked.
        sim.faults.run_short(true);
        live(&sim, async |_| sleep(Duration::from_mins(6)).await).await;
        assert!(told(&sim.store));
        sim.faults.run_short(false);
        live(&sim, async |_| timeout(Duration::from_mins(1), until(|| !told(&sim.store))).await.unwrap()).await;
    });
}
