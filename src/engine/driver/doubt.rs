//! What earlier runs of the same tests say of the present one: what it is compared with, which tests go by luck, and whether
//! suites run a second time.

use super::gather::Told;
use super::{Context, Engine, Halt};
use crate::domain::{Iteration, StepKind, SuiteOutcome};
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};
use crate::evidence::{Before, is_doubtful};
use crate::gates;
use crate::store::TestsBySuite;
use std::collections::BTreeSet;

/// Earlier iterations with the very same tree that are compared with the present one, the newest.
const MOST_SAME: usize = 5;

/// What is known before a result is looked at.
pub(super) struct Past {
    /// Tests in quarantine: of the project until they have passed often enough, and of this run for good, so that no run ends well by luck that it has seen.
    pub known: TestsBySuite,
    /// What the suites said on the tree that the present iteration began from, where they were tested.
    before: Option<Vec<SuiteOutcome>>,
    /// The same of earlier iterations that had the very tree that is tested now.
    same: Vec<SuiteOutcome>,
    /// Whether nothing was changed since that a test could depend on.
    unrelated: bool,
}

impl Past {
    /// What a suite said on the very same tree in earlier iterations.
    pub(super) fn same(&self, suite: &str) -> Vec<&SuiteOutcome> {
        self.same.iter().filter(|one| one.suite == suite).collect()
    }
}

impl<W: World> Engine<W> {
    pub(super) async fn past(&self, context: &Context) -> Result<Past, Halt> {
        let (run, number) = (&context.run, context.run.iteration);
        let stored = self.stored_past(run).await?;
        let known = stored.known;
        let Some(present) = stored.iterations.iter().find(|one| one.number == number).filter(|_| number > 0) else {
            return Ok(Past { known, before: None, same: Vec::new(), unrelated: false });
        };
        let earlier: Vec<_> = stored.iterations.iter().filter(|one| one.number < number).rev().collect();
        let base = self.world.trees().tree_of(&context.project, &context.base).await?;
        let tree = |of: &Iteration| if of.number == 0 { Some(base.clone()) } else { of.tree.clone() };
        let mut same = Vec::new();
        for one in earlier.iter().filter(|one| tree(one).is_some() && tree(one) == present.tree).take(MOST_SAME) {
            same.extend(self.suites_in(run.id, one.number).await?);
        }
        let commit = |of: &Iteration| if of.number == 0 { Some(context.base.clone()) } else { of.commit.clone() };
        let before = match earlier.iter().find(|one| commit(one).as_deref() == Some(&present.base)) {
            Some(began) => Some(self.suites_in(run.id, began.number).await?),
            None => None,
        };
        let changes =
            self.world.trees().changes(&context.project, &present.base, &Self::tested_commit(context)).await?;
        let unrelated = changes.iter().all(|change| gates::is_document(&change.path));
        Ok(Past { known, before, same, unrelated })
    }

    /// The event that has suites run a second time, where what they say is in doubt and that costs no more than it may. Where it
    /// does, the suites say themselves that they were not.
    pub(super) async fn doubted(
        &self,
        context: &Context,
        told: &mut [Told],
        past: &Past,
    ) -> Result<Option<Event>, Halt> {
        let none = BTreeSet::new();
        let mut suites = Vec::new();
        let mut milliseconds: u64 = 0;
        for one in told.iter() {
            let name = &one.judged.outcome.suite;
            let mut known = past.known.get(name).unwrap_or(&none).clone();
            // What the same tree said before is as good as a second run.
            known.extend(past.same(name).into_iter().flat_map(|same| same.cases.keys().cloned()));
            let before = match &past.before {
                None if context.run.iteration == 0 => Before::Base,
                None => continue,
                Some(before) => match before.iter().find(|one| one.suite == *name) {
                    Some(outcome) => Before::Tested { outcome, unrelated: past.unrelated },
                    None => continue,
                },
            };
            if is_doubtful(&one.judged, before, &known) {
                suites.push(name.clone());
                milliseconds = milliseconds.saturating_add(one.milliseconds);
            }
        }
        if suites.is_empty() {
            return Ok(None);
        }
        if let Some(why) = too_dear(context, milliseconds) {
            for one in told.iter_mut().filter(|one| suites.contains(&one.judged.outcome.suite)) {
                one.judged.outcome.oddities.push(format!("in doubt, and yet not run a second time: {why}"));
            }
            return Ok(None);
        }
        let steps = self.steps_of(context.run.id, context.run.iteration).await?;
        let tests = steps
            .iter()
            .filter(|step| !matches!(step.key.kind, StepKind::Prepare | StepKind::Develop | StepKind::Audit));
        let attempt = tests.map(|step| step.key.attempt).max().unwrap_or(0).saturating_add(1);
        Ok(Some(Event::Doubted { suites, attempt }))
    }
}

/// Why suites that took so long do not run a second time, if so: the project says how long that may take, and the run's own
/// budget must have room for it.
fn too_dear(context: &Context, milliseconds: u64) -> Option<&'static str> {
    let (run, rerun) = (&context.run, context.config.gates.rerun);
    let Some(seconds) = rerun else { return Some("`[gates] rerun` is off") };
    if milliseconds > seconds.saturating_mul(1000) {
        return Some("it took longer than `[gates] rerun` lets it");
    }
    let spent = run.spent.milliseconds.saturating_add(milliseconds);
    let room = run.budget.seconds.is_none_or(|seconds| spent <= seconds.saturating_mul(1000));
    (!room).then_some("the run's budget has no time left for that")
}
