//! What an agent has the engine do beside its turn: done by the driver of the run while the agent works, over at the latest with
//! the turn. The rows say what there is to do and the steps how far it is, so that the next engine goes on with it. Nothing
//! of it is anybody's verdict but advice for the agent.

mod containers;
mod image;
mod suite;

pub(super) use containers::names;

use super::{Context, Engine, Halt};
use containers::Asked;

use crate::audit::AuditEvent;
use crate::domain::{
    Actor, RunId, RunState, Step, StepEnd, StepKey, StepState, Task, TaskId, TaskOutcome, TaskPlace, TaskResult,
    TaskWork,
};
use crate::engine::ports::{Take, Trees, World};
use crate::sandbox::{Ended, Sandbox};
use crate::store::StoreError;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::time::Duration;

/// Services of a turn that run at once.
const SERVICES: usize = 4;
/// Between two tries to read what there is to do.
const PAUSE: Duration = Duration::from_millis(250);

impl<W: World> Engine<W> {
    /// Does what the agent of a step asks for, until it is dropped with the turn. Only a crash point ends it.
    pub(super) async fn do_tasks(&self, context: &Context, turn: &StepKey) -> Halt {
        if self.toolset(context).is_empty() {
            return pending().await;
        }
        let mut commits = self.commits();
        let mut working = FuturesUnordered::new();
        let mut begun: BTreeMap<TaskId, &'static str> = BTreeMap::new();
        loop {
            commits.mark_unchanged();
            let open = match self.open_tasks(context).await {
                Ok(open) => open,
                Err(error) => {
                    tracing::debug!(step = %turn, "tasks wait: {error}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            for task in open {
                if begun.contains_key(&task.id) {
                    continue;
                }
                // The tree is copied at once, whatever waits for whom.
                let task = match self.with_copy(context, turn, task).await {
                    Ok(Some(task)) => task,
                    Ok(None) => continue,
                    Err(Halt::Crashed) => return Halt::Crashed,
                    Err(halt) => {
                        tracing::debug!(step = %turn, "a task waits: {halt:?}");
                        continue;
                    }
                };
                let kind = task.what.kind();
                if begun.values().filter(|other| **other == kind).count() >= at_once(kind) {
                    continue;
                }
                begun.insert(task.id, kind);
                // On the heap, since what a suite takes is deep, and there is little room on the stack of a worker.
                working.push(Box::pin(async move { (task.id, self.do_task(context, turn, &task).await) }));
            }
            tokio::select! {
                Some((id, done)) = working.next() => {
                    begun.remove(&id);
                    match done {
                        Ok(()) => {}
                        Err(Halt::Crashed) => return Halt::Crashed,
                        Err(halt) => {
                            tracing::debug!(task = %id, "a task is tried again: {halt:?}");
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                }
                // Whoever would tell of more is gone with the engine.
                _ = commits.changed() => {}
            }
        }
    }

    /// The tasks of the present turn that are not over.
    async fn open_tasks(&self, context: &Context) -> Result<Vec<Task>, StoreError> {
        let (run, place) = (context.run.id, place(context));
        let mut open = self.store.read(move |view| view.open_tasks(run)).await?;
        open.retain(|task| task.place == Some(place));
        Ok(open)
    }

    /// A task with the commit that it works on: a copy of the agent's tree as it is now. `None` where that cannot be had, which
    /// ends the task.
    async fn with_copy(&self, context: &Context, turn: &StepKey, task: Task) -> Result<Option<Task>, Halt> {
        if task.commit.is_some() {
            return Ok(Some(task));
        }
        let head = context.run.head.clone().unwrap_or_else(|| context.base.clone());
        let message = format!("dogwatch run {}, task {}\n\nA copy for a test run.", context.run.id.0, task.id.0);
        let take = Take {
            parent: &head,
            base: &context.base,
            exclude: &super::develop::keep_paths(context),
            message: &message,
            time: task.asked,
        };
        let taken = self.world.trees().take(&context.project, &self.places().tree(turn), &take).await;
        let refused = match taken {
            Ok(taken) => match taken.not_taken {
                None => {
                    self.crash.at("task.copied")?;
                    let (id, commit) = (task.id, taken.commit.clone());
                    self.change_task(context.run.id, id, "copied", json!({ "commit": commit }), move |tx| {
                        tx.set_task_commit(id, &commit)
                    })
                    .await?;
                    return Ok(Some(Task { commit: Some(taken.commit), ..task }));
                }
                Some(reason) => {
                    TaskResult::plain(TaskOutcome::Impossible, format!("the tree was not copied: {reason}"))
                }
            },
            Err(fault) => TaskResult::plain(TaskOutcome::Broken, fault.0),
        };
        self.end_task(context.run.id, task.id, refused).await?;
        Ok(None)
    }

    /// Does a task to its recorded end.
    async fn do_task(&self, context: &Context, turn: &StepKey, task: &Task) -> Result<(), Halt> {
        let id = task.id;
        self.change_task(context.run.id, id, "begun", json!({}), move |tx| tx.begin_task(id)).await?;
        self.crash.at("task.begun")?;
        let done = match &task.what {
            TaskWork::Tests { suite } => self.unless_stopped(id, Box::pin(self.run_tests(context, task, suite))).await,
            TaskWork::Image { directory, dockerfile } => {
                self.unless_stopped(id, Box::pin(self.build_image(context, task, directory, dockerfile))).await
            }
            TaskWork::Program { from, argv, env, seconds } => {
                Box::pin(self.run_program(context, turn, task, &Asked { from, argv, env }, *seconds)).await
            }
            TaskWork::Service { from, argv, env, port } => {
                Box::pin(self.run_service(context, turn, task, &Asked { from, argv, env }, *port)).await
            }
        };
        let result = match done {
            Ok(result) => result,
            Err(halt @ (Halt::Crashed | Halt::Store(_) | Halt::Superseded | Halt::Stopped)) => return Err(halt),
            Err(Halt::Lost { reason, .. }) => TaskResult::plain(TaskOutcome::NoVerdict, reason),
            Err(Halt::Trouble(reason) | Halt::Lasting(reason)) => TaskResult::plain(TaskOutcome::Broken, reason),
            Err(Halt::Capped { project, .. }) => {
                TaskResult::plain(TaskOutcome::Broken, format!("{project} has no room under its caps"))
            }
        };
        self.crash.at("task.done")?;
        self.end_task(context.run.id, id, result).await?;
        self.crash.at("task.ended")?;
        self.clear_task(context.run.id, id).await
    }

    /// Does something that can be given up at any time.
    async fn unless_stopped(
        &self,
        id: TaskId,
        work: impl Future<Output = Result<TaskResult, Halt>>,
    ) -> Result<TaskResult, Halt> {
        tokio::select! {
            done = work => done,
            () = self.is_to_end(id) => Ok(TaskResult::plain(TaskOutcome::Stopped, "it was stopped, as was asked")),
        }
    }

    async fn end_task(&self, run: RunId, id: TaskId, result: TaskResult) -> Result<(), StoreError> {
        let detail = json!({ "outcome": result.outcome, "words": result.words, "tests": result.tests });
        self.change_task(run, id, "ended", detail, move |tx| tx.end_task(id, &result).map(drop)).await
    }

    async fn change_task(
        &self,
        run: RunId,
        id: TaskId,
        what: &str,
        mut detail: serde_json::Value,
        job: impl FnOnce(&crate::store::Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        if let Some(object) = detail.as_object_mut() {
            object.insert("task".to_owned(), json!(id.to_string()));
        }
        let event = AuditEvent::new(Actor::Engine, format!("task.{what}")).run(run).detail(detail);
        self.store
            .write(move |tx| {
                job(tx)?;
                tx.record(event)
            })
            .await?;
        self.announce();
        Ok(())
    }

    /// Takes away what a task has left: containers of steps that are still open, and trees.
    pub(super) async fn clear_task(&self, run: RunId, id: TaskId) -> Result<(), Halt> {
        for step in self.all_steps(run).await?.into_iter().filter(|step| step.key.task() == Some(id)) {
            self.drop_step(&step).await?;
        }
        Ok(())
    }

    /// Ends all tasks of a run but those of the present turn, and takes away what they have left.
    pub(super) async fn stop_tasks(&self, run: RunId, except: Option<TaskPlace>) -> Result<(), Halt> {
        let open = self.store.read(move |view| view.open_tasks(run)).await?;
        if open.iter().any(|task| except.is_none() || task.place != except) {
            self.store
                .write(move |tx| {
                    let stopped = tx.stop_tasks(run, except.as_ref())?;
                    let stopped: Vec<String> = stopped.iter().map(TaskId::to_string).collect();
                    let detail = json!({ "tasks": stopped, "outcome": TaskOutcome::Stopped });
                    tx.record(AuditEvent::new(Actor::Engine, "task.stopped").run(run).detail(detail))
                })
                .await?;
            self.announce();
            self.crash.at("task.stopped")?;
        }
        for step in self.open_steps(run).await? {
            let at = TaskPlace { run, iteration: step.key.iteration, attempt: step.key.attempt };
            if step.key.task().is_some() && except != Some(at) {
                self.drop_step(&step).await?;
            }
        }
        // An image goes after the containers that have it.
        self.remove_task_images(run, except).await
    }

    /// Ends what the agent of a turn that is over had the engine do. How long that was at work, in milliseconds.
    pub(super) async fn close_tasks(&self, context: &Context) -> Result<u64, Halt> {
        let place = place(context);
        self.stop_tasks(context.run.id, None).await?;
        Ok(self.store.read(move |view| view.task_time(&place)).await?)
    }

    /// Removes the container of a step, records its end where there is none yet, and removes its tree.
    pub(super) async fn drop_step(&self, step: &Step) -> Result<(), Halt> {
        let open = !matches!(step.state, StepState::Ended { .. });
        if open {
            if let StepState::Created { container } = &step.state {
                self.sandbox_of(step.key.run).await?.remove(container).await?;
            }
            // A container that was made but not recorded is found by its name.
            self.remove_containers_of(&step.key).await?;
            let stopped = Ended { end: StepEnd::Stopped, log_digest: String::new(), intrusions: 0 };
            self.record_ended(&step.key, &stopped).await?;
        }
        self.world.trees().remove(&self.places().tree(&step.key)).await?;
        Ok(())
    }
}

/// How many of a kind are at work at once.
fn at_once(kind: &str) -> usize {
    if kind == TaskWork::SERVICE { SERVICES } else { 1 }
}

/// The turn of the present work.
fn place(context: &Context) -> TaskPlace {
    TaskPlace { run: context.run.id, iteration: context.run.iteration, attempt: context.run.attempt }
}

/// The present turn of a run, where it is in one.
pub(super) fn place_of(run: &crate::domain::Run) -> Option<TaskPlace> {
    let turn = matches!(run.state, RunState::Planning | RunState::Developing);
    turn.then_some(TaskPlace { run: run.id, iteration: run.iteration, attempt: run.attempt })
}
