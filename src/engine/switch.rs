//! The switch of models: from its commit on no request passes to any provider, those under way are cut, and runs whose agents
//! work with models wait, frozen, until a person lets them go on.

use super::ask::LONGEST;
use super::driver::Halt;
use super::ports::World;
use super::{AskError, Engine};
use crate::audit::AuditEvent;
use crate::domain::{Actor, ModelStop, Project, Run, RunId};
use crate::store::RunFilter;
use crate::words::WAITS;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A start that was under way when the stop came may be done a little later.
const LATE_STARTS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

impl<W: World> Engine<W> {
    /// Stops models, for one project or for all. Said again, the new reason stands.
    pub async fn stop_models(&self, project: Option<Project>, reason: String, by: Actor) -> Result<(), AskError> {
        if reason.len() > LONGEST {
            return Err(AskError::TooLong { found: reason.len(), most: LONGEST });
        }
        let id = project.as_ref().map(|project| project.id);
        let stopped = self.store.write(move |tx| {
            let mut stops = tx.model_stops()?;
            stops.set(id, Some(ModelStop { by: by.clone(), reason: reason.clone(), at: tx.now() }));
            tx.put_model_stops(&stops)?;
            let event = AuditEvent::new(by, "models.stopped").detail(json!({ "reason": reason, "all": id.is_none() }));
            tx.record(match id {
                Some(id) => event.project(id),
                None => event,
            })
        });
        stopped.await?;
        for run in self.kept_from_models(id).await? {
            self.world.cut_models(run);
            self.ring(run);
        }
        self.announce();
        Ok(())
    }

    /// Lets models be asked again, for one project or for all. Where a project was stopped by itself, it stays so.
    pub async fn start_models(&self, project: Option<Project>, by: Actor) -> Result<(), AskError> {
        let id = project.as_ref().map(|project| project.id);
        let started = self.store.write(move |tx| {
            let mut stops = tx.model_stops()?;
            if stops.set(id, None).is_none() {
                return Ok(false);
            }
            tx.put_model_stops(&stops)?;
            let event = AuditEvent::new(by, "models.started").detail(json!({ "all": id.is_none() }));
            tx.record(match id {
                Some(id) => event.project(id),
                None => event,
            })?;
            Ok(true)
        });
        if !started.await? {
            let whose = project.map_or_else(|| "for all projects".to_owned(), |one| format!("for {} alone", one.name));
            return Err(AskError::Unfit(format!("models are not stopped {whose}: see `dogwatch models`")));
        }
        // Drivers have left the runs that waited; the scheduler begins with them again.
        self.relet.store(true, Ordering::Release);
        for run in self.kept_from_models(id).await? {
            self.ring(run);
        }
        self.announce();
        Ok(())
    }

    /// The runs that a switch is about.
    async fn kept_from_models(&self, project: Option<crate::domain::ProjectId>) -> Result<Vec<RunId>, AskError> {
        let filter = RunFilter { unfinished: true, limit: Some(u32::MAX), ..RunFilter::default() };
        let runs = self.store.read(move |view| view.runs(&filter)).await?;
        Ok(runs.iter().filter(|run| project.is_none_or(|id| run.project == id)).map(|run| run.id).collect())
    }

    /// What keeps a run from models now.
    pub(super) async fn model_stop(&self, run: RunId) -> Result<Option<ModelStop>, Halt> {
        Ok(self.store.read(move |view| view.model_stop(run)).await?)
    }

    /// Freezes what a run has under way and leaves it so. It gives its place to others, as a paused one does.
    pub(super) async fn hold_without_models(&self, run: &Run, stop: &ModelStop) -> Result<(), Halt> {
        for pause in LATE_STARTS {
            self.freeze(run).await?;
            self.note(run.id, &waits(stop));
            tokio::time::sleep(pause).await;
        }
        Err(Halt::Stopped)
    }
}

/// That a run waits, in words.
fn waits(stop: &ModelStop) -> String {
    let why = if stop.reason.is_empty() { String::new() } else { format!(" ({})", stop.reason) };
    format!("{WAITS}`dogwatch models start`: {} stopped models{why}", stop.by.label())
}
