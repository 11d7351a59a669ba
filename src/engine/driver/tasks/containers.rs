//! Containers beside an agent's own: programs that run once and services that stay until the turn is over. The engine composes
//! each of what it has itself: images of the run, a copy of the agent's tree, the walls of tests, and limits within the run's.
//! They share the network of the agent's container, which leads nowhere else.

use crate::domain::{
    ImageFrom, StepEnd, StepKey, StepKind, StepState, Task, TaskId, TaskOutcome, TaskResult, TaskState,
};
use crate::engine::driver::develop::keep_paths;
use crate::engine::driver::steps::{Begun, key, step_environment};
use crate::engine::driver::{Context, Engine, Halt};
use crate::engine::ports::{Trees, World};
use crate::probe;
use crate::sandbox::{Limits, Network, Profile, Sandbox, StepSpec, WallTimes};
use serde_json::json;
use std::time::Duration;

/// How much is told of the output.
const OUTPUT: usize = 6 * 1024;
/// How long a program has to end when it is asked to.
const GRACE: Duration = Duration::from_secs(3);
/// How long a service may take until it takes connections, in seconds.
const WITHIN: u64 = 60;
/// Services live as long as the turn, and are removed after it; this is only for when nobody does it.
const LONGEST: u64 = 86_400;
/// Each container has this part of what the run's steps may use, so that all that may run at once have about as much as one.
const PART: u64 = 4;
/// The least memory that is of any use, in MiB.
const LEAST_MEMORY: u64 = 64;

/// A container that an agent asks for.
pub(super) struct Asked<'a> {
    pub from: &'a ImageFrom,
    pub argv: &'a [String],
    pub env: &'a [(String, String)],
}

impl<W: World> Engine<W> {
    /// Runs a program to its end.
    pub(super) async fn run_program(
        &self,
        context: &Context,
        turn: &StepKey,
        task: &Task,
        asked: &Asked<'_>,
        seconds: u32,
    ) -> Result<TaskResult, Halt> {
        let spec = match self.beside_spec(context, turn, task, StepKind::Program, asked, u64::from(seconds)).await? {
            Ok(spec) => spec,
            Err(words) => return Ok(TaskResult::plain(TaskOutcome::Impossible, words)),
        };
        let step = match self.begin_beside(context, task, &spec).await? {
            Begun::Over(step) => step,
            Begun::Started(container) => self.follow_beside(context, &spec, &container, task.id).await?,
        };
        self.ended_beside(&step, "the program").await
    }

    /// Runs a service until it ends, or is ended.
    pub(super) async fn run_service(
        &self,
        context: &Context,
        turn: &StepKey,
        task: &Task,
        asked: &Asked<'_>,
        port: Option<u16>,
    ) -> Result<TaskResult, Halt> {
        let spec = match self.beside_spec(context, turn, task, StepKind::Service, asked, LONGEST).await? {
            Ok(spec) => spec,
            Err(words) => return Ok(TaskResult::plain(TaskOutcome::Impossible, words)),
        };
        let step = match self.begin_beside(context, task, &spec).await? {
            Begun::Over(step) => step,
            Begun::Started(container) => {
                let mut running = Box::pin(self.follow_beside(context, &spec, &container, task.id));
                let ready = tokio::select! {
                    biased;
                    ended = &mut running => Err(ended?),
                    ready = Box::pin(self.is_ready(context, task, &spec.network, port)) => Ok(ready?),
                };
                match ready {
                    Ok(true) => {
                        let id = task.id;
                        self.change_task(context.run.id, id, "ready", json!({ "port": port }), move |tx| {
                            tx.task_is_ready(id)
                        })
                        .await?;
                        self.crash.at("task.ready")?;
                        running.await?
                    }
                    Ok(false) => {
                        self.stop_beside(context, &container).await?;
                        let result = self.ended_beside(&running.await?, "the service").await?;
                        let port = port.unwrap_or_default();
                        let words = format!("the service took no connection at port {port} within {WITHIN} s");
                        return Ok(TaskResult { outcome: TaskOutcome::Failed, words, ..result });
                    }
                    Err(step) => step,
                }
            }
        };
        self.ended_beside(&step, "the service").await
    }

