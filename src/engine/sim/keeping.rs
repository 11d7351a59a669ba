//! What is removed, on the played outside.

use super::life::{Sim, ada, play};
use super::plot::Plot;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Collection, GarbageKind, RunState, Step, StepEnd, StepKey, StepKind, StepLog, StepState};
use crate::engine::Engine;
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;

/// A step of the run that has ended and whose log is closed.
async fn logged(sim: &Sim, iteration: u32) {
    let run = sim.run;
    let key = StepKey { run, iteration, kind: StepKind::Test, suite: "unit".to_owned(), attempt: 1 };
    let ended = StepState::Ended { end: StepEnd::Exited { code: 0 }, log_digest: String::new(), intrusions: 0 };
    let job = sim.store.write(move |tx| {
        let step = tx.insert_step(&key)?.id;
        tx.set_step_state(step, &ended)?;
        tx.set_step_log(step, &StepLog::Kept { bytes: 5, stored: 3 })?;
        tx.record(AuditEvent::new(Actor::Engine, "test"))
    });
    job.await.unwrap();
}

#[test]
fn a_look_removes_nothing_and_a_run_that_is_not_over_keeps_all() {
    play(async {
        let sim = Sim::new(Plot::plain("retention", 1)).await;
        let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(1));
        logged(&sim, 1).await;
        logged(&sim, 2).await;
        assert_eq!(engine.collect(false, ada()).await.unwrap(), Collection::default());

        let mut run = engine.load(sim.run).await.unwrap();
        run.state = RunState::Failed;
        let over = sim.store.write(move |tx| {
            tx.update_run(&run)?;
            tx.record(AuditEvent::new(Actor::Engine, "test"))
        });
        over.await.unwrap();
        let told = engine.collect(true, ada()).await.unwrap();
        assert_eq!((told.items.len(), told.bytes, told.items[0].kind), (1, 6, GarbageKind::Logs));
        assert_eq!(told.items[0].name, "r1, 2 logs");
        let kept = |step: &Step| matches!(step.log, StepLog::Kept { .. });
        assert!(engine.all_steps(sim.run).await.unwrap().iter().all(kept));

        assert_eq!(engine.collect(false, ada()).await.unwrap(), told);
        let steps = engine.all_steps(sim.run).await.unwrap();
        assert!(
            steps.iter().all(|step| matches!(&step.log, StepLog::Removed { reason, .. } if reason == "older than 0s"))
        );
        assert_eq!(engine.collect(false, ada()).await.unwrap(), Collection::default());
    });
}
