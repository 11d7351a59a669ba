//! What becomes of that which runs leave behind: logs are closed when their step is over, and removed when the policy of
//! `[retention]` says so, and so are images that were made for runs. Nothing of a run that is not over is ever removed. Objects of
//! repositories are put together, never removed.

mod clock;
mod close;
mod images;
mod logs;
mod objects;
mod policy;

use super::crash::Crashed;
use super::driver::Halt;
use super::ports::{Trees, World};
use super::{Engine, scheduler};
use crate::domain::{Actor, Collection, GarbageKind, Run, RunId, Step};
use crate::sandbox::Sandbox;
use crate::store::StoreError;
use std::collections::BTreeSet;

/// Why trees and containers go.
const OVER: &str = "its run is over";

impl<W: World> Engine<W> {
    /// Removes what the policy lets go and what runs that are over have left behind, or only tells it where `dry`. `Err` only
    /// when a crash point was hit.
    pub(crate) async fn collect(&self, dry: bool, by: Actor) -> Result<Collection, Crashed> {
        let _one_at_a_time = self.collecting.lock().await;
        let mut found = Collection::default();
        let leftovers = self.leftovers(&mut found).await;
        if !dry {
            for run in leftovers {
                self.tidy(&run).await?;
            }
        }
        let logs = self.collect_logs(dry, &by, &mut found).await;
        told(logs, &mut found)?;
        let images = self.collect_images(dry, &by, &mut found).await;
        told(images, &mut found)?;
        let objects = self.collect_objects(dry, &mut found).await;
        told(objects, &mut found)?;
        for (_, sandbox) in self.world.sandboxes() {
            match sandbox.old_programs(dry).await {
                Ok(programs) => programs.into_iter().for_each(|(name, bytes)| {
                    found.add(GarbageKind::Program, name, Some(bytes), "of an older engine, and no container runs it");
                }),
                Err(error) => found.fault(error.to_string()),
            }
            match sandbox.leavings(dry).await {
                Ok(left) => left.into_iter().for_each(|(name, kib)| {
                    found.add(
                        GarbageKind::Workspace,
                        name,
                        Some(kib << 10),
                        "on another machine, and no container has it",
                    );
                }),
                Err(error) => found.fault(error.to_string()),
            }
        }
        Ok(found)
    }

    /// The same, by the engine itself; what stood in the way is in its log.
    pub(super) async fn collect_by_itself(&self) -> Result<(), Crashed> {
        match self.believes_clock().await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(
                    "retention: the wall clock has leapt, so nothing is removed for its age before it has stood for a day"
                );
                return Ok(());
            }
            Err(error) => {
                tracing::warn!("retention: whether the clock is right cannot be told: {error}");
                return Ok(());
            }
        }
        let found = self.collect(false, Actor::Engine).await?;
        for fault in &found.faults {
            tracing::warn!("retention: {fault}");
        }
        if !found.items.is_empty() {
            tracing::info!(
                bytes = found.bytes,
                "retention: {} things were removed",
                found.items.len() as u64 + found.more
            );
        }
        Ok(())
    }

    async fn with_steps(&self, id: RunId) -> Result<(Run, Vec<Step>), StoreError> {
        Ok((self.load(id).await?, self.all_steps(id).await?))
    }

    /// Runs that are over and have containers or trees, which are named in `found`. Usually they were removed at once.
    async fn leftovers(&self, found: &mut Collection) -> Vec<Run> {
        let mut containers = Vec::new();
        for (_, sandbox) in self.world.sandboxes() {
            match sandbox.labelled().await {
                Ok(listed) => containers.extend(listed),
                Err(error) => found.fault(format!("containers cannot be listed: {error}")),
            }
        }
        let trees: Vec<RunId> = match self.world.trees().leftovers().await {
            Ok(runs) => runs,
            Err(fault) => {
                found.fault(format!("trees cannot be listed: {fault}"));
                Vec::new()
            }
        };
        let ids: BTreeSet<RunId> =
            containers.iter().filter_map(|(name, _)| scheduler::run_of(name)).chain(trees.iter().copied()).collect();
        let mut over = Vec::new();
        for id in ids {
            let (run, steps) = match self.with_steps(id).await {
                Ok(both) => both,
                // A run that the store does not know is not ours.
                Err(StoreError::Missing { .. }) => continue,
                Err(error) => {
                    found.fault(error.to_string());
                    continue;
                }
            };
            if !run.state.is_final() {
                continue;
            }
            for (name, _) in &containers {
                if steps.iter().any(|step| step.key.to_string() == *name) {
                    found.add(GarbageKind::Container, name, None, OVER);
                }
            }
            if trees.contains(&id) {
                let mut size = 0;
                for dir in [self.places().trees_of(id), self.places().steps_of(id)] {
                    size += self.world.trees().size(&dir).await.unwrap_or(0);
                }
                found.add(GarbageKind::Workspace, id.to_string(), Some(size), OVER);
            }
            over.push(run);
        }
        over
    }
}

/// Tells what stood in the way of one part; the others are still done, except after a crash.
fn told(done: Result<(), Halt>, found: &mut Collection) -> Result<(), Crashed> {
    match done {
        Ok(()) => {}
        Err(Halt::Crashed) => return Err(Crashed),
        Err(Halt::Store(error)) => found.fault(error.to_string()),
        Err(halt) => found.fault(format!("{halt:?}")),
    }
    Ok(())
}
