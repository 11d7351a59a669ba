//! One execution of a step, from intent to recorded end. Running it again after a crash at any point picks it up where it is.

use super::ledger::Prompt;
use super::{Context, Engine, Halt};
use crate::domain::{RunId, Step, StepEnd, StepKey, StepKind, StepState};
use crate::engine::ports::{Trees, World};
use crate::sandbox::{DiskBound, Ended, Presence, Sandbox, StepSpec};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

/// How often the container of a working step is thawed, in case it is frozen.
const AWAKE: Duration = Duration::from_mins(1);
/// How the note of a run begins that waits for space.
const WAITS: &str = "waits for space";
/// How often space is looked for by a run that waits for it.
const SPACE: Duration = Duration::from_secs(2);

/// A step that was begun.
pub(super) enum Begun {
    /// It was over already.
    Over(Step),
    /// Its container is started.
    Started(String),
}

impl<W: World> Engine<W> {
    /// Runs a step to its recorded end; a loss is an error, also one that was recorded before. The container of an ended step is removed unless `keep` is set.
    /// `prompt` is what the program is told, kept with the step's intent.
    pub(super) async fn run_step(
        &self,
        context: &Context,
        spec: &StepSpec,
        prompt: Option<&Prompt>,
        keep: bool,
    ) -> Result<Step, Halt> {
        match self.begin_step(context, spec, prompt).await? {
            Begun::Over(step) => Ok(step),
            Begun::Started(container) => self.end_step(context, spec, &container, keep).await,
        }
    }

    /// Brings a step so far that its container is started, or finds it over; a loss is an error.
    pub(super) async fn begin_step(
        &self,
        context: &Context,
        spec: &StepSpec,
        prompt: Option<&Prompt>,
    ) -> Result<Begun, Halt> {
        let kind = spec.key.kind.name();
        let place = (context.run.state, context.run.iteration, context.run.attempt);
        let known = self.step(&spec.key).await?;
        let container = match known.map(|step| (step.state.clone(), step)) {
            Some((StepState::Ended { end: StepEnd::Lost { reason, explained }, .. }, _)) => {
                // Its event was not committed before the engine died.
                self.remove_containers_of(&spec.key).await?;
                return Err(Halt::Lost { reason, explained });
            }
            Some((StepState::Ended { end, .. }, step)) => {
                // The shim brings to the disk what its program wrote; where it was killed as well, nobody did before the machine
                // went down.
                let unsaved = matches!(end, StepEnd::Signalled { .. }) && spec.tree.is_some();
                if unsaved && self.is_of_another_boot(&spec.key).await? {
                    self.remove_containers_of(&spec.key).await?;
                    let reason = "the machine was started anew before what it had written was taken".to_owned();
                    return Err(Halt::Lost { reason, explained: true });
                }
                return Ok(Begun::Over(step));
            }
            Some((StepState::Created { container }, _)) => {
                if self.sandbox(&context.run)?.presence(&container).await? == Presence::Gone {
                    return Err(self.lose(spec).await?);
                }
                self.sandbox(&context.run)?.thaw(&container).await?;
                container
            }
            known => {
                if known.is_none() {
                    self.record_intent(context, &spec.key, prompt).await?;
                    self.crash.at(format!("step.{kind}.intended"))?;
                }
                let container = self.sandbox(&context.run)?.create(spec).await?;
                self.crash.at(format!("step.{kind}.created"))?;
                self.record_created(context.run.id, place, &spec.key, &container).await?;
                self.crash.at(format!("step.{kind}.recorded"))?;
                container
            }
        };
        if let Some(tree) = &spec.tree {
            self.world.trees().hold(tree).await?;
        }
        self.sandbox(&context.run)?.start(spec, &container).await?;
        self.crash.at(format!("step.{kind}.started"))?;
        Ok(Begun::Started(container))
    }

    /// Follows a step that was begun to its recorded end; a loss is an error.
    pub(super) async fn end_step(
        &self,
        context: &Context,
        spec: &StepSpec,
        container: &str,
        keep: bool,
    ) -> Result<Step, Halt> {
        let kind = spec.key.kind.name();
        let tell = |text: String| self.note(context.run.id, &text);
        let sandbox = self.sandbox(&context.run)?;
        let mut ended = tokio::select! {
            ended = sandbox.follow(spec, container, &tell) => ended?,
            never = Self::keep_awake(sandbox, container) => match never {},
        };
        if let Some(tree) = &spec.tree
            && !matches!(ended.end, StepEnd::Lost { .. } | StepEnd::Stopped)
            && !self.world.trees().is_whole(tree).await?
        {
            let reason = "the disk was full, and part of what the step wrote never reached it".to_owned();
            ended.end = StepEnd::Lost { reason, explained: true };
        }
        self.crash.at(format!("step.{kind}.followed"))?;
        let step = self.record_ended(&spec.key, &ended).await?;
        self.crash.at(format!("step.{kind}.ended"))?;
        if let StepEnd::Lost { reason, explained } = ended.end {
            self.sandbox(&context.run)?.remove(container).await?;
            return Err(Halt::Lost { reason, explained });
        }
        if !keep {
            self.sandbox(&context.run)?.remove(container).await?;
        }
        Ok(step)
    }

