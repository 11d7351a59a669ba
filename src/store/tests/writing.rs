//! Jobs: stored whole with their event or not at all.

use super::fixtures::{counts, dir, event, new_run, seed, store};
use crate::audit::{Verdict, verify};
use crate::domain::{Budget, ImageUsed, Millis, Run, RunState, Spent};
use crate::store::{FaultKind, Options, RunFilter, Store, StoreError};
use std::sync::Arc;

#[test]
fn what_was_acknowledged_is_there_after_reopening() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    let run = first.write_sync(|tx| seed(tx, "one")).unwrap();
    let instance = first.instance().to_owned();
    drop(first);
    let again = store(&paths);
    assert_eq!(again.instance(), instance);
    assert_eq!(again.read_sync(|view| view.run(run.id)).unwrap(), Some(run));
    let verdict = again.read_sync(|view| Ok(verify(view.connection(), &paths.chain_head).unwrap())).unwrap();
    assert_eq!(verdict, Verdict::Anchored { events: 2 });
}

#[test]
fn every_value_of_a_run_comes_back_in_its_own_place() {
    let store = Store::in_memory(&Options::default()).unwrap();
    let written = store
        .write_sync(|tx| {
            tx.insert_project("one", "/src")?;
            let project = tx.insert_project("two", "/src")?.id;
            let new = Run {
                agent: "replay".to_owned(),
                state: RunState::Paused,
                resume_to: Some(RunState::Testing),
                iteration: 3,
                attempt: 4,
                losses: 5,
                troubles: 6,
                instant_failures: 7,
                not_before: Some(Millis(8)),
                base: Some("base".to_owned()),
                head: Some("head".to_owned()),
                image: Some(ImageUsed {
                    asked: "asked".to_owned(),
                    id: "id".to_owned(),
                    digest: None,
                    services: std::collections::BTreeMap::new(),
                }),
                budget: Budget { iterations: 9, seconds: Some(10), tokens: Some(11), microusd: Some(12) },
                spent: Spent { iterations: 13, milliseconds: 14, tokens: 15, microusd: 16 },
                reason: "reason".to_owned(),
                created: Millis(17),
                updated: Millis(18),
                ..new_run(project)
            };
            tx.record(event("run.queued"))?;
            tx.insert_run(&new)
        })
        .unwrap();
    let id = written.id;
    assert_eq!(store.read_sync(|view| view.run(id)).unwrap().as_ref(), Some(&written));
    assert_eq!(store.read_sync(|view| view.runs(&RunFilter::default())).unwrap(), [written]);
}

#[test]
fn a_job_without_an_event_is_undone() {
    let (_dir, paths) = dir();
    let store = store(&paths);
    let error = store.write_sync(|tx| tx.insert_project("one", "/src")).unwrap_err();
    assert!(matches!(error, StoreError::Unrecorded { rows: 1 }), "{error}");
    assert_eq!(counts(&store), (1, 0));
}

#[test]
fn a_job_that_panics_or_fails_is_undone_alone() {
    let store = Store::in_memory(&Options::default()).unwrap();
    let error = store
        .write_sync(|tx| {
            seed(tx, "one")?;
            Err::<(), _>(StoreError::Refused("no".to_owned()))
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "no");
    let error = store
        .write_sync(|tx| -> Result<(), StoreError> {
            seed(tx, "one")?;
            panic!("boom")
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: boom");
    assert_eq!(counts(&store), (1, 0));
    store.write_sync(|tx| seed(tx, "one")).unwrap();
    assert_eq!(counts(&store), (2, 1));
}

#[test]
fn the_second_of_two_that_read_the_same_version_meets_a_conflict() {
    let store = Store::in_memory(&Options::default()).unwrap();
    let run = store.write_sync(|tx| seed(tx, "one")).unwrap();
    let (mut mine, mut theirs) = (run.clone(), run.clone());
    mine.state = RunState::Preparing;
    theirs.state = RunState::Cancelled;
    let moved = store
        .write_sync(move |tx| {
            tx.record(event("run.moved").run(mine.id))?;
            tx.update_run(&mine)
        })
        .unwrap();
    assert_eq!((moved.version, moved.state), (2, RunState::Preparing));
    let error = store
        .write_sync(move |tx| {
            tx.record(event("run.moved").run(theirs.id))?;
            tx.update_run(&theirs)
        })
        .unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 1, found: 2, .. }), "{error}");
    assert_eq!(store.read_sync(|view| view.run(run.id)).unwrap(), Some(moved));
    assert_eq!(counts(&store).0, 3);
}

#[test]
fn a_commit_that_fails_stores_nothing_and_the_next_one_works() {
    let (_dir, paths) = dir();
    let options = Options::default();
    let faults = Arc::clone(&options.faults);
    let store = Store::open(&paths, &options).unwrap();
    faults.fail_commit(1, FaultKind::DiskFull);
    let error = store.write_sync(|tx| seed(tx, "one")).unwrap_err();
    assert!(matches!(error, StoreError::NotStored { full: true, .. }), "{error}");
    assert_eq!(counts(&store), (1, 0));
    store.write_sync(|tx| seed(tx, "one")).unwrap();
    assert_eq!(counts(&store), (2, 1));
}
