//! The disk fails at one call after the other: what was refused is nowhere, what was acknowledged is everywhere, each row
//! has its event, reading goes on, and writing goes on once the disk works again.

use super::disk::{Disk, Fault, Keep, Placed, Platter};
use super::fixtures::{open, quick_dir, seed, store};
use super::history::beside;
use crate::audit::{Verdict, own_head_for_tests, verify};
use crate::store::{OpenError, Options, Paths, Store, StoreError};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Transactions between two starts of the store.
const A_LIFE: usize = 10;
/// So many are tried.
const TRIES: usize = 40;
/// For ever, as far as these tests go.
const LASTING: u64 = u64::MAX;

/// How the disk fails: in which way, and how often.
const WAYS: [(Fault, u64); 5] =
    [(Fault::Full, 1), (Fault::Full, LASTING), (Fault::Torn, 1), (Fault::Sync, 1), (Fault::Sync, LASTING)];

fn name(n: usize) -> String {
    format!("project {n}")
}

/// The projects that a database holds. Each has one run and one event, or something is torn apart.
fn projects(conn: &Connection) -> BTreeSet<String> {
    let list = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let names = list("SELECT name FROM projects ORDER BY id");
    let told =
        list("SELECT projects.name FROM audit JOIN projects ON projects.id = audit.project ORDER BY projects.id");
    let run = list("SELECT projects.name FROM runs JOIN projects ON projects.id = runs.project ORDER BY projects.id");
    assert_eq!(told, names, "rows without an event, or events without a row");
    assert_eq!(run, names, "half of a transaction");
    let orphans = list("SELECT kind FROM audit WHERE kind = 'run.queued' AND project IS NULL");
    assert_eq!(orphans, Vec::<String>::new());
    names.into_iter().collect()
}

fn stored(store: &Store) -> BTreeSet<String> {
    store.read_sync(|view| Ok(projects(view.connection()))).unwrap()
}

/// What an engine finds that starts on these files.
fn found_after(paths: &Paths, database: &[u8], log: &[u8], what: &str) -> BTreeSet<String> {
    let (_dir, copy) = quick_dir();
    let _disk = Disk::under(&copy);
    std::fs::write(&copy.database, database).unwrap();
    if !log.is_empty() {
        std::fs::write(beside(&copy.database, "-wal"), log).unwrap();
    }
    for (from, to) in [(&paths.chain_head, &copy.chain_head), (&paths.epoch, &copy.epoch)] {
        if let Ok(bytes) = std::fs::read(from) {
            std::fs::write(to, bytes).unwrap();
        }
    }
    own_head_for_tests(&copy.chain_head);
    match Store::open_inline(&copy, &Options::default()) {
        Ok(store) => stored(&store),
        Err(error) => panic!("{what}: {error}"),
    }
}

/// What is there if the engine is killed now.
fn after_kill(paths: &Paths, what: &str) -> BTreeSet<String> {
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    found_after(paths, &read(&paths.database), &read(&beside(&paths.database, "-wal")), what)
}

/// What is there if the power goes now and takes along whatever was not synced.
fn after_power_loss(disk: &Placed, paths: &Paths, what: &str) -> BTreeSet<String> {
    let mut platter = Platter::default();
    for moment in disk.remembered() {
        platter.perform(&moment.op);
    }
    let (database, log) = platter.after_power_loss(Keep::None, &mut StdRng::seed_from_u64(0));
    found_after(paths, &database, &log, what)
}

/// What one history met.
#[derive(Debug, Default)]
struct Met {
    refused: usize,
    starts_refused: usize,
    failures: u64,
}

