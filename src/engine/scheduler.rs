//! Gives runs their turn and keeps one driver for each run that works. Whose turn it is, `queue` decides.

mod broken;
mod space;
mod turns;

use super::Engine;
use super::crash::Crashed;
use super::machine::rests;
use super::ports::{Trees, World};
use super::queue::{Standing, Waiting, decide, standing};
use crate::domain::{Run, RunId, RunState};
use crate::sandbox::{Presence, Sandbox};
use crate::store::{RunFilter, StoreError};
use broken::Broken;
use space::Space;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use turns::follows;

/// The queue is looked at this often even if nothing stirs. Whatever changes a run stirs, so this is but a second net.
const LOOK: Duration = Duration::from_secs(30);
/// And this often while the store does not take what it is given or has no space for more.
const PRESSED: Duration = Duration::from_secs(1);

/// Leftovers of runs that are over are looked for this often, since what was asked of a container engine that did not
/// answer in time may still be done later.
const TIDY: Duration = Duration::from_secs(30);

/// How often the policy of retention is looked after, beside each end of a run.
const KEEP: Duration = Duration::from_hours(1);

/// What the scheduler keeps in mind. All of it follows from the store; losing it costs nothing.
#[derive(Default)]
struct Watchlist {
    /// One task a run that is driven.
    drivers: JoinSet<Result<(), Crashed>>,
    /// Which run each task drives.
    driven: HashMap<Id, RunId>,
    /// Runs whose drivers failed.
    broken: Broken,
    /// How the space on the disk is.
    space: Space,
    /// Versions of runs that a driver has seen: a paused run, say, is frozen once and then left alone.
    rested: HashSet<(RunId, i64)>,
    /// Runs that were not over when they were last looked at.
    unfinished: HashSet<RunId>,
    /// Removes leftovers; at most one task.
    tidying: JoinSet<Result<(), Crashed>>,
    /// Removes what the policy lets go; at most one task.
    keeping: JoinSet<Result<(), Crashed>>,
    /// When the policy was last looked after; `None` when it has to be looked after at once.
    kept: Option<Instant>,
    /// Closes logs; at most one task, which gives whether something stood in the way.
    closing: JoinSet<Result<bool, Crashed>>,
    /// When to try again what could not be closed.
    close_again: Option<Instant>,
    /// The first look is over.
    begun: bool,
    /// The store failed in the last look, or had no space for new steps.
    pressed: bool,
    /// When leftovers were last looked for; `None` when they have to be looked for at once.
    tidied: Option<Instant>,
}

impl<W: World> Engine<W> {
    /// Drives runs until the future is dropped. `Err` only when a crash point was hit.
    pub async fn serve(self: Arc<Self>) -> Result<(), Crashed> {
        let mut list = Watchlist::default();
        loop {
            list.pressed = false;
            if self.relet.swap(false, Ordering::AcqRel) {
                list.rested.clear();
            }
            match self.unfinished().await {
                Ok(runs) => self.look(&runs, &mut list).await?,
                Err(error) => {
                    tracing::error!("the store does not answer: {error}");
                    list.pressed = true;
                }
            }
            self.look_at_space(&mut list.space).await;
            if list.tidying.is_empty() && list.tidied.is_none_or(|at| at.elapsed() >= TIDY) {
                list.tidied = Some(Instant::now());
                let this = Arc::clone(&self);
                list.tidying.spawn(async move { this.tidy_leftovers().await });
            }
            if list.keeping.is_empty() && list.kept.is_none_or(|at| at.elapsed() >= KEEP) {
                list.kept = Some(Instant::now());
                let this = Arc::clone(&self);
                list.keeping.spawn(async move { this.collect_by_itself().await });
            }
            if list.closing.is_empty()
                && (self.unclosed.load(Ordering::Acquire) || list.close_again.is_some_and(|at| at <= Instant::now()))
            {
                list.close_again = None;
                let this = Arc::clone(&self);
                list.closing.spawn(async move { this.close_logs().await });
            }
            tokio::select! {
                () = self.stirred.notified() => {}
                () = tokio::time::sleep(if list.pressed { PRESSED } else { LOOK }) => {}
                Some(done) = list.drivers.join_next_with_id() => self.ended(done, &mut list).await?,
                Some(done) = list.closing.join_next() => match done {
                    Ok(again) => list.close_again = again?.then(|| Instant::now() + TIDY),
                    Err(error) => {
                        tracing::error!("closing logs failed: {error}");
                        list.close_again = Some(Instant::now() + TIDY);
                    }
                },
                Some(done) = list.keeping.join_next() => match done {
                    Ok(result) => result?,
                    Err(error) => tracing::error!("looking after the policy of retention failed: {error}"),
                },
                Some(done) = list.tidying.join_next() => match done {
                    Ok(result) => result?,
                    Err(error) => tracing::error!("tidying failed: {error}"),
                },
            }
        }
    }

