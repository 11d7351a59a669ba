//! The stream of a run's logs, step after step, until the run rests for good.

use super::Server;
use super::answer::read_range;
use super::connection::{Gone, Outbox};
use crate::domain::RunId;
use crate::engine::ports::World;
use crate::protocol::{Bytes, Event, LogChunk};
use crate::sandbox::Sandbox;
use std::collections::HashMap;
use std::time::Duration;

/// Most bytes in one event.
const CHUNK: u64 = 64 * 1024;
/// How often an open log is looked at for more.
const LOOK: Duration = Duration::from_millis(200);

impl<S: Sandbox> Server<S> {
    pub(super) async fn follow(&self, run: RunId, from_iteration: u32, outbox: &Outbox) -> Result<(), Gone> {
        let mut sent: HashMap<String, u64> = HashMap::new();
        loop {
            // Whether the run is over is read before its logs, so that nothing written in between is missed.
            let over = match self.engine.load(run).await {
                Ok(run) => run.state.is_final(),
                Err(error) => {
                    tracing::warn!("a log stream could not read the store: {error}");
                    false
                }
            };
            let logs = self.logs(run).await.unwrap_or_default();
            for log in logs.into_iter().filter(|log| log.key.iteration >= from_iteration) {
                let path = self.engine.world.places().log(&log.key);
                let offset = sent.entry(log.step.clone()).or_default();
                while *offset < log.bytes {
                    let end = log.bytes.min(*offset + CHUNK);
                    let Ok(bytes) = read_range(path.clone(), *offset, end).await else { break };
                    let chunk = LogChunk { run, step: log.step.clone(), offset: *offset, bytes: Bytes::new(&bytes) };
                    outbox.event(Event::Log(chunk)).await?;
                    *offset += bytes.len() as u64;
                    if bytes.is_empty() {
                        break;
                    }
                }
            }
            if over {
                return outbox.event(Event::End).await;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = outbox.closed() => return Err(Gone),
            }
        }
    }
}
