//! What runs beside a suite: a container that holds their network, the services in it, and one that waits until they are
//! ready. All are steps with an intent and an end of their own, so that dying anywhere finds them again.

mod findings;
mod specs;

use super::steps::{Begun, duration, key};
use super::test::counts;
use super::{Context, Engine, Halt};
use crate::config::Suite;
use crate::domain::{Step, StepEnd, StepKey, StepKind, StepState};
use crate::engine::ports::{Trees, World};
use crate::sandbox::{Ended, Network, Presence, Sandbox, StepSpec};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::ops::Range;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a container is followed before it is removed, where nobody followed it: so long its shim needs at most to find the
/// engine again, and hands over what it kept. One that is killed while it greets looks like somebody who only feigns to be it.
const FAREWELL: Duration = Duration::from_secs(3);

/// How long services have to end after SIGTERM, to put down what they hold and say their last words, before they are killed.
const GRACE: Duration = Duration::from_secs(5);

/// Why a suite never began.
pub(super) struct Unready {
    /// The step that waited in vain, if it did.
    waited: Option<Step>,
    /// Services that ended before.
    ended: Vec<Step>,
}

impl<W: World> Engine<W> {
    /// Starts the services of a suite, runs it beside them or leaves it where they are not ready, and ends them; what became
    /// of it says the store.
    pub(super) async fn run_beside_services(&self, context: &Context, suite: &Suite) -> Result<(), Halt> {
        let spec = self.network_spec(context, suite).await?;
        let holder = match self.begin_step(context, &spec, None).await? {
            Begun::Started(container) => container,
            Begun::Over(_) => return Err(no_network()),
        };
        let mut held = pin!(self.end_step(context, &spec, &holder, false));
        let done = tokio::select! {
            biased;
            ended = &mut held => return Err(ended.err().unwrap_or_else(no_network)),
            done = self.run_in(context, suite, &holder) => done,
        };
        match done {
            Ok(()) => {
                self.sandbox(&context.run)?.remove(&holder).await?;
                held.await.map(drop)
            }
            // Nobody can join a network whose holder has ended, which is no fault of whoever tried.
            Err(Halt::Trouble(_)) if self.sandbox(&context.run)?.presence(&holder).await? != Presence::Running => {
                Err(held.await.err().unwrap_or_else(no_network))
            }
            Err(halt) => Err(halt),
        }
    }

