//! Closes the logs of steps that are over: each is compared with the digest that was recorded at its step's end, and
//! compressed. What came of it is recorded.

use crate::domain::{Step, StepId, StepLog, StepState};
use crate::engine::Engine;
use crate::engine::crash::Crashed;
use crate::engine::driver::step_event;
use crate::engine::ports::{Trees, World};
use crate::logs::Closed;
use serde_json::json;
use std::sync::atomic::Ordering;

/// Logs that are looked up at once.
const BATCH: u32 = 100;

impl<W: World> Engine<W> {
    /// Closes every log that can be closed. Gives whether something stood in the way, so that it is worth trying again.
    pub(in crate::engine) async fn close_logs(&self) -> Result<bool, Crashed> {
        self.unclosed.store(false, Ordering::Release);
        let mut after = StepId(0);
        let mut again = false;
        loop {
            let steps = match self.store.read(move |view| view.steps_to_close(after, BATCH)).await {
                Ok(steps) => steps,
                Err(error) => {
                    tracing::warn!("cannot see which logs are to be closed: {error}");
                    return Ok(true);
                }
            };
            let Some(last) = steps.last() else { return Ok(again) };
            after = last.id;
            for step in &steps {
                again |= !self.close_log(step).await?;
            }
        }
    }

    /// Closes the log of one step; gives whether that is done.
    async fn close_log(&self, step: &Step) -> Result<bool, Crashed> {
        let StepState::Ended { log_digest, .. } = &step.state else { return Ok(true) };
        let log = match self.world.trees().close_log(&self.places().log(&step.key), log_digest).await {
            Ok(Closed::Kept { bytes, stored }) => StepLog::Kept { bytes, stored },
            Ok(Closed::Damaged { stored, reason }) => StepLog::Damaged { stored, reason },
            Ok(Closed::Missing) => StepLog::Missing,
            Err(fault) => {
                tracing::warn!(step = %step.key, "its log cannot be closed yet: {fault}");
                return Ok(false);
            }
        };
        self.crash.at("log.closed")?;
        if let StepLog::Damaged { reason, .. } = &log {
            tracing::error!(step = %step.key, "{reason}");
        }
        let (id, key) = (step.id, step.key.clone());
        let recorded = self.store.write(move |tx| {
            tx.set_step_log(id, &log)?;
            tx.record(step_event(&key, "log_closed", json!({ "log": log })))
        });
        match recorded.await {
            Ok(_) => Ok(true),
            Err(error) => {
                tracing::warn!(step = %step.key, "that its log is closed cannot be recorded: {error}");
                Ok(false)
            }
        }
    }
}