    /// The size of a tree with a file system of its own, in MiB, where containers see such trees.
    pub(super) fn room(&self, context: &Context) -> Option<u64> {
        // Without a sandbox nothing is checked out either.
        let own = self.sandbox(&context.run).ok()?.abilities().disk == DiskBound::FileSystem;
        own.then_some(context.config.limits.disk_mib)
    }

    /// Waits until there is space for a step that has not begun. People see why; nothing is recorded, since on a full disk
    /// the space for records is not to be wasted.
    pub(super) async fn await_space(&self, run: RunId) {
        while let Some(shortage) = self.store.shortage() {
            self.note_shortage(run, &shortage);
            tokio::time::sleep(SPACE).await;
        }
        self.forget_shortage(run);
    }

    /// Says that a run waits for space. The figures are those of the beginning, so that waiting is no chatter.
    pub(in crate::engine) fn note_shortage(&self, run: RunId, shortage: &str) {
        if !self.waits_for_space(run) {
            self.note(run, &format!("{WAITS}: {shortage}"));
        }
    }

    /// There is space again.
    pub(in crate::engine) fn forget_shortage(&self, run: RunId) {
        if self.waits_for_space(run) {
            self.notes.clear(run);
        }
    }

    fn waits_for_space(&self, run: RunId) -> bool {
        self.notes.get(run).is_some_and(|note| note.starts_with(WAITS))
    }

    /// Thaws the container now and then: a freezing that was asked for during a pause may be done after the pause is over,
    /// and frozen time counts towards no limit.
    async fn keep_awake(sandbox: &W::Sandbox, container: &str) -> Infallible {
        loop {
            tokio::time::sleep(AWAKE).await;
            if let Err(error) = sandbox.thaw(container).await {
                tracing::debug!("cannot thaw {container}: {error}");
            }
        }
    }

    /// Whether the tree of a step has to be checked out before it may begin: it was not yet, or the machine was started anew
    /// before anything worked in it. Files that had not reached the disk have names then, and nothing in them.
    pub(super) async fn wants_tree(&self, key: &StepKey) -> Result<bool, Halt> {
        let Some(step) = self.step(key).await? else { return Ok(true) };
        Ok(match step.state {
            StepState::Intended => true,
            StepState::Ended { .. } => false,
            StepState::Created { container } => {
                self.is_of_another_boot(key).await?
                    && self.sandbox_of(key.run).await?.presence(&container).await? == Presence::Created
            }
        })
    }

    /// Records that the container of a step is gone. A machine that was started anew explains it: what the container engine
    /// had made a moment before need not have reached the disk.
    async fn lose(&self, spec: &StepSpec) -> Result<Halt, Halt> {
        let explained = self.is_of_another_boot(&spec.key).await?;
        let how = if explained { "was lost when the machine was started anew" } else { "was removed from outside" };
        let reason = format!("its container {how} while nobody watched");
        let end = StepEnd::Lost { reason: reason.clone(), explained };
        self.record_ended(&spec.key, &Ended { end, log_digest: String::new(), intrusions: 0 }).await?;
        Ok(Halt::Lost { reason, explained })
    }
}

/// The key of the present attempt of a step.
pub(super) fn key(context: &Context, kind: StepKind, suite: &str) -> StepKey {
    StepKey {
        run: context.run.id,
        iteration: context.run.iteration,
        kind,
        suite: suite.to_owned(),
        attempt: context.run.attempt,
    }
}

/// Milliseconds between intent and end.
pub(super) fn duration(step: &Step) -> u64 {
    step.ended.map_or(0, |ended| u64::try_from(ended.since(step.started)).unwrap_or(0))
}

/// What every step's program finds in its environment, beside what the image sets.
pub(super) fn step_environment(own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = [
        ("HOME", "/tmp"),
        ("TMPDIR", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("CI", "true"),
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        // Compiled code that a checkpoint takes along could go before its source.
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    env.extend(own.clone());
    env
}
