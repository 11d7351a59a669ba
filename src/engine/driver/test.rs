//! The engine's own test run: each suite in a fresh container on a clean checkout of the iteration's commit.

use super::develop::keep_paths;
use super::steps::{duration, key, step_environment};
use super::{Context, Engine, Halt};
use crate::browser::Orders;
use crate::config::{Browser, Suite};
use crate::domain::{Step, StepEnd, StepKind, StepState};
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};
use crate::sandbox::{Network, Profile, StepSpec};
use std::path::PathBuf;

impl<W: World> Engine<W> {
    pub(super) async fn test(&self, context: &Context) -> Result<(), Halt> {
        let mut milliseconds = 0;
        for suite in &context.config.suites {
            milliseconds += self.tested(context, suite).await?;
        }
        self.advance(context, Event::Tested { milliseconds }).await
    }

    /// Brings a suite to its result, where it has none yet, and tells the time that took in milliseconds.
    async fn tested(&self, context: &Context, suite: &Suite) -> Result<u64, Halt> {
        if suite.services.is_empty() {
            let step = match self.verdict_of(context, suite).await? {
                Some(step) => step,
                None => self.run_suite(context, suite, Network::default()).await?,
            };
            return Ok(duration(&step));
        }
        if self.verdict_of(context, suite).await?.is_none() && self.unready(context, suite).await?.is_none() {
            self.run_beside_services(context, suite).await?;
        }
        self.stop_services(context, suite).await?;
        self.time_of(context, suite).await
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

    pub(super) async fn run_suite(&self, context: &Context, suite: &Suite, network: Network) -> Result<Step, Halt> {
        let key = key(context, StepKind::Test, &suite.name);
        let tree = self.places().tree(&key);
        if self.wants_tree(&key).await? {
            self.await_space(context.run.id).await;
            let commit = Self::tested_commit(context);
            self.world.trees().checkout(&context.project, &commit, &tree, Some(suite), self.room(context)).await?;
            self.crash.at("test.checked_out")?;
        }
        let mut image = context.run.image.as_ref().map(|image| image.id.clone()).unwrap_or_default();
        let mut argv = suite.command.argv();
        if let Some(browser) = &suite.browser {
            let orders = Orders { pages: browser.pages.clone(), pictures: PathBuf::from(Browser::PICTURES_INSIDE) };
            argv = self.own_program(&orders.arguments()).await?;
            let own = context.run.image.as_ref().and_then(|image| image.services.get(&suite.name));
            image = own.cloned().unwrap_or(image);
        }
        let spec = StepSpec {
            profile: Profile::Test,
            image,
            argv,
            env: step_environment(&suite.env),
            cwd: suite.cwd(),
            tree: Some(tree),
            stdin: Vec::new(),
            open_until: None,
            keep: keep_paths(context),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: None,
            limits: context.config.limits,
            times: suite.times(),
            network,
            key,
        };
        self.note(context.run.id, &format!("iteration {}: suite {} runs", context.run.iteration, suite.name));
        self.run_step(context, &spec, None, false).await
    }
}

/// Whether an end says something of the program under test.
pub(super) fn counts(end: &StepEnd) -> bool {
    !matches!(end, StepEnd::Lost { .. } | StepEnd::Stopped)
}