    /// The same in a network that is held.
    async fn run_in(&self, context: &Context, suite: &Suite, holder: &str) -> Result<(), Halt> {
        let mut specs = Vec::new();
        for name in &suite.services {
            specs.extend(self.service_spec(context, suite, name, holder));
        }
        let mut running = FuturesUnordered::new();
        let mut started = Vec::new();
        let mut ended = false;
        for spec in &specs {
            if let Some(tree) = &spec.tree
                && self.wants_tree(&spec.key).await?
            {
                self.await_space(context.run.id).await;
                let commit = Self::tested_commit(context);
                self.world.trees().checkout(&context.project, &commit, tree, None, self.room(context)).await?;
                self.crash.at("services.checked_out")?;
            }
            match self.begin_step(context, spec, None).await? {
                Begun::Started(container) => {
                    started.push(container.clone());
                    running.push(async move { self.end_step(context, spec, &container, false).await });
                }
                Begun::Over(_) => ended = true,
            }
        }
        self.crash.at("services.begun")?;
        let begun = AtomicBool::new(self.step(&key(context, StepKind::Test, &suite.name)).await?.is_some());
        if ended && !begun.load(Ordering::Relaxed) {
            return Ok(());
        }
        {
            let mut work = pin!(async {
                if !begun.load(Ordering::Relaxed) && !self.are_ready(context, suite, holder).await? {
                    return Ok(());
                }
                begun.store(true, Ordering::Relaxed);
                self.run_suite(context, suite, Network::Of(holder.to_owned())).await.map(drop)
            });
            loop {
                tokio::select! {
                    biased;
                    Some(ended) = running.next() => {
                        ended?;
                        if !begun.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    done = &mut work => {
                        done?;
                        break;
                    }
                }
            }
        }
        // They are followed while they end and are removed, so that their logs are whole.
        for container in &started {
            // One that has ended, or cannot be asked, is removed as it is.
            if let Err(error) = self.sandbox(&context.run)?.stop(container, GRACE).await {
                tracing::debug!(container, "a service was not asked to end: {error}");
            }
        }
        // A little longer than that, for their last words.
        let mut patience = pin!(tokio::time::sleep(GRACE + FAREWELL));
        loop {
            tokio::select! {
                ended = running.next() => match ended {
                    Some(ended) => drop(ended?),
                    None => break,
                },
                () = &mut patience => break,
            }
        }
        for container in started {
            self.sandbox(&context.run)?.remove(&container).await?;
        }
        while let Some(ended) = running.next().await {
            ended?;
        }
        Ok(())
    }

    /// Waits until the services are ready; whether they are.
    async fn are_ready(&self, context: &Context, suite: &Suite, holder: &str) -> Result<bool, Halt> {
        let Some(spec) = self.ready_spec(context, suite, holder).await? else { return Ok(true) };
        self.note(
            context.run.id,
            &format!("iteration {}: waits for the services of suite {}", context.run.iteration, suite.name),
        );
        let step = self.run_step(context, &spec, None, false).await?;
        Ok(matches!(step.state, StepState::Ended { end: StepEnd::Exited { code: 0 }, .. }))
    }

    /// Ends and removes what still runs beside a suite, after an engine died there for the most part, and the trees.
    pub(super) async fn stop_services(&self, context: &Context, suite: &Suite) -> Result<(), Halt> {
        for step in self.beside(context, suite).await?.into_iter().rev() {
            if !matches!(step.state, StepState::Ended { .. }) && step.key.attempt == context.run.attempt {
                self.stop_step(context, suite, &step).await?;
            }
            if step.key.kind == StepKind::Service {
                self.world.trees().remove(&self.places().tree(&step.key)).await?;
            }
        }
        self.crash.at("services.stopped")?;
        Ok(())
    }

    async fn stop_step(&self, context: &Context, suite: &Suite, step: &Step) -> Result<(), Halt> {
        let sandbox = self.sandbox(&context.run)?;
        let mut ended = Ended { end: StepEnd::Stopped, log_digest: String::new(), intrusions: 0 };
        let spec = self.spec_again(context, suite, step).await?;
        if let (StepState::Created { container }, Some(spec)) = (&step.state, spec) {
            let tell = |text: String| self.note(context.run.id, &text);
            let remove = async {
                tokio::time::sleep(FAREWELL).await;
                sandbox.remove(container).await
            };
            let follow = sandbox.follow(&spec, container, &tell);
            match sandbox.presence(container).await? {
                Presence::Exited => ended = follow.await?,
                Presence::Running | Presence::Frozen => {
                    let (followed, removed) = tokio::join!(follow, remove);
                    removed?;
                    ended = followed?;
                }
                Presence::Created | Presence::Gone => {}
            }
            sandbox.remove(container).await?;
        }
        self.remove_containers_of(&step.key).await?;
        self.record_ended(&step.key, &ended).await?;
        Ok(())
    }

    /// The spec of a step beside a suite, once more.
    async fn spec_again(&self, context: &Context, suite: &Suite, step: &Step) -> Result<Option<StepSpec>, Halt> {
        let network = self.step(&key(context, StepKind::Network, &suite.name)).await?;
        let holder = match network.map(|step| step.state) {
            Some(StepState::Created { container }) => container,
            // Whoever is followed to its end needs no network any more.
            _ => String::new(),
        };
        Ok(match step.key.kind {
            StepKind::Network => Some(self.network_spec(context, suite).await?),
            StepKind::Ready => self.ready_spec(context, suite, &holder).await?,
            _ => specs::service_of(&step.key, suite).and_then(|name| self.service_spec(context, suite, name, &holder)),
        })
    }

    /// The steps that ran beside a suite in this iteration, oldest first.
    async fn beside(&self, context: &Context, suite: &Suite) -> Result<Vec<Step>, Halt> {
        let steps = self.steps_of(context.run.id, context.run.iteration).await?;
        Ok(steps.into_iter().filter(|step| specs::is_beside(&step.key, suite)).collect())
    }

    /// Why the suite never began in these attempts of the iteration, if that is so.
    pub(super) async fn unready(
        &self,
        context: &Context,
        suite: &Suite,
        attempts: &Range<u32>,
    ) -> Result<Option<Unready>, Halt> {
        let mut steps = self.steps_of(context.run.id, context.run.iteration).await?;
        steps.retain(|step| attempts.contains(&step.key.attempt));
        let began = |attempt| {
            let of = |step: &&Step| (step.key.kind, step.key.attempt) == (StepKind::Test, attempt);
            steps.iter().filter(of).any(|step| step.key.suite == suite.name)
        };
        let beside = || steps.iter().filter(|step| specs::is_beside(&step.key, suite) && !began(step.key.attempt));
        let fails = |step: &&Step| match (step.key.kind, &step.state) {
            (StepKind::Ready, StepState::Ended { end, .. }) => counts(end) && *end != StepEnd::Exited { code: 0 },
            (StepKind::Service, StepState::Ended { end, .. }) => counts(end),
            _ => false,
        };
        let Some(attempt) = beside().filter(fails).map(|step| step.key.attempt).max() else { return Ok(None) };
        let found = |kind| {
            let of = move |step: &&Step| (step.key.kind, step.key.attempt) == (kind, attempt);
            beside().filter(fails).filter(of).cloned()
        };
        Ok(Some(Unready { waited: found(StepKind::Ready).next(), ended: found(StepKind::Service).collect() }))
    }

    /// Milliseconds that a suite took in these attempts, with the wait for its services.
    pub(super) async fn time_of(&self, context: &Context, suite: &Suite, attempts: &Range<u32>) -> Result<u64, Halt> {
        let beside = self.beside(context, suite).await?.into_iter();
        let waited = beside.filter(|step| step.key.kind == StepKind::Ready && attempts.contains(&step.key.attempt));
        let ran = self.verdict_of(context, suite, attempts).await?;
        Ok(waited.chain(ran).map(|step| duration(&step)).fold(0, u64::saturating_add))
    }
}

fn no_network() -> Halt {
    let reason = "the container that holds the network of the services ended before them".to_owned();
    Halt::Lost { reason, explained: false }
}

/// The key of the present attempt of a service.
fn service_key(context: &Context, suite: &Suite, service: &str) -> StepKey {
    key(context, StepKind::Service, &format!("{}.{service}", suite.name))
}