    /// Checks the tree out for a container, and starts it.
    async fn begin_beside(&self, context: &Context, task: &Task, spec: &StepSpec) -> Result<Begun, Halt> {
        if let Some(tree) = &spec.tree
            && self.wants_tree(&spec.key).await?
        {
            self.await_space(context.run.id).await;
            let commit = task.commit.as_ref().unwrap_or(&context.base);
            self.world.trees().checkout(&context.project, commit, tree, None, self.room(context)).await?;
            self.crash.at("task.checked_out")?;
        }
        self.begin_step(context, spec, None).await
    }

    /// Follows a container to its end, which somebody may ask for.
    async fn follow_beside(
        &self,
        context: &Context,
        spec: &StepSpec,
        container: &str,
        id: TaskId,
    ) -> Result<crate::domain::Step, Halt> {
        let mut end = Box::pin(self.end_step(context, spec, container, false));
        tokio::select! {
            ended = &mut end => return ended,
            () = self.is_to_end(id) => {}
        }
        self.stop_beside(context, container).await?;
        end.await
    }

    async fn stop_beside(&self, context: &Context, container: &str) -> Result<(), Halt> {
        let sandbox = self.sandbox(&context.run)?;
        if let Err(error) = sandbox.stop(container, GRACE).await {
            tracing::debug!(container, "a program was not asked to end: {error}");
            sandbox.remove(container).await?;
        }
        Ok(())
    }

