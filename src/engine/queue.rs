//! Who gets the free places: a pure function of what waits, what works, and the time.
//!
//! Nobody overtakes the first in line: where that one's memory or processors are not free, all behind it wait with it, so that
//! a large run is not passed for ever by small ones.
//!
//! The rule: the highest rank goes first; among equal ranks the project with the fewest places; then who has waited longest;
//! then who was submitted first. A run's rank is its priority at first, and rises by one step with each [`LIFT`] that it
//! waits for a place, up to that of a high one. So a low run goes before fresh high ones of its project after two of them at
//! the latest: nothing waits for ever as long as runs end. Who is first in line keeps the place that comes free for it.

use super::room::{Lack, Room};
use crate::domain::{Millis, Need, Needs, Priority, ProjectId, Run, RunId, RunState};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Milliseconds of waiting for a place that lift a run's rank by one step. Half a day: a night's work of a high run goes
/// before a low one of the same night.
pub const LIFT: i64 = 12 * 60 * 60 * 1000;

/// A run that could work if there were a place for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub run: RunId,
    /// Its project.
    pub project: ProjectId,
    /// How much people want it.
    pub priority: Priority,
    /// Since when it waits for a place.
    pub since: Millis,
    /// What it needs while it works.
    pub needs: Needs,
}

impl Waiting {
    /// A run that has waited since this instant.
    pub fn of(run: &Run, since: Millis) -> Self {
        Self { run: run.id, project: run.project, priority: run.priority, since, needs: run.needs }
    }

    /// The priority that it counts as by now.
    pub fn rank(&self, now: Millis) -> Priority {
        let steps = usize::try_from(now.since(self.since) / LIFT).unwrap_or(0);
        Priority::ALL
            .into_iter()
            .filter(|rank| *rank >= self.priority)
            .take(steps.saturating_add(1))
            .last()
            .unwrap_or(self.priority)
    }
}

/// What a look at the queue comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Runs that get a place now, in this order.
    pub start: Vec<Waiting>,
    /// Runs that go on waiting, in the order in which they would get places as things are.
    pub wait: Vec<Waiting>,
    /// What the first of them lacks.
    pub lack: Option<Lack>,
}

/// Decides who gets room. `taken` are those that have a place: the project of each, and what it needs.
pub fn decide(waiting: &[Waiting], taken: &[(ProjectId, Needs)], room: &Room, now: Millis) -> Line {
    let mut places: HashMap<ProjectId, usize> = HashMap::new();
    for (project, _) in taken {
        *places.entry(*project).or_default() += 1;
    }
    let mut used: Vec<Needs> = taken.iter().map(|(_, needs)| *needs).collect();
    let key = |one: &Waiting| (Reverse(one.rank(now)), one.since, one.run);
    let mut sorted = waiting.to_vec();
    sorted.sort_by_key(key);
    // Within a project the order is fixed; only which project is next depends on the places.
    let mut projects: BTreeMap<ProjectId, VecDeque<Waiting>> = BTreeMap::new();
    for one in sorted {
        projects.entry(one.project).or_default().push_back(one);
    }
    let mut line = Line::default();
    while let Some((_, project)) = projects
        .iter()
        .filter_map(|(project, queue)| queue.front().map(|one| (one, *project)))
        .min_by_key(|(one, project)| {
            let (rank, since, run) = key(one);
            (rank, places.get(project).copied().unwrap_or_default(), since, run)
        })
    {
        let Some(one) = projects.get_mut(&project).and_then(VecDeque::pop_front) else { break };
        *places.entry(project).or_default() += 1;
        if line.lack.is_none() {
            line.lack = room.lack(&used, one.needs);
        }
        if line.lack.is_some() {
            line.wait.push(one);
        } else {
            used.push(one.needs);
            line.start.push(one);
        }
    }
    line
}

/// How a run stands with those that it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It waits for none of them, and has not since this instant.
    Free(Millis),
    /// It waits for these.
    Follows(Vec<RunId>),
    /// These are over without success, and nobody has said that it may start all the same.
    Blocked(Vec<(RunId, RunState)>),
}

/// How a queued run stands, from the states of those that it follows and when each came into its state. A run that is not
/// known cannot succeed any more, but nobody could be told how it ended; there is none such, since runs are never removed.
pub fn standing(run: &Run, states: &BTreeMap<RunId, (RunState, Millis)>) -> Standing {
    let mut since = run.waits_since;
    let mut follows = Vec::new();
    let mut blocked = Vec::new();
    for one in run.after.iter().filter(|one| one.need != Need::Waived) {
        match states.get(&one.run) {
            Some((RunState::Succeeded, at)) => since = since.max(*at),
            Some((state, _)) if state.is_final() => blocked.push((one.run, *state)),
            _ => follows.push(one.run),
        }
    }
    if !blocked.is_empty() {
        Standing::Blocked(blocked)
    } else if follows.is_empty() {
        Standing::Free(since)
    } else {
        Standing::Follows(follows)
    }
}

#[cfg(test)]
mod tests;
