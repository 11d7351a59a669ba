//! The engine's own test run: each suite in a fresh container on a clean checkout of the iteration's commit.

use super::develop::keep_paths;
use super::steps::{duration, key, step_environment};
use super::{Context, Engine, Halt};
use crate::browser::Orders;
use crate::config::{Browser, Suite};
use crate::domain::{Run, Step, StepEnd, StepKind, StepState};
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};
use crate::sandbox::{Network, Profile, StepSpec};
use std::ops::Range;
use std::path::PathBuf;

impl<W: World> Engine<W> {
    pub(super) async fn test(&self, context: &Context) -> Result<(), Halt> {
        let mut milliseconds = 0;
        let again = context.run.rerun.as_ref().map(|rerun| &rerun.suites);
        for suite in &context.config.suites {
            if again.is_some_and(|suites| !suites.contains(&suite.name)) {
                continue;
            }
            milliseconds += self.tested(context, suite).await?;
        }
        self.advance(context, Event::Tested { milliseconds }).await
    }

    /// Brings a suite to its result, where it has none yet, and tells the time that took in milliseconds.
    pub(super) async fn tested(&self, context: &Context, suite: &Suite) -> Result<u64, Halt> {
        let now = attempts(&context.run);
        if suite.services.is_empty() {
            let step = match self.verdict_of(context, suite, &now).await? {
                Some(step) => step,
                None => self.run_suite(context, suite, Network::default()).await?,
            };
            return Ok(duration(&step));
        }
        let has_verdict = self.verdict_of(context, suite, &now).await?.is_some();
        if !has_verdict && self.unready(context, suite, &now).await?.is_none() {
            self.run_beside_services(context, suite).await?;
        }
        self.stop_services(context, suite).await?;
        self.time_of(context, suite, &now).await
    }

    /// The commit that the present iteration tests.
    pub(super) fn tested_commit(context: &Context) -> String {
        match &context.run.head {
            Some(head) if context.run.iteration > 0 => head.clone(),
            _ => context.base.clone(),
        }
    }

    /// The execution of a suite in these attempts of the iteration whose result counts, if there is one already.
    pub(super) async fn verdict_of(
        &self,
        context: &Context,
        suite: &Suite,
        attempts: &Range<u32>,
    ) -> Result<Option<Step>, Halt> {
        let steps = self.steps_of(context.run.id, context.run.iteration).await?;
        Ok(steps.into_iter().rev().find(|step| {
            step.key.kind == StepKind::Test
                && step.key.suite == suite.name
                && attempts.contains(&step.key.attempt)
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
            argv = self.own_program(context, &orders.arguments()).await?;
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
            runtime: context.config.runtime.clone(),
            keep: keep_paths(context),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: None,
            data: self.data_of(context).await?,
            limits: context.config.limits,
            times: suite.times(),
            network,
            key,
        };
        let again = if context.run.rerun.is_some() { " a second time, since its result is in doubt" } else { "" };
        self.note(context.run.id, &format!("iteration {}: suite {} runs{again}", context.run.iteration, suite.name));
        self.run_step(context, &spec, None, false).await
    }
}

/// The attempts that the present tests belong to: all of an iteration's, or those of the second time.
pub(super) fn attempts(run: &Run) -> Range<u32> {
    run.rerun.as_ref().map_or(0, |rerun| rerun.from)..u32::MAX
}

/// The attempts of the first time.
pub(super) fn first_attempts(run: &Run) -> Range<u32> {
    0..run.rerun.as_ref().map_or(u32::MAX, |rerun| rerun.from)
}

/// Whether an end says something of the program under test.
pub(super) fn counts(end: &StepEnd) -> bool {
    !matches!(end, StepEnd::Lost { .. } | StepEnd::Stopped)
}
