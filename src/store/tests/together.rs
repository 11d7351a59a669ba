//! Many callers at once, and what group commit makes of them.

use super::fixtures::{counts, dir, event, new_run, seed, store};
use crate::audit::verify;
use crate::domain::RunState;
use crate::store::{FaultKind, Options, Store, StoreError};
use proptest::prelude::*;
use std::sync::{Arc, mpsc};
use std::time::Instant;

/// Queues jobs behind one that waits, so that they share a commit.
fn together(store: &Store, jobs: Vec<(String, bool)>) -> Vec<Result<(), StoreError>> {
    let (go, wait) = mpsc::channel::<()>();
    let (begun, started) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let first = scope.spawn(move || {
            store.write_sync(move |tx| {
                begun.send(()).unwrap();
                wait.recv().unwrap();
                tx.record(event("first")).map(drop)
            })
        });
        started.recv().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let results = runtime.block_on(async {
            let writes = jobs.into_iter().map(|(name, fails)| {
                store.write(move |tx| {
                    seed(tx, &name)?;
                    if fails { Err(StoreError::Refused("no".to_owned())) } else { Ok(()) }
                })
            });
            let all = futures_util::future::join_all(writes);
            // Polled once, every job is in the queue; then the first may go on.
            let mut all = std::pin::pin!(all);
            assert!(futures_util::poll!(all.as_mut()).is_pending());
            go.send(()).unwrap();
            all.await
        });
        first.join().unwrap().unwrap();
        results
    })
}

#[test]
fn one_that_fails_in_a_batch_leaves_the_others_stored_in_one_commit() {
    let (_dir, paths) = dir();
    let options = Options::default();
    let store = Store::open(&paths, &options).unwrap();
    let results = together(&store, (0..20).map(|n| (format!("p{n}"), n % 4 == 0)).collect());
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 5);
    assert_eq!(counts(&store), (1 + 1 + 15, 15));
    assert_eq!(options.faults.commits(), 2);
}

#[test]
fn a_failed_commit_undoes_its_whole_batch() {
    let (_dir, paths) = dir();
    let options = Options::default();
    let store = Store::open(&paths, &options).unwrap();
    options.faults.fail_commit(2, FaultKind::Io);
    let results = together(&store, (0..20).map(|n| (format!("p{n}"), false)).collect());
    for result in results {
        assert!(matches!(result, Err(StoreError::NotStored { full: false, .. })), "{result:?}");
    }
    assert_eq!(counts(&store), (2, 0));
    store.write_sync(|tx| seed(tx, "p1")).unwrap();
}

#[test]
fn a_hundred_writers_all_get_what_they_wrote() {
    let (_dir, paths) = dir();
    let store = store(&paths);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let writers = (0..100).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let run = store.write(move |tx| seed(tx, &format!("w{n}"))).await.unwrap();
                assert_eq!(store.read(move |view| view.run(run.id)).await.unwrap(), Some(run));
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
    assert_eq!(counts(&store), (101, 100));
    assert_eq!(
        store.read_sync(|view| Ok(verify(view.connection(), &paths.chain_head).unwrap().exit_code())).unwrap(),
        0
    );
}

#[derive(Debug, Clone)]
enum Op {
    Move(usize),
    Stale(usize),
    Unrecorded(usize),
    Panic,
    Refuse,
    Fault,
}

fn op() -> impl Strategy<Value = Op> {
    let state = 0..RunState::ALL.len();
    prop_oneof![
        state.clone().prop_map(Op::Move),
        state.clone().prop_map(Op::Stale),
        state.prop_map(Op::Unrecorded),
        Just(Op::Panic),
        Just(Op::Refuse),
        Just(Op::Fault),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The run's version counts its transitions: whatever happens, it equals the number of its events.
    #[test]
    fn every_state_has_its_event_and_every_event_its_state(ops in proptest::collection::vec(op(), 1..40)) {
        let options = Options::default();
        let store = Store::in_memory(&options).unwrap();
        let mut run = store.write_sync(|tx| {
            let project = tx.insert_project("one", "/src")?;
            let run = tx.insert_run(&new_run(project.id))?;
            tx.record(event("run").run(run.id))?;
            Ok(run)
        }).unwrap();
        for op in ops {
            let mut next = run.clone();
            let result = match op {
                Op::Move(n) => {
                    next.state = RunState::ALL[n];
                    store.write_sync(move |tx| { tx.record(event("run").run(next.id))?; tx.update_run(&next) })
                }
                Op::Stale(n) => {
                    next.state = RunState::ALL[n];
                    next.version -= 1;
                    store.write_sync(move |tx| { tx.record(event("run").run(next.id))?; tx.update_run(&next) })
                }
                Op::Unrecorded(n) => {
                    next.state = RunState::ALL[n];
                    store.write_sync(move |tx| tx.update_run(&next))
                }
                Op::Panic => store.write_sync(move |tx| { tx.record(event("run").run(next.id))?; panic!("on purpose") }),
                Op::Refuse => store.write_sync(move |tx| {
                    tx.update_run(&next)?;
                    tx.record(event("run").run(next.id))?;
                    Err(StoreError::Refused("no".to_owned()))
                }),
                Op::Fault => {
                    options.faults.fail_commit(1, FaultKind::DiskFull);
                    store.write_sync(move |tx| { tx.record(event("run").run(next.id))?; tx.update_run(&next) })
                }
            };
            if let Ok(moved) = result {
                run = moved;
            }
            let (stored, events) = store.read_sync(|view| {
                let sql = "SELECT count(*) FROM audit WHERE run = ?1";
                let events: i64 = view.connection().query_row(sql, [run.id.0], |row| row.get(0))?;
                Ok((view.run(run.id)?, events))
            }).unwrap();
            prop_assert_eq!(stored.as_ref(), Some(&run));
            prop_assert_eq!(events, run.version);
        }
    }
}

#[test]
fn throughput_of_one_and_of_sixty_four_callers() {
    let (_dir, paths) = dir();
    let store = Arc::new(store(&paths));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for (callers, each) in [(1, 100), (64, 10)] {
        let began = Instant::now();
        runtime.block_on(async {
            let tasks = (0..callers).map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    for _ in 0..each {
                        store.write(|tx| tx.record(event("tick"))).await.unwrap();
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
        let rate = f64::from(callers * each) / began.elapsed().as_secs_f64();
        eprintln!("{callers} callers: {rate:.0} acknowledged writes a second");
    }
    assert_eq!(counts(&store).0, 741);
}
