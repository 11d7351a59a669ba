//! The engine's own test run: each suite in a fresh container on a clean checkout of the iteration's commit.

use super::develop::keep_paths;
use super::steps::{duration, key, step_environment};
use super::{Context, Engine, Halt};
use crate::config::Suite;
use crate::domain::{Step, StepEnd, StepKind, StepState};
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};
use crate::sandbox::{Profile, StepSpec};

impl<W: World> Engine<W> {
    pub(super) async fn test(&self, context: &Context) -> Result<(), Halt> {
        let mut milliseconds = 0;
        for suite in &context.config.suites {
            let step = match self.verdict_of(context, suite).await? {
                Some(step) => step,
                None => self.run_suite(context, suite).await?,
            };
            milliseconds += duration(&step);
        }
        self.advance(context, Event::Tested { milliseconds }).await
    }

    /// The commit that the present iteration tests.
    pub(super) fn tested_commit(context: &Context) -> String {
        match &context.run.head {
            Some(head) if context.run.iteration > 0 => head.clone(),
            _ => context.base.clone(),
        }
    }

    /// The execution of a suite in this iteration whose result counts, if there is one already.
    pub(super) async fn verdict_of(&self, context: &Context, suite: &Suite) -> Result<Option<Step>, Halt> {
        let steps = self.steps_of(context.run.id, context.run.iteration).await?;
        Ok(steps.into_iter().rev().find(|step| {
            step.key.kind == StepKind::Test
                && step.key.suite == suite.name
                && matches!(&step.state, StepState::Ended { end, .. } if counts(end))
        }))
    }

    async fn run_suite(&self, context: &Context, suite: &Suite) -> Result<Step, Halt> {
        let key = key(context, StepKind::Test, &suite.name);
        let tree = self.places().tree(&key);
        if self.wants_tree(&key).await? {
            self.await_space(context.run.id).await;
            let commit = Self::tested_commit(context);
            self.world.trees().checkout(&context.project, &commit, &tree, Some(suite), self.room(context)).await?;
            self.crash.at("test.checked_out")?;
        }
        let spec = StepSpec {
            profile: Profile::Test,
            image: context.run.image.as_ref().map(|image| image.id.clone()).unwrap_or_default(),
            argv: suite.command.argv(),
            env: step_environment(&suite.env),
            cwd: suite.cwd(),
            tree: Some(tree),
            stdin: Vec::new(),
            keep: keep_paths(context),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: None,
            limits: context.config.limits,
            times: suite.times(),
            key,
        };
        self.note(context.run.id, &format!("iteration {}: suite {} runs", context.run.iteration, suite.name));
        self.run_step(context, &spec, None, false).await
    }
}

fn counts(end: &StepEnd) -> bool {
    !matches!(end, StepEnd::Lost { .. } | StepEnd::Stopped)
}