    /// Starts drivers for runs that have work, and admits queued ones while there is room.
    async fn look(self: &Arc<Self>, runs: &[Run], list: &mut Watchlist) -> Result<(), Crashed> {
        let unfinished: HashSet<RunId> = runs.iter().map(|run| run.id).collect();
        if list.unfinished.iter().any(|id| !unfinished.contains(id)) {
            // A run that a person's answer ended has no driver that would tidy up behind it.
            list.tidied = None;
            list.kept = None;
        }
        list.unfinished = unfinished;
        // A run has a place while it is driven; one that was resumed or answered waits for a place like a queued one.
        let driven: HashSet<RunId> = list.driven.values().copied().collect();
        let mut placed = driven.clone();
        if !list.begun {
            list.begun = true;
            placed.extend(self.at_work(runs).await);
        }
        let states = match self.predecessors(runs).await {
            Ok(states) => states,
            Err(error) => {
                tracing::error!("cannot see what runs wait for: {error}");
                list.pressed = true;
                return Ok(());
            }
        };
        let shortage = self.store.shortage();
        let now = self.world.now();
        let mut waiting = Vec::new();
        for run in runs {
            if list.broken.rests(run.id) {
                list.pressed = true;
            } else if run.state == RunState::Queued {
                if let Some(shortage) = &shortage {
                    self.note_shortage(run.id, shortage);
                    list.pressed = true;
                    continue;
                }
                self.forget_shortage(run.id);
                match standing(run, &states) {
                    Standing::Free(since) => waiting.push(Waiting::of(run, since)),
                    Standing::Follows(others) => self.note_wait(run.id, &follows(&others)),
                    Standing::Blocked(by) => list.pressed |= !self.block(run, by).await?,
                }
            } else if rests(run, now) || list.rested.contains(&(run.id, run.version)) {
                // Nothing is left to be done for it, or nothing more.
            } else if occupies(run.state) && !placed.contains(&run.id) {
                waiting.push(Waiting::of(run, run.waits_since));
            } else {
                self.begin(run, &driven, list);
            }
        }
        let at_work = runs.iter().filter(|run| occupies(run.state) && placed.contains(&run.id));
        let taken: Vec<_> = at_work.map(|run| (run.project, run.needs)).collect();
        let line = decide(&waiting, &taken, &self.room, now);
        self.note_line(&line, &taken, now);
        for one in &line.start {
            let Some(run) = runs.iter().find(|run| run.id == one.run) else { continue };
            if run.state == RunState::Queued && !self.admit(run).await? {
                list.pressed = true;
            } else {
                self.forget_place(run.id);
                self.begin(run, &driven, list);
            }
        }
        Ok(())
    }

    /// Starts a driver for the version of a run that was read.
    fn begin(self: &Arc<Self>, run: &Run, driven: &HashSet<RunId>, list: &mut Watchlist) {
        // While its driver is still winding up it is looked at again when that has ended.
        if !driven.contains(&run.id) {
            if run.state != RunState::Queued {
                list.rested.insert((run.id, run.version));
            }
            let task = list.drivers.spawn(Arc::clone(self).driver(run.id));
            list.driven.insert(task.id(), run.id);
        }
    }

    /// Runs that keep their places over a start of the engine: all that had begun, where there is room for them, otherwise
    /// those whose program works. One that waits for a place has a frozen container or none.
    async fn at_work(&self, runs: &[Run]) -> HashSet<RunId> {
        let mut working = HashSet::new();
        let begun: Vec<&Run> = runs.iter().filter(|run| occupies(run.state)).collect();
        let occupying: HashSet<RunId> = begun.iter().map(|run| run.id).collect();
        if self.room.holds(&begun.iter().map(|run| run.needs).collect::<Vec<_>>()) {
            return occupying;
        }
        for (engine, sandbox) in self.world.sandboxes() {
            let containers = match sandbox.labelled().await {
                Ok(containers) => containers,
                Err(error) => {
                    tracing::warn!(engine, "cannot see which runs are at work: {error}");
                    continue;
                }
            };
            for (name, container) in containers {
                let Some(id) = run_of(&name).filter(|id| occupying.contains(id)) else { continue };
                match sandbox.presence(&container).await {
                    Ok(Presence::Running) => drop(working.insert(id)),
                    Ok(_) => {}
                    Err(error) => tracing::warn!(run = %id, "cannot see whether it is at work: {error}"),
                }
            }
        }
        working
    }

    async fn driver(self: Arc<Self>, id: RunId) -> Result<(), Crashed> {
        let (bell, interrupts) = watch::channel(0);
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).insert(id, bell);
        let result = self.drive(id, interrupts).await;
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        result
    }

    /// Removes what runs that are over still have.
    async fn tidy_leftovers(&self) -> Result<(), Crashed> {
        let mut ids: HashSet<RunId> = match self.world.trees().leftovers().await {
            Ok(ids) => ids.into_iter().collect(),
            Err(fault) => {
                tracing::warn!("cannot look for leftovers: {fault}");
                return Ok(());
            }
        };
        for (engine, sandbox) in self.world.sandboxes() {
            match sandbox.labelled().await {
                Ok(containers) => ids.extend(containers.iter().filter_map(|(name, _)| run_of(name))),
                Err(error) => tracing::warn!(engine, "cannot look for leftover containers: {error}"),
            }
        }
        for id in ids {
            // A run that the store does not know is not ours to tidy.
            if let Ok(run) = self.load(id).await
                && run.state.is_final()
            {
                self.tidy(&run).await?;
            }
        }
        Ok(())
    }

    /// Runs that are not over, oldest first.
    async fn unfinished(&self) -> Result<Vec<Run>, StoreError> {
        let filter = RunFilter { unfinished: true, limit: Some(u32::MAX), ..RunFilter::default() };
        let mut runs = self.store.read(move |view| view.runs(&filter)).await?;
        runs.reverse();
        Ok(runs)
    }
}

/// The run in a step's name such as `r12-i3-test-unit-a1`.
pub(super) fn run_of(step: &str) -> Option<RunId> {
    step.split('-').next()?.parse().ok()
}

/// Whether a run in this state takes one of the places.
fn occupies(state: RunState) -> bool {
    !state.is_final() && !state.awaits_person() && !matches!(state, RunState::Queued | RunState::Cancelling)
}
