//! Bugs that people tell, and bugs of which they say that they are one.

use super::columns::{Json, Word};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, BugId, ProjectId, Source};
use rusqlite::params;

/// What stands for the exception type of what a person told.
const KIND: &str = "told";

impl View<'_> {
    /// The bugs that were merged into this one.
    pub fn bugs_in(&self, bug: BugId) -> Result<Vec<BugId>, StoreError> {
        self.many("SELECT id FROM bugs WHERE merged_into = ?1 ORDER BY id", [bug.0], |row| row.get(0).map(BugId))
    }
}

impl Tx<'_> {
    /// Stores a bug that a person tells. Its fingerprint is its own number, which none of a finding can be.
    pub fn tell_bug(&self, project: ProjectId, message: &str, by: &Actor) -> Result<BugId, StoreError> {
        let at = self.now().0;
        let id = self.insert(
            "INSERT INTO bugs (exact, class, source, kind, message, stack, state, seen, first_seen, last_seen, told_by, project)
             VALUES ('told-' || (SELECT ifnull(max(id), 0) + 1 FROM bugs), '', ?1, ?2, ?3, '[]', 'open', 0, ?4, ?4, ?5, ?6)",
            params![Word(Source::Person), KIND, message, at, Json(by), project.0],
        )?;
        self.change("UPDATE bugs SET exact = 'told-' || id, class = 'told-' || id WHERE id = ?1", [id])?;
        Ok(BugId(id))
    }

    /// Makes one bug a part of another: what was found, tried and noted of it goes over, and its id and fingerprint lead there
    /// from now on. Neither may be a part of anything itself.
    pub fn merge_bugs(&self, from: BugId, into: BugId) -> Result<(), StoreError> {
        let both = [from.0, into.0];
        // Tests know whether a bug is still about; of two that they have seen it is open where one is.
        self.change(
            "UPDATE bugs SET
                 state = CASE WHEN f.seen = 0 THEN bugs.state WHEN bugs.seen = 0 THEN f.state
                         WHEN f.state = 'open' THEN 'open' ELSE bugs.state END,
                 seen = bugs.seen + f.seen,
                 first_run = CASE WHEN f.first_seen < bugs.first_seen THEN ifnull(f.first_run, bugs.first_run)
                             ELSE ifnull(bugs.first_run, f.first_run) END,
                 last_run = CASE WHEN f.last_seen > bugs.last_seen THEN ifnull(f.last_run, bugs.last_run)
                            ELSE ifnull(bugs.last_run, f.last_run) END,
                 first_seen = min(bugs.first_seen, f.first_seen), last_seen = max(bugs.last_seen, f.last_seen)
             FROM (SELECT * FROM bugs WHERE id = ?1) AS f WHERE bugs.id = ?2",
            both,
        )?;
        self.change(
            "UPDATE findings SET bug = ?2
             WHERE bug = ?1 AND exact IN (SELECT exact FROM bugs WHERE id = ?1 OR merged_into = ?1)",
            both,
        )?;
        self.change("UPDATE bug_attempts SET bug = ?2 WHERE bug = ?1", both)?;
        self.change("UPDATE bug_solutions SET bug = ?2 WHERE bug = ?1", both)?;
        self.change("UPDATE notes SET bug = ?2 WHERE bug = ?1", both)?;
        self.change("UPDATE bugs SET merged_into = ?2 WHERE id = ?1 OR merged_into = ?1", both)?;
        // The trigger adds words with a first repair only, and that may have come before.
        self.change(
            "INSERT INTO repaired_words (rowid, kind, message) SELECT id, kind, message FROM bugs b
             WHERE (id = ?1 OR merged_into = ?1) AND EXISTS (SELECT 1 FROM bug_solutions WHERE bug = ?1)
                 AND NOT EXISTS (SELECT 1 FROM repaired_words w WHERE w.rowid = b.id)",
            [into.0],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::domain::{
        Actor, BugState, Finding, Fingerprint, Likeness, Millis, Offer, OfferOutcome, Run, Severity, Solution, Source,
    };
    use crate::store::tests::fixtures::{event, seed};
    use crate::store::{BugFilter, Options, Store, StoreError, Tx};

    fn finding(name: &str, message: &str) -> Finding {
        Finding {
            source: Source::Test,
            kind: "KeyError".to_owned(),
            severity: Severity::Error,
            message: message.to_owned(),
            test: Some(name.to_owned()),
            location: None,
            stack: Vec::new(),
            exact: Fingerprint(name.to_owned()),
            class: Fingerprint("KeyError".to_owned()),
            count: 1,
        }
    }

    fn see(tx: &Tx<'_>, run: &Run, iteration: u32, found: &Finding) -> Result<crate::domain::BugId, StoreError> {
        let bug = tx.join_bug(run.id, found)?;
        tx.insert_finding(run.id, iteration, Some(bug), found)?;
        Ok(bug)
    }

    fn solve(tx: &Tx<'_>, run: &Run, bug: crate::domain::BugId) -> Result<(), StoreError> {
        let summary = "work.py\n+ row.get('price', 0)\n".to_owned();
        let solution = Solution { run: run.id, iteration: 2, commit: "c".repeat(40), summary, at: Millis(0) };
        tx.insert_bug_solution(bug, &solution)?;
        tx.set_bug_state(bug, BugState::Solved)
    }

    #[test]
    fn what_a_person_tells_is_a_bug_that_nothing_was_seen_of() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let (bug, other) = store
            .write_sync(|tx| {
                let run = seed(tx, "shop")?;
                let told = tx.tell_bug(
                    run.project,
                    "Refunds go to the wrong card\n\nSince March.",
                    &Actor::operator(1, "ada"),
                )?;
                let again = tx.tell_bug(run.project, "Refunds go to the wrong card", &Actor::operator(1, "ada"))?;
                tx.record(event("told"))?;
                Ok((tx.bug(told)?.unwrap(), tx.bug(again)?.unwrap()))
            })
            .unwrap();
        assert!(bug.exact != other.exact && bug.exact != Fingerprint(String::new()));
        assert_eq!((bug.seen, bug.first_run, bug.state, bug.source), (0, None, BugState::Open, Source::Person));
        let told = bug.told.unwrap();
        assert_eq!((told.by.label(), told.project.as_str()), ("ada", "shop"));
    }

    #[test]
    fn everything_of_a_bug_goes_over_and_what_comes_later_follows() {
        let store = Store::in_memory(&Options::default()).unwrap();
        store
            .write_sync(|tx| {
                let run = seed(tx, "shop")?;
                let (a, b) = (finding("a", "no price for the parcel"), finding("b", "the invoice has no sum"));
                let (one, two) = (see(tx, &run, 0, &a)?, see(tx, &run, 1, &b)?);
                let told = tx.tell_bug(run.project, "Invoices are empty", &Actor::operator(1, "ada"))?;
                solve(tx, &run, one)?;
                tx.record(event("merged"))?;
                // A chain of two: what was merged first leads to the end as well.
                tx.merge_bugs(one, two)?;
                tx.merge_bugs(two, told)?;
                for id in [one, two, told] {
                    assert_eq!(tx.bug(id)?.unwrap().id, told);
                }
                let bug = tx.bug(told)?.unwrap();
                assert_eq!((bug.seen, bug.state, bug.first_run), (2, BugState::Open, Some(run.id)));
                assert_eq!(tx.bugs(&BugFilter::default())?.len(), 1);
                assert_eq!((tx.bugs_in(told)?, tx.bugs_in(two)?), (vec![one, two], vec![]));
                assert_eq!((tx.repairs_of(told, 9)?.len(), tx.repairs_of(one, 9)?.len()), (1, 0));
                assert_eq!(tx.iterations_with(run.id, told)?.len(), 2);
                assert_eq!(tx.latest_finding(told, None)?.unwrap().exact, b.exact);
                // Whatever is found again joins the whole.
                assert_eq!(see(tx, &run, 3, &a)?, told);
                assert_eq!(tx.bug_by_exact(&a.exact)?.unwrap().seen, 3);
                // Each part's fingerprint and words lead to the repair, as what they are.
                for (look, exact) in [(&a, "a"), (&b, "b"), (&finding("z", "an invoice with no sum"), "b")] {
                    let found = tx.repairs_like(run.project, look, false)?;
                    assert_eq!(found.len(), 1, "{exact}");
                    assert_eq!((found[0].bug, found[0].exact.0.as_str()), (told, exact));
                }
                // An offer is about the problem at hand, whatever that is a part of.
                let repair = tx.repairs_like(run.project, &a, false)?.remove(0);
                let offer = Offer { about: a.exact.clone(), likeness: Likeness::Same, repair, quoted: true };
                tx.insert_offers(run.id, 4, std::slice::from_ref(&offer))?;
                assert_eq!(tx.open_offers(run.id, 4)?[0].about, a.exact);
                tx.settle_offer((run.id, 4), &a.exact, offer.repair.solution, OfferOutcome::Helped)?;
                assert!(tx.open_offers(run.id, 4)?.is_empty());
                // Agents find the whole once, by any of its words.
                let found = tx.bugs_like(run.project, "parcel invoice empty", 9)?;
                assert_eq!(found.iter().map(|one| (one.id, one.here)).collect::<Vec<_>>(), [(told, true)]);
                let found = tx.bugs_by_fingerprint(run.project, &a.exact, 9)?;
                assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [told]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_repair_that_comes_after_the_merge_is_found_by_the_words_of_each_part() {
        let store = Store::in_memory(&Options::default()).unwrap();
        store
            .write_sync(|tx| {
                let run = seed(tx, "shop")?;
                let (a, b) = (finding("a", "no price for the parcel"), finding("b", "the invoice has no sum"));
                let (one, two) = (see(tx, &run, 0, &a)?, see(tx, &run, 0, &b)?);
                tx.merge_bugs(one, two)?;
                solve(tx, &run, tx.bug_by_exact(&a.exact)?.unwrap().id)?;
                tx.record(event("merged"))?;
                let found = tx.repairs_like(run.project, &finding("z", "no price for any parcel"), false)?;
                assert_eq!((found.len(), found[0].bug, found[0].message.as_str()), (1, two, "no price for the parcel"));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_is_told_of_one_project_stays_there_until_a_run_has_seen_it() {
        let store = Store::in_memory(&Options::default()).unwrap();
        store
            .write_sync(|tx| {
                let (shop, farm) = (seed(tx, "shop")?, seed(tx, "farm")?);
                let told = tx.tell_bug(shop.project, "Refunds go astray", &Actor::operator(1, "ada"))?;
                tx.record(event("told"))?;
                let finds = |run: &Run| tx.bugs_like(run.project, "refunds", 9).map(|found| found.len());
                assert_eq!((finds(&shop)?, finds(&farm)?), (1, 0));
                assert!(tx.may_read_bug(shop.project, told)? && !tx.may_read_bug(farm.project, told)?);
                assert_eq!(tx.projects_with(told, 9)?, ["shop"]);
                let seen = see(tx, &shop, 0, &finding("a", "refund of no order"))?;
                tx.merge_bugs(seen, told)?;
                assert_eq!((finds(&farm)?, tx.may_read_bug(farm.project, told)?), (1, true));
                Ok(())
            })
            .unwrap();
    }
}
