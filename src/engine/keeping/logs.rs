//! Removes logs of runs that are over, as the policy says. The intent is on record before, the outcome after it.

use super::policy::{doomed, stored};
use crate::audit::AuditEvent;
use crate::domain::{Actor, Collection, GarbageKind, RunId, Step, StepLog};
use crate::engine::Engine;
use crate::engine::driver::Halt;
use crate::engine::ports::{Trees, World};
use crate::store::View;
use serde_json::json;

/// Logs that are removed with one record.
const BATCH: usize = 200;

/// Logs of one run that go for one reason.
struct Batch {
    run: RunId,
    reason: String,
    steps: Vec<Step>,
}

impl Batch {
    fn stored(&self) -> u64 {
        self.steps.iter().map(|step| stored(&step.log)).sum()
    }

    fn event(&self, actor: &Actor, kind: &str, steps: &[Step]) -> AuditEvent {
        let names: Vec<String> = steps.iter().map(|step| step.key.to_string()).collect();
        let detail = json!({ "steps": names, "bytes": self.stored(), "reason": self.reason });
        AuditEvent::new(actor.clone(), kind).run(self.run).detail(detail)
    }
}

impl<W: World> Engine<W> {
    pub(super) async fn collect_logs(&self, dry: bool, by: &Actor, found: &mut Collection) -> Result<(), Halt> {
        let logged = |view: &View<'_>| view.steps_with_log();
        let steps = self.store.read(logged).await?;
        for batch in batches(doomed(steps, self.world.now(), self.world.retention())) {
            let name = format!("{}, {} logs", batch.run, batch.steps.len());
            found.add(GarbageKind::Logs, name, Some(batch.stored()), &batch.reason);
            if !dry {
                self.remove_logs(&batch, by, found).await?;
            }
        }
        Ok(())
    }

    async fn remove_logs(&self, batch: &Batch, by: &Actor, found: &mut Collection) -> Result<(), Halt> {
        let event = batch.event(by, "retention.logs_intended", &batch.steps);
        self.mark(&batch.steps, event, |step| StepLog::Removing {
            stored: stored(&step.log),
            reason: batch.reason.clone(),
        })
        .await?;
        self.crash.at("retention.logs_intended")?;
        let mut gone = Vec::new();
        for step in &batch.steps {
            match self.world.trees().remove_log(&self.places().log(&step.key)).await {
                Ok(()) => gone.push(step.clone()),
                Err(fault) => found.fault(format!("the log of {} is still there: {fault}", step.key)),
            }
        }
        self.crash.at("retention.logs_removed")?;
        if gone.is_empty() {
            return Ok(());
        }
        let (event, at) = (batch.event(by, "retention.logs_removed", &gone), self.world.now());
        self.mark(&gone, event, |_| StepLog::Removed { at, reason: batch.reason.clone() }).await
    }

    async fn mark(&self, steps: &[Step], event: AuditEvent, log: impl Fn(&Step) -> StepLog) -> Result<(), Halt> {
        let rows: Vec<_> = steps.iter().map(|step| (step.id, log(step))).collect();
        self.store
            .write(move |tx| {
                for (id, log) in &rows {
                    tx.set_step_log(*id, log)?;
                }
                tx.record(event)
            })
            .await?;
        self.announce();
        Ok(())
    }
}

/// Steps of one run that go for one reason, put together.
fn batches(doomed: Vec<(Step, String)>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (step, reason) in doomed {
        match batches.last_mut() {
            Some(last) if last.run == step.key.run && last.reason == reason && last.steps.len() < BATCH => {
                last.steps.push(step);
            }
            _ => batches.push(Batch { run: step.key.run, reason, steps: vec![step] }),
        }
    }
    batches
}
