//! The memory of bugs in the loop: what a prompt quotes of it, and what each iteration teaches.

use super::ledger::StoredMaterial;
use super::teach::teach;
use super::{Context, Engine, Halt};
use crate::domain::{
    Attempt, AttemptOutcome, BugState, Finding, Fingerprint, GateResult, Iteration, Offer, OfferOutcome, RunId,
    Solution,
};
use crate::engine::ports::{Trees, World};
use crate::knowledge::memory;
use crate::store::{OpenOffer, StoreError, Tx};

/// How much of an iteration's patch is read.
const PATCH: usize = 256 * 1024;

/// What an iteration taught.
#[derive(Debug, Default)]
pub(super) struct Learned {
    commit: String,
    attempts: Vec<(Fingerprint, AttemptOutcome, String)>,
    offers: Vec<(OpenOffer, OfferOutcome)>,
}

impl<W: World> Engine<W> {
    /// Repairs of other bugs that the next prompt quotes.
    pub(super) async fn remembered(&self, context: &Context, stored: &StoredMaterial) -> Result<Vec<Offer>, Halt> {
        let rules = self.world.memory();
        if !rules.offer {
            return Ok(Vec::new());
        }
        let findings: Vec<Finding> = stored.findings.iter().take(memory::FINDINGS).cloned().collect();
        let (project, run, across) = (context.project.id, context.run.id, rules.across_projects);
        let now = self.world.now();
        let offers = self.store.read(move |view| {
            let found = findings.iter().map(|finding| view.repairs_like(project, finding, across));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            let (helped, failed) = view.record_of_words(memory::JUDGED)?;
            let by_words = memory::reliable(helped, failed);
            Ok(memory::choose(&findings, found, &view.spent_repairs(run)?, by_words, now))
        });
        Ok(offers.await?)
    }

    /// What the present iteration teaches of the bugs that it began with. Safe to repeat; it is kept with the verdict.
    pub(super) async fn learn(&self, context: &Context, gates: &[GateResult]) -> Result<Learned, Halt> {
        let (run, number) = (context.run.id, context.run.iteration);
        let read = self.store.read(move |view| {
            let iterations = view.iterations(run)?;
            let Some((commit, base, from)) = begun(&iterations, number) else { return Ok(None) };
            let before = view.findings(run, from)?;
            let told = (view.suites(run, from)?, view.findings(run, number)?, view.suites(run, number)?);
            Ok(Some((commit, base, before, told, view.open_offers(run, number)?)))
        });
        let Some((commit, base, before, (had, now, has), open)) = read.await? else { return Ok(Learned::default()) };
        if before.is_empty() || commit == base {
            // Nobody did anything that could have helped.
            let offers = open.into_iter().map(|offer| (offer, OfferOutcome::Ignored)).collect();
            return Ok(Learned { offers, ..Learned::default() });
        }
        let (patch, _whole) = self.world.trees().patch(&context.project, &base, &commit, PATCH).await?;
        let outcomes = memory::outcomes(&before, &had, &now, &has, gates);
        let of = |exact: &Fingerprint| outcomes.iter().find(|(finding, _)| finding.exact == *exact);
        let offers = open.into_iter().map(|offer| {
            let outcome = of(&offer.about).map_or(AttemptOutcome::Unknown, |(_, outcome)| *outcome);
            let came_of_it = memory::offered(outcome, memory::follows(&patch, &offer.patch), offer.quoted);
            (offer, came_of_it)
        });
        let offers = offers.collect();
        let tried = |(finding, outcome): &(&Finding, AttemptOutcome)| {
            (finding.exact.clone(), *outcome, memory::excerpt(&patch, finding))
        };
        let attempts = outcomes.iter().map(tried).collect();
        Ok(Learned { commit, attempts, offers })
    }
}

/// The iteration's checkpoint, the commit that it went on from, and the iteration which that was made in.
fn begun(iterations: &[Iteration], number: u32) -> Option<(String, String, u32)> {
    let this = iterations.iter().find(|one| one.number == number && number > 0)?;
    let commit = this.commit.clone()?;
    let earlier = iterations.iter().filter(|one| one.number < number);
    // The base is not the checkpoint of an iteration, but what iteration 0 tested.
    let from = earlier
        .rev()
        .find(|one| one.commit.as_ref() == Some(&this.base) || (one.number == 0 && one.base == this.base))?;
    Some((commit, this.base.clone(), from.number))
}

impl Learned {
    /// Keeps it, in the transaction of the verdict.
    pub(super) fn keep(&self, tx: &Tx<'_>, run: RunId, iteration: u32) -> Result<(), StoreError> {
        let at = tx.now();
        for (exact, outcome, tried) in &self.attempts {
            let Some(bug) = tx.bug_by_exact(exact)? else { continue };
            let attempt = Attempt { run, iteration, tried: tried.clone(), outcome: *outcome, at };
            tx.insert_bug_attempt(bug.id, &attempt)?;
            if *outcome == AttemptOutcome::Solved {
                let commit = self.commit.clone();
                let solution = Solution { run, iteration, commit, summary: tried.clone(), at };
                tx.insert_bug_solution(bug.id, &solution)?;
                tx.set_bug_state(bug.id, BugState::Solved)?;
                let project = tx.run(run)?.map(|run| run.project);
                project.map_or(Ok(()), |project| teach(tx, project, &bug, tried))?;
            }
        }
        for (offer, outcome) in &self.offers {
            tx.settle_offer((run, iteration), &offer.about, offer.solution, *outcome)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::Millis;

    fn iteration(number: u32, base: &str, commit: Option<&str>) -> Iteration {
        Iteration { commit: commit.map(str::to_owned), ..Iteration::new(RunId(1), number, base.to_owned(), Millis(0)) }
    }

    #[test]
    fn an_iteration_is_compared_with_the_one_that_it_went_on_from() {
        let all = [
            iteration(0, "b", None),
            iteration(1, "b", Some("x")),
            iteration(2, "x", Some("y")),
            // After a rollback to the first one.
            iteration(3, "x", Some("z")),
            iteration(4, "b", Some("w")),
            iteration(5, "elsewhere", Some("v")),
        ];
        let from = |number| begun(&all, number).map(|(_, _, from)| from);
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(from), [None, Some(0), Some(1), Some(1), Some(0), None, None]);
        assert_eq!(begun(&all, 3).unwrap().0, "z");
    }
}
