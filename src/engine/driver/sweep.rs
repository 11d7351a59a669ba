//! What is left over from elsewhere: steps that a rollback, a pause or a cancel left behind, containers, trees.

use super::tasks::place_of;
use super::{Engine, Halt};
use crate::domain::{Run, RunId, RunState, StepEnd, StepKey, StepKind, StepState};
use crate::engine::crash::Crashed;
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};
use crate::sandbox::{Ended, Sandbox, SandboxError};
use std::time::Duration;

/// A container engine may take so long over a start that nobody waits for any more.
const LATEST_START: Duration = Duration::from_mins(1);

impl<W: World> Engine<W> {
    /// Where the run's steps run.
    pub(in crate::engine) fn sandbox(&self, run: &Run) -> Result<&W::Sandbox, SandboxError> {
        self.world.sandbox_at(&run.engine)
    }

    /// The same for whoever has only its number.
    pub(super) async fn sandbox_of(&self, run: RunId) -> Result<&W::Sandbox, Halt> {
        Ok(self.sandbox(&self.load(run).await?)?)
    }

    /// Ends every open step of the run that the present work is not about.
    pub(in crate::engine) async fn sweep(&self, run: &Run) -> Result<(), Halt> {
        self.stop_tasks(run.id, place_of(run)).await?;
        let mut turns = false;
        // What runs for a task is the tasks' own.
        for step in self.open_steps(run.id).await?.into_iter().filter(|step| step.key.task().is_none()) {
            let key = &step.key;
            let belongs = match key.kind {
                StepKind::Prepare => run.state == RunState::Preparing,
                StepKind::Develop => matches!(run.state, RunState::Planning | RunState::Developing),
                StepKind::Audit => run.state == RunState::Reviewing,
                StepKind::Test | StepKind::Network | StepKind::Service | StepKind::Ready | StepKind::Program => {
                    run.state == RunState::Testing
                }
            };
            if belongs && (key.iteration, key.attempt) == (run.iteration, run.attempt) {
                continue;
            }
            if matches!(key.kind, StepKind::Prepare | StepKind::Develop | StepKind::Audit) {
                self.world.close_way(run.id);
            }
            if let StepState::Created { container } = &step.state {
                self.sandbox(run)?.remove(container).await?;
            }
            // A container that was made but not recorded is found by its name.
            self.remove_containers_of(key).await?;
            let stopped = Ended { end: StepEnd::Stopped, log_digest: String::new(), intrusions: 0 };
            self.record_ended(key, &stopped).await?;
            self.world.trees().remove(&self.places().tree(key)).await?;
            turns |= matches!(key.kind, StepKind::Develop | StepKind::Audit);
        }
        if turns {
            // Nobody asks any more on its behalf, and the next turn has not begun.
            self.book_rest(run.id).await?;
        }
        Ok(())
    }

    /// Freezes every container of a paused run, and looks again with growing pauses: a start that was under way when the
    /// pause came may be done long after nobody waits for it any more.
    pub(super) async fn freeze_for_good(&self, run: &Run) -> Result<(), Halt> {
        let mut pause = Duration::from_secs(1);
        loop {
            self.freeze(run).await?;
            if self.notes.get(run.id).is_some() {
                // What stood in the way of the pause does not any more.
                self.notes.clear(run.id);
                self.announce();
            }
            if pause > LATEST_START {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    pub(in crate::engine) async fn freeze(&self, run: &Run) -> Result<(), Halt> {
        for (_, container) in self.containers_of_run(run).await? {
            self.sandbox(run)?.freeze(&container).await?;
        }
        Ok(())
    }

    /// Removes everything that a cancelled run has, then records that.
    pub(super) async fn clean_up(&self, run: &Run) -> Result<(), Halt> {
        self.remove_all(run).await?;
        self.report(run.id, (run.state, run.iteration, run.attempt), Event::Cleaned).await
    }

    /// Removes what a run that is over still has. Failing is no reason to keep anybody waiting: the next start tries again.
    pub(in crate::engine) async fn tidy(&self, run: &Run) -> Result<(), Crashed> {
        match self.remove_all(run).await {
            Err(Halt::Crashed) => Err(Crashed),
            Err(halt) => {
                self.note(run.id, &format!("cannot tidy up yet: {halt:?}"));
                Ok(())
            }
            Ok(()) => {
                self.notes.clear(run.id);
                Ok(())
            }
        }
    }

    async fn remove_all(&self, run: &Run) -> Result<(), Halt> {
        self.world.close_way(run.id);
        self.stop_tasks(run.id, None).await?;
        for (_, container) in self.containers_of_run(run).await? {
            self.sandbox(run)?.remove(&container).await?;
            self.crash.at("clean.container")?;
        }
        for step in self.open_steps(run.id).await? {
            let stopped = Ended { end: StepEnd::Stopped, log_digest: String::new(), intrusions: 0 };
            self.record_ended(&step.key, &stopped).await?;
        }
        self.book_rest(run.id).await?;
        self.world.trees().remove(&self.places().trees_of(run.id)).await?;
        self.world.trees().remove(&self.places().steps_of(run.id)).await?;
        self.crash.at("clean.trees")?;
        Ok(())
    }

    /// Names and ids of the run's containers: those with our label whose name is that of a step in the database.
    async fn containers_of_run(&self, run: &Run) -> Result<Vec<(String, String)>, Halt> {
        let known: Vec<String> = self.all_steps(run.id).await?.iter().map(|step| step.key.to_string()).collect();
        let labelled = self.sandbox(run)?.labelled().await?;
        Ok(labelled.into_iter().filter(|(name, _)| known.contains(name)).collect())
    }

    /// The container of a step, by name.
    pub(super) async fn container_of(&self, key: &StepKey) -> Result<Option<String>, Halt> {
        let name = key.to_string();
        Ok(self
            .sandbox_of(key.run)
            .await?
            .labelled()
            .await?
            .into_iter()
            .find(|(step, _)| *step == name)
            .map(|(_, id)| id))
    }

    /// Removes the container of a step, found by name.
    pub(super) async fn remove_containers_of(&self, key: &StepKey) -> Result<(), Halt> {
        if let Some(container) = self.container_of(key).await? {
            self.sandbox_of(key.run).await?.remove(&container).await?;
        }
        Ok(())
    }
}
