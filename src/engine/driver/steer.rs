//! Live steering: guidance that comes while an agent works reaches it at once, where the agent can hear it. Where each piece went
//! is on record, the intent before the sending. Whatever came of it, the next prompt quotes the guidance, so nothing depends
//! on this but time.

use super::{Context, Engine, Halt};
use crate::agent::Agent;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Guidance, GuidanceState, Live, LiveFate, Millis, StepKey, StepState};
use crate::engine::ports::World;
use crate::sandbox::{Said, Sandbox};
use crate::store::StoreError;
use serde_json::json;
use std::time::Duration;

/// Between two tries to say something.
const PAUSE: Duration = Duration::from_millis(250);

impl<W: World> Engine<W> {
    /// Gives the agent of a step what came after its prompt, then waits for ever: whoever guides a run makes its driver begin
    /// anew, and this with it. Only a crash point ends it.
    pub(super) async fn steer(&self, context: &Context, key: &StepKey, agent: &dyn Agent) -> Halt {
        let mut commits = self.commits();
        loop {
            commits.mark_unchanged();
            match self.steer_once(context, key, agent).await {
                Ok(true) => return std::future::pending().await,
                Ok(false) => {
                    // The engine that would tick no more is gone with this future.
                    let _ = commits.changed().await;
                }
                Err(Halt::Crashed) => return Halt::Crashed,
                // What could not be recorded or said is tried again: the turn does not depend on it.
                Err(halt) => {
                    tracing::debug!(step = %key, "guidance waits: {halt:?}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Gives it what waits now; `false` where the step has no container yet.
    async fn steer_once(&self, context: &Context, key: &StepKey, agent: &dyn Agent) -> Result<bool, Halt> {
        let Some(StepState::Created { container }) = self.step(key).await?.map(|step| step.state) else {
            return Ok(false);
        };
        for one in self.unheard(context).await? {
            let Some(bytes) = agent.steer(one.number, &one.text) else {
                let reason = format!("{} takes no guidance while it works", agent.name());
                self.record_live(key, &one, None, LiveFate::Missed { reason }).await?;
                continue;
            };
            if one.live.is_none() {
                self.record_live(key, &one, None, LiveFate::Sending).await?;
                self.crash.at("steer.intended")?;
            }
            let said = self.sandbox(&context.run)?.say(&container, u64::from(one.number), &bytes).await?;
            self.crash.at("steer.said")?;
            let (at, fate) = fate(said);
            self.record_live(key, &one, at, fate).await?;
            self.crash.at("steer.recorded")?;
        }
        Ok(true)
    }

    /// Guidance that neither a prompt has quoted nor anything is known of that would have become of it, oldest first.
    async fn unheard(&self, context: &Context) -> Result<Vec<Guidance>, StoreError> {
        let run = context.run.id;
        let mut all = self.store.read(move |view| view.guidance(run)).await?;
        all.retain(|one| {
            one.state == GuidanceState::Accepted && one.live.as_ref().is_none_or(|live| live.fate == LiveFate::Sending)
        });
        Ok(all)
    }

    async fn record_live(
        &self,
        key: &StepKey,
        one: &Guidance,
        at: Option<Millis>,
        fate: LiveFate,
    ) -> Result<(), StoreError> {
        let (run, number, iteration, step) = (one.run, one.number, key.iteration, key.to_string());
        self.store
            .write(move |tx| {
                let live = Live { iteration, step, at: at.unwrap_or_else(|| tx.now()), fate };
                tx.set_live(run, number, &live)?;
                let detail = json!({ "number": number, "live": live });
                tx.record(AuditEvent::new(Actor::Engine, "guidance.live").run(run).detail(detail))
            })
            .await?;
        self.announce();
        Ok(())
    }
}

/// What is known after something was said.
fn fate(said: Said) -> (Option<Millis>, LiveFate) {
    let missed = |reason: &str| (None, LiveFate::Missed { reason: reason.to_owned() });
    match said {
        Said::Written(at) => (Some(at), LiveFate::Delivered),
        Said::Refused => missed("the agent had done its turn already"),
        Said::Unable => missed("its container was begun by an earlier version of dogwatch"),
        Said::Cut => (None, LiveFate::Unknown),
    }
}
