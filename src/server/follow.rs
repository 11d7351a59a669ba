//! The stream of a run's logs, step after step, until the run rests for good.

use super::Server;
use super::answer::read_range;
use super::detail::{blocking, log_size};
use super::outbox::{Gone, Outbox};
use crate::domain::{RunId, Step, StepLog, StepState};
use crate::engine::ports::World;
use crate::protocol::{Bytes, Event, Fault, FaultCode, LogChunk};
use crate::sandbox::Sandbox;
use std::collections::HashMap;
use std::time::Duration;

/// Most bytes in one event.
const CHUNK: u64 = 64 * 1024;
/// How often an open log is looked at for more.
const LOOK: Duration = Duration::from_millis(200);

/// How far the client has a step's log.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    bytes: u64,
    /// The step had ended before its log was read to its end, so nothing more comes.
    whole: bool,
}

/// Why a stream ends before its run does.
enum Broken {
    Gone,
    Fault(Fault),
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl<E: Into<Fault>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl<S: Sandbox> Server<S> {
    pub(super) async fn follow(&self, run: RunId, from_iteration: u32, outbox: &Outbox) -> Result<(), Gone> {
        match self.follow_to_its_end(run, from_iteration, outbox).await {
            Ok(()) => outbox.event(Event::End).await,
            Err(Broken::Gone) => Err(Gone),
            // An end without the rest of the log would be taken for the whole.
            Err(Broken::Fault(fault)) => outbox.end(fault).await,
        }
    }

    async fn follow_to_its_end(&self, run: RunId, from_iteration: u32, outbox: &Outbox) -> Result<(), Broken> {
        let mut sent: HashMap<String, Sent> = HashMap::new();
        loop {
            // Whether the run is over is read before its logs, so that nothing written in between is missed.
            let over = self.engine.load(run).await?.state.is_final();
            let steps = self.engine.store.read(move |view| view.steps(run)).await?;
            for step in steps.iter().filter(|step| step.key.iteration >= from_iteration) {
                let at = sent.entry(step.key.to_string()).or_default();
                if !at.whole {
                    *at = self.send_log(step, *at, outbox).await?;
                }
            }
            if over {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = outbox.closed() => return Err(Broken::Gone),
            }
        }
    }

    /// Sends what a step's log has by now.
    async fn send_log(&self, step: &Step, mut at: Sent, outbox: &Outbox) -> Result<Sent, Broken> {
        let path = self.engine.world.places().log(&step.key);
        let place = path.clone();
        let engine = |message: String| Fault { code: FaultCode::Engine, message };
        let size = blocking(move || log_size(&place)).await?.map_err(|error| engine(error.to_string()))?;
        // What is missing must not look as if nothing had been written.
        if let StepLog::Kept { bytes, .. } = step.log
            && bytes != size
        {
            let message =
                format!("the log of {} has {size} bytes where {bytes} were kept; somebody removed it", step.key);
            return Err(engine(message).into());
        }
        while at.bytes < size {
            let bytes = read_range(path.clone(), at.bytes, size.min(at.bytes + CHUNK)).await?;
            if bytes.is_empty() {
                return Err(engine(format!("the log of {} is shorter than its index says", step.key)).into());
            }
            let chunk =
                LogChunk { run: step.key.run, step: step.key.to_string(), offset: at.bytes, bytes: Bytes::new(&bytes) };
            outbox.event(Event::Log(chunk)).await?;
            at.bytes += bytes.len() as u64;
        }
        at.whole = matches!(step.state, StepState::Ended { .. });
        Ok(at)
    }
}
