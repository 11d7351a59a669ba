#![allow(clippy::unwrap_used, clippy::print_stdout)]
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
    let offer =
        Offer { about: at_hand.exact.clone(), likeness: Likeness::Words, repair: look(at_hand.clone()), quoted: true };
    let (run, solution) = (other.id, offer.repair.solution);
    for (iteration, outcome) in [(1, OfferOutcome::Failed), (2, OfferOutcome::Helped), (3, OfferOutcome::Ignored)] {
        let (offer, about) = (offer.clone(), at_hand.clone());
        let settled = store.write_sync(move |tx| {
            tx.join_bug(run, &about)?;
            tx.insert_offers(run, iteration, std::slice::from_ref(&offer))?;
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
    assert_eq!(store.read_sync(|view| view.record_of_words(30)).unwrap(), (1, 1));
    let spent = store.read_sync(move |view| view.spent_repairs(run)).unwrap();
    assert!(spent.contains(&solution), "{spent:?}");
}

/// A message of words that are drawn by a rule: a few that many messages have, and some that few have.
fn message(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let common = ["expected", "value", "in", "the", "row", "but", "was", "missing", "error", "at", "line", "of"];
    let words = (0..14).map(|place| match place % 3 {
        0 => format!("name{}", draw(40_000)),
        1 => format!("part{}", draw(300)),
        _ => common[usize::try_from(draw(12)).unwrap()].to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `cargo test --release --lib store::memory -- --ignored --nocapture`
#[test]
#[ignore = "a measurement of minutes; prints what looking into a large memory costs"]
fn a_memory_of_a_hundred_thousand_bugs() {
    use crate::domain::Millis;
    use crate::store::tests::fixtures::{dir, store as open};
    use std::time::Instant;
    const BUGS: u64 = 100_000;
    const EACH: u64 = 10;
    let (place, paths) = dir();
    let store = open(&paths);
    let run = store.write_sync(|tx| seed(tx, "one")).unwrap();
    let (id, project) = (run.id, run.project);
    for from in (0..BUGS).step_by(1_000) {
        let write = store.write_sync(move |tx| {
            for n in from..from + 1_000 {
                let mut one = finding(&format!("test_{n}"), &message(n));
                one.exact = Fingerprint(format!("{n:032x}"));
                one.class = Fingerprint(format!("{:032x}", n % 50));
                let mut bug = None;
                for _ in 0..EACH {
                    bug = Some(tx.join_bug(id, &one)?);
                    tx.insert_finding(id, u32::try_from(n % 40).unwrap(), bug, &one)?;
                }
                if n % 3 == 0 {
                    let summary = format!("src/part{n}.py\n-    return row['x{n}']\n+    return row.get('x{n}', 0)\n");
                    let commit = "c".repeat(40);
                    let solution = Solution { run: id, iteration: 1, commit, summary, at: Millis(0) };
                    tx.insert_bug_solution(bug.unwrap(), &solution)?;
                }
            }
            tx.record(event("filled"))
        });
        write.unwrap();
    }
    let mut took: Vec<_> = (0..500)
        .map(|n| {
            // One word of a bug that is known is another one here, as with a bug like it.
            let about = finding("another", &message(n * 199).replacen("name", "other", 1));
            let begun = Instant::now();
            let found = store.read_sync(move |view| view.repairs_like(project, &about, true)).unwrap();
            assert!(!found.is_empty());
            begun.elapsed()
        })
        .collect();
    took.sort();
    let mut lists: Vec<_> = (0..20)
        .map(|_| {
            let begun = Instant::now();
            let bugs = store.read_sync(|view| view.bugs(&crate::store::BugFilter::default())).unwrap();
            assert_eq!(bugs.len(), 1_000);
            begun.elapsed()
        })
        .collect();
    lists.sort();
    drop(store);
    let size: u64 = walk(place.path());
    println!(
        "{BUGS} bugs, {} findings: repairs like one p50 {:?}, p95 {:?}, most {:?}; the newest 1,000 bugs p50 {:?}, most {:?}; \
         {} bytes a finding, with its bug and repair",
        BUGS * EACH,
        took[took.len() / 2],
        took[took.len() * 95 / 100],
        took[took.len() - 1],
        lists[lists.len() / 2],
        lists[lists.len() - 1],
        size / (BUGS * EACH)
    );
}

fn walk(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}