    /// Waits until a task is to end.
    pub(super) async fn is_to_end(&self, id: TaskId) {
        let mut commits = self.commits();
        loop {
            commits.mark_unchanged();
            match self.store.read(move |view| view.task(id)).await {
                Ok(Some(task)) if task.stopping || task.state == TaskState::Ended => return,
                Ok(_) => {}
                Err(error) => tracing::debug!(task = %id, "a task cannot be looked at: {error}"),
            }
            // Whoever would tell of more is gone with the engine.
            if commits.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Waits until a service takes connections; whether it does.
    async fn is_ready(
        &self,
        context: &Context,
        task: &Task,
        network: &Network,
        port: Option<u16>,
    ) -> Result<bool, Halt> {
        let Some(port) = port else { return Ok(true) };
        let words: Vec<String> =
            ["await-ready".to_owned()].into_iter().chain(probe::sign("it", "tcp", &port.to_string(), WITHIN)).collect();
        let argv = self.own_program(context, &words).await?;
        let key = key(context, StepKind::Ready, &StepKey::of_task(task.id, 1, "it"));
        let spec = self.small(context, key, argv, WITHIN + 60, network.clone());
        let step = self.run_step(context, &spec, None, false).await?;
        Ok(matches!(step.state, StepState::Ended { end: StepEnd::Exited { code: 0 }, .. }))
    }

    /// What a container is made of; or, in words, why there can be none.
    async fn beside_spec(
        &self,
        context: &Context,
        turn: &StepKey,
        task: &Task,
        kind: StepKind,
        asked: &Asked<'_>,
        seconds: u64,
    ) -> Result<Result<StepSpec, String>, Halt> {
        let network = match self.step(turn).await?.map(|step| step.state) {
            Some(StepState::Created { container }) => Network::Of(container),
            _ => return Err(Halt::Trouble("the agent's container is not there yet".to_owned())),
        };
        let Some(run_image) = context.run.image.as_ref() else {
            return Err(Halt::Trouble("the run has no image".to_owned()));
        };
        let service = match asked.from {
            ImageFrom::Service { name } => match context.config.services.get(name) {
                Some(service) => Some(service),
                None => return Ok(Err(format!("there is no service {name}"))),
            },
            ImageFrom::Run | ImageFrom::Built { .. } => None,
        };
        let image = match asked.from {
            ImageFrom::Service { name } if service.is_some_and(|service| service.image.is_some()) => {
                run_image.services.get(name).cloned()
            }
            ImageFrom::Run | ImageFrom::Service { .. } => Some(run_image.id.clone()),
            ImageFrom::Built { task } => self.sandbox(&context.run)?.local_image(&self.task_image(*task)).await?,
        };
        let Some(image) = image else { return Ok(Err("its image is not there any more".to_owned())) };
        let foreign = service.is_some_and(|service| service.image.is_some());
        let argv = match service {
            Some(service) if asked.argv.is_empty() => service.command.argv(),
            _ => asked.argv.to_vec(),
        };
        let mut env = service.map(|service| service.env.clone()).unwrap_or_default();
        env.extend(asked.env.iter().cloned());
        let limits = match service {
            Some(service) => service.limits(context.config.limits),
            None => part(context.config.limits),
        };
        let name = if kind == StepKind::Service { "service" } else { "run" };
        let key = key(context, kind, &StepKey::of_task(task.id, 1, name));
        Ok(Ok(StepSpec {
            profile: Profile::Test,
            image,
            argv,
            env: step_environment(&env),
            cwd: service.map_or_else(|| "/work".to_owned(), crate::config::project::Service::cwd),
            tree: Some(self.places().tree(&key)),
            stdin: Vec::new(),
            open_until: None,
            runtime: context.config.runtime.clone(),
            keep: if foreign { Vec::new() } else { keep_paths(context) },
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: None,
            data: std::collections::BTreeMap::new(),
            limits: within(limits, context.config.limits),
            times: WallTimes { seconds, silent_seconds: None },
            network,
            key,
        }))
    }

    /// What became of a program.
    async fn ended_beside(&self, step: &crate::domain::Step, what: &str) -> Result<TaskResult, Halt> {
        let StepState::Ended { end, .. } = &step.state else { return Err(Halt::Superseded) };
        let (outcome, words) = match end {
            StepEnd::Exited { code: 0 } => (TaskOutcome::Passed, format!("{what} ended well")),
            StepEnd::Stopped => (TaskOutcome::Stopped, format!("{what} was stopped")),
            StepEnd::Lost { reason, .. } => (TaskOutcome::NoVerdict, format!("{what} was lost: {reason}")),
            end => (TaskOutcome::Failed, format!("{what} {}", crate::evidence::how_it_ended(end).1)),
        };
        let exit_code = if let StepEnd::Exited { code } = end { Some(*code) } else { None };
        let output = self.output_of(step, OUTPUT).await?;
        let milliseconds = super::super::steps::duration(step);
        Ok(TaskResult { exit_code, output, milliseconds, ..TaskResult::plain(outcome, words) })
    }
}

/// Limits of one of several that run beside a step with these.
fn part(whole: Limits) -> Limits {
    Limits {
        memory_mib: (whole.memory_mib / PART).max(LEAST_MEMORY),
        cpus: (whole.cpus / 2.0).max(0.1),
        pids: (whole.pids / 2).max(32),
        tmp_mib: (whole.tmp_mib / PART).max(16),
        disk_mib: (whole.disk_mib / PART).max(64),
        log_mib: (whole.log_mib / PART).max(16),
    }
}

/// None of a run's containers may use more than the run's own steps.
fn within(limits: Limits, most: Limits) -> Limits {
    Limits {
        memory_mib: limits.memory_mib.min(most.memory_mib),
        cpus: limits.cpus.min(most.cpus),
        pids: limits.pids.min(most.pids),
        tmp_mib: limits.tmp_mib.min(most.tmp_mib),
        disk_mib: limits.disk_mib.min(most.disk_mib),
        log_mib: limits.log_mib.min(most.log_mib),
    }
}

/// Names that stand for the loopback address in the agent's network: those of the project's services, and one that is always
/// there, since a network without any has no table of names.
pub(in crate::engine::driver) fn names(context: &Context) -> Vec<String> {
    context.config.services.keys().cloned().chain(["beside".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_beside_never_has_more_than_the_run() {
        let whole = Limits { memory_mib: 128, cpus: 0.5, pids: 64, tmp_mib: 8, disk_mib: 100, log_mib: 4 };
        let part = within(part(whole), whole);
        assert_eq!((part.memory_mib, part.pids, part.tmp_mib, part.disk_mib, part.log_mib), (64, 32, 8, 64, 4));
        assert!(part.cpus <= whole.cpus);
        let usual = within(super::part(Limits::default()), Limits::default());
        assert_eq!(usual.memory_mib, 1024);
    }
}