/// One history in which the disk fails at its `n`-th call, and works again after what failed was looked at.
fn history(n: u64, (fault, times): (Fault, u64)) -> Met {
    let what = format!("call {n}, {fault:?}, {}", if times == 1 { "once" } else { "lasting" });
    let (_dir, paths) = quick_dir();
    let disk = Disk::under(&paths);
    disk.remember();
    disk.fail(n, times, fault);
    let mut met = Met::default();
    let (mut acknowledged, mut tried) = (BTreeSet::new(), 0);
    while tried < TRIES {
        let store = match open(&paths, &Options::default()) {
            Ok(store) => store,
            Err(error) => {
                let passing =
                    matches!(error, OpenError::Unavailable { .. } | OpenError::Database { .. } | OpenError::Io { .. });
                assert!(passing && disk.failed() > 0, "{what}: {error}");
                assert!(met.starts_refused < 3, "{what}: {error}, although the disk works");
                met.starts_refused += 1;
                if acknowledged.is_empty() {
                    disk.mend();
                } else {
                    assert_eq!(after_kill(&paths, &what), acknowledged, "{what}");
                    disk.mend();
                }
                continue;
            }
        };
        for _ in 0..A_LIFE {
            let wish = name(tried);
            tried += 1;
            let said = wish.clone();
            match store.write_sync(move |tx| seed(tx, &said)) {
                Ok(_) => drop(acknowledged.insert(wish)),
                Err(error) => {
                    assert!(matches!(error, StoreError::NotStored { .. }), "{what}: {error}");
                    assert_eq!(
                        matches!(error, StoreError::NotStored { full: true, .. }),
                        fault == Fault::Full,
                        "{what}"
                    );
                    met.refused += 1;
                    assert_eq!(stored(&store), acknowledged, "{what}: read while the disk fails");
                    if met.refused > 2 {
                        disk.mend();
                    }
                    let lost = after_power_loss(&disk, &paths, &what);
                    assert_eq!(lost, acknowledged, "{what}: after a loss of power");
                    assert_eq!(after_kill(&paths, &what), acknowledged, "{what}: after a kill");
                }
            }
        }
        assert_eq!(stored(&store), acknowledged, "{what}");
    }
    assert_eq!(after_power_loss(&disk, &paths, &what), acknowledged, "{what}: at the end");
    let store = store(&paths);
    assert_eq!(stored(&store), acknowledged, "{what}: at the end");
    let whole = |conn: &Connection| -> (String, Verdict) {
        let integrity = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        (integrity, verify(conn, &paths.chain_head).unwrap())
    };
    let (integrity, verdict) = store.read_sync(|view| Ok(whole(view.connection()))).unwrap();
    assert!(integrity == "ok" && matches!(verdict, Verdict::Anchored { .. }), "{what}: {integrity}, {verdict}");
    assert!(met.refused < 4, "{what}: writing did not go on once the disk worked");
    met.failures = disk.failed();
    met
}

fn histories(calls: impl Iterator<Item = u64>) -> (usize, Met) {
    let (mut count, mut sum) = (0, Met::default());
    for n in calls {
        for way in WAYS {
            let met = history(n, way);
            count += 1;
            sum.refused += met.refused;
            sum.starts_refused += met.starts_refused;
            sum.failures += met.failures;
        }
    }
    (count, sum)
}

#[test]
fn a_disk_that_fails_at_any_write_leaves_neither_half_a_transaction_nor_a_false_word() {
    let (count, met) = histories((0..560).step_by(40));
    assert!(count == 70 && met.refused >= 25 && met.starts_refused >= 5, "{met:?}");
}

#[test]
fn a_quota_that_is_used_up_counts_as_a_full_disk() {
    let (_dir, paths) = quick_dir();
    let disk = Disk::under(&paths);
    let store = store(&paths);
    for fault in [Fault::Quota, Fault::Torn] {
        disk.fail(0, 1, fault);
        let error = store.write_sync(|tx| seed(tx, "one")).unwrap_err();
        let StoreError::NotStored { full, reason } = &error else { panic!("{error}") };
        assert_eq!((*full, reason.contains("quota")), (fault == Fault::Quota, fault == Fault::Quota), "{error}");
    }
    store.write_sync(|tx| seed(tx, "one")).unwrap();
}

/// Prints how many failures of the disk were met.
#[test]
#[ignore = "a measurement of a minute or two"]
fn hundreds_of_writes_fail_one_after_the_other_in_five_ways() {
    let began = Instant::now();
    let (count, met) = histories(0..560);
    eprintln!("{count} histories of {TRIES} transactions: {met:?}, in {:.0} s", began.elapsed().as_secs_f64());
}
