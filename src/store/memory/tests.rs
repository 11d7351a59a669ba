#![allow(clippy::unwrap_used)]
use crate::domain::{Finding, Fingerprint, Likeness, Offer, OfferOutcome, Run, Severity, Solution, Source};
use crate::store::tests::fixtures::{event, seed};
use crate::store::{Options, Store};

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

/// A store with two projects; the first one's run has repaired a bug.
fn repaired() -> (Store, Run, Run) {
    let store = Store::in_memory(&Options::default()).unwrap();
    let both = store.write_sync(|tx| {
        let (one, other) = (seed(tx, "one")?, seed(tx, "other")?);
        let bug = tx.join_bug(one.id, &finding("a", "no price for the customer's parcel"))?;
        let summary = "work.py\n+ row.get('price', 0)\n".to_owned();
        let solution =
            Solution { run: one.id, iteration: 2, commit: "c".repeat(40), summary, at: crate::domain::Millis(0) };
        tx.insert_bug_solution(bug, &solution)?;
        tx.record(event("solved"))?;
        Ok((one, other))
    });
    let (one, other) = both.unwrap();
    (store, one, other)
}

#[test]
fn a_repair_is_found_by_the_same_bug_and_by_its_words() {
    let (store, one, other) = repaired();
    let found = |run: &Run, finding: Finding, across| {
        let project = run.project;
        let found = store.read_sync(move |view| view.repairs_like(project, &finding, across)).unwrap();
        found.into_iter().map(|one| (one.project, one.here)).collect::<Vec<_>>()
    };
    let same = || finding("a", "said otherwise");
    let alike = || finding("b", "no weight for the customer's parcel");
    assert_eq!(found(&one, same(), false), [("one".to_owned(), true)]);
    assert_eq!(found(&other, same(), true), [("one".to_owned(), false)]);
    assert_eq!(found(&other, alike(), true), [("one".to_owned(), false)]);
    assert!(found(&other, alike(), false).is_empty(), "what other projects know stays there");
    assert!(found(&one, Finding { kind: "x".to_owned(), ..finding("c", "\" OR * NEAR(") }, true).is_empty());
}

#[test]
fn what_came_of_an_offer_counts_for_the_next_one() {
    let (store, _, other) = repaired();
    let look = |about: Finding| {
        let project = other.project;
        store.read_sync(move |view| view.repairs_like(project, &about, true)).unwrap().remove(0)
    };
    let at_hand = finding("b", "no weight for the customer's parcel");
    let offer = Offer { about: at_hand.exact.clone(), likeness: Likeness::Words, repair: look(at_hand.clone()) };
    let (run, solution) = (other.id, offer.repair.solution);
    for (iteration, outcome) in [(1, OfferOutcome::Failed), (2, OfferOutcome::Helped), (3, OfferOutcome::Ignored)] {
        let (offer, about) = (offer.clone(), at_hand.clone());
        let settled = store.write_sync(move |tx| {
            tx.join_bug(run, &about)?;
            tx.insert_offers(run, iteration, &[offer.clone()])?;
            tx.insert_offers(run, iteration, &[offer])?;
            let open = tx.open_offers(run, iteration)?;
            tx.settle_offer((run, iteration), &about.exact, solution, outcome)?;
            tx.record(event("offered"))?;
            Ok((open, tx.open_offers(run, iteration)?))
        });
        let (open, left) = settled.unwrap();
        assert_eq!((open.len(), open[0].solution, left.len()), (1, solution, 0));
    }
    let now = look(at_hand);
    assert_eq!((now.helped, now.failed), (1, 1));
    assert!(now.borne_out > crate::domain::Millis(0));
    let spent = store.read_sync(move |view| Ok((view.spent_repairs(run)?, view.offers_by_outcome()?))).unwrap();
    assert!(spent.0.contains(&solution) && spent.1.len() == 3, "{spent:?}");
}
