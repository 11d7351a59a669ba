//! Damaged and cut files: what is left is a prefix of what was, and no loss is taken for a beginning.

use super::fixtures::{quick_dir, store};
use super::history::{Moves, beside, files, hashes, prefix};
use crate::audit::{Verdict, own_head_for_tests, verify};
use crate::store::{OpenError, Options, Paths, RunFilter, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tempfile::TempDir;

/// Bytes of a WAL's header.
const HEADER: usize = 32;
/// Bytes of one of its frames: a header and a page.
const FRAME: usize = 24 + PAGE;
/// Bytes of a database's page.
const PAGE: usize = 4096;

/// The files of a store that was killed, or closed, in the midst of its work.
struct History {
    _dir: TempDir,
    database: Vec<u8>,
    log: Vec<u8>,
    head: Vec<u8>,
    epoch: Vec<u8>,
    /// The hash of each record, in order.
    chain: Vec<Vec<u8>>,
}

impl History {
    /// Runs that move through states, each move with its event, and then the files as they lie: with the log of a process
    /// that was killed, or whole in the database.
    fn new(count: usize, killed: bool) -> Self {
        let (dir, paths) = quick_dir();
        let store = store(&paths);
        let mut moves = Moves::default();
        for _ in 0..count {
            moves.next(&store);
        }
        let chain = store.read_sync(|view| Ok(hashes(view.connection()))).unwrap();
        let mut store = Some(store);
        if !killed {
            store = None;
        }
        let log = beside(&paths.database, "-wal");
        let read = |path: &Path| std::fs::read(path).unwrap();
        let history = Self {
            database: read(&paths.database),
            log: if killed { read(&log) } else { Vec::new() },
            head: read(&paths.chain_head),
            epoch: read(&paths.epoch),
            chain,
            _dir: dir,
        };
        drop(store);
        history
    }

    /// The files in a directory of their own, with this database and this log.
    fn lay(&self, database: &[u8], log: &[u8]) -> (TempDir, Paths) {
        let (dir, paths) = quick_dir();
        std::fs::create_dir_all(paths.database.parent().unwrap()).unwrap();
        std::fs::write(&paths.database, database).unwrap();
        if !self.log.is_empty() {
            std::fs::write(beside(&paths.database, "-wal"), log).unwrap();
        }
        std::fs::write(&paths.chain_head, &self.head).unwrap();
        std::fs::write(&paths.epoch, &self.epoch).unwrap();
        own_head_for_tests(&paths.chain_head);
        (dir, paths)
    }
}

#[test]
fn a_log_that_is_cut_anywhere_leaves_a_prefix_and_is_called_truncated() {
    let history = History::new(40, true);
    let (all, head) = (history.chain.len(), history.chain.len() as u64);
    let frames = (history.log.len() - HEADER) / FRAME;
    assert!(frames > 100 && (history.log.len() - HEADER).is_multiple_of(FRAME), "{frames} frames");
    let mut rng = StdRng::seed_from_u64(28);
    let random = (0..80).map(|_| rng.random_range(0..history.log.len()));
    let mut cuts: Vec<usize> = (0..=frames).map(|n| HEADER + n * FRAME).chain([0, 1, 31]).chain(random).collect();
    cuts.sort_unstable();
    let mut before = 0;
    let mut met = std::collections::BTreeSet::new();
    for cut in cuts {
        let (_dir, paths) = history.lay(&history.database, &history.log[..cut]);
        let lay = files(&paths);
        let opened = Store::open(&paths, &Options::default());
        let looked = Store::rescue(&paths)
            .map(|store| store.read_sync(|view| Ok(verify(view.connection(), &paths.chain_head).unwrap())).unwrap());
        if opened.is_err() {
            assert_eq!(files(&paths), lay, "cut at {cut}: something was written");
        }
        let whole = opened.as_ref().map(|_| ()).map_err(ToString::to_string);
        let verdict = if let Err(OpenError::Chain { verdict, .. }) = &opened { Some(verdict.clone()) } else { None };
        drop(opened);
        let events = prefix(&history.chain, &Connection::open(&paths.database).unwrap());
        assert!(events >= before, "cut at {cut}: {events} events, {before} with less of the log");
        before = events;
        met.insert(events);
        if events == all {
            assert_eq!(whole, Ok(()), "cut at {cut}");
            assert_eq!(looked.unwrap(), Verdict::Anchored { events: head });
        } else {
            let truncated = Verdict::Truncated { events: events as u64, head };
            assert_eq!(verdict, Some(truncated.clone()), "cut at {cut}: {whole:?}");
            assert_eq!(looked.unwrap(), truncated, "cut at {cut}");
        }
    }
    assert_eq!(met, (0..=all).collect(), "every commit is met");
}

/// In how many ways a disk loses content.
const WAYS: usize = 10;

/// One of the ways in which a disk loses content.
fn harm(bytes: &mut Vec<u8>, way: usize, rng: &mut StdRng) {
    let all = bytes.len();
    let pages = all / PAGE;
    let mut page = || rng.random_range(0..pages) * PAGE;
    let (one, other) = (page(), page());
    match way {
        0 => bytes.truncate(rng.random_range(0..all)),
        1 => bytes.truncate(one),
        2 => {
            let from = rng.random_range(0..all);
            bytes[from..all.min(from + rng.random_range(1..8192))].fill(0);
        }
        3 => bytes[..100].fill(0),
        4 => rng.fill(&mut bytes[one..one + PAGE]),
        5 => rng.fill(&mut bytes[..]),
        6 => {
            // Pages that the disk wrote to each other's places.
            let kept = bytes[one..one + PAGE].to_owned();
            bytes.copy_within(other..other + PAGE, one);
            bytes[other..other + PAGE].copy_from_slice(&kept);
        }
        7 => bytes.extend_from_within(one..),
        way => {
            // The second of these meets the header and the schema in a database.
            let reach = if way == 8 { all } else { 2 * PAGE };
            for _ in 0..rng.random_range(1..40) {
                bytes[rng.random_range(0..reach)] ^= rng.random_range(1..=255_u8);
            }
        }
    }
}

#[test]
fn two_hundred_and_fifty_six_damaged_stores_neither_panic_nor_are_written_to_nor_forget() {
    let (killed, closed) = (History::new(60, true), History::new(60, false));
    assert!(closed.database.len() > 100_000);
    let mut rng = StdRng::seed_from_u64(7);
    let mut refused = [0, 0];
    for round in 0..256 {
        let of_log = round % 2 == 0;
        let history = if of_log { &killed } else { &closed };
        let (mut database, mut log) = (history.database.clone(), history.log.clone());
        harm(if of_log { &mut log } else { &mut database }, round / 2 % WAYS, &mut rng);
        let (_dir, paths) = history.lay(&database, &log);
        let lay = files(&paths);
        let opened = catch_unwind(AssertUnwindSafe(|| Store::open(&paths, &Options::default())));
        match opened.unwrap_or_else(|_| panic!("round {round} panicked")) {
            Ok(store) => {
                // Bytes that nothing depends on, or that no check knows of; but nothing that was recorded is lost.
                let chain = store.read_sync(|view| Ok(hashes(view.connection()))).unwrap();
                assert!(chain.starts_with(&history.chain), "round {round}: {} events", chain.len());
                continue;
            }
            Err(error) => {
                let words = error.to_string();
                assert!(error.rescue_offered(), "round {round}: {words}");
                let told = [paths.database.to_str().unwrap(), "rescue mode|audit verify|lost"]
                    .iter()
                    .all(|wanted| wanted.split('|').any(|one| words.contains(one)));
                assert!(told, "round {round}: {words}");
            }
        }
        refused[usize::from(of_log)] += 1;
        if let Ok(rescue) = Store::rescue(&paths) {
            // Whatever can be read is read; an error is an answer too.
            drop(rescue.read_sync(|view| view.project_named("project 4")));
            drop(rescue.read_sync(|view| view.runs(&RunFilter::default())));
            drop(rescue.read_sync(|view| Ok(verify(view.connection(), &paths.chain_head).map(drop))));
        }
        assert_eq!(files(&paths), lay, "round {round} was written to");
        if !of_log {
            assert!(!beside(&paths.database, "-shm").exists(), "round {round}: files were made beside the database");
        }
    }
    assert!(refused.iter().all(|count| *count >= 64), "only {refused:?} were refused");
}

#[test]
fn a_database_with_other_tables_than_its_schema_says_is_damaged() {
    let changes = [
        "DROP TABLE guidance",
        "DROP INDEX audit_by_kind",
        "ALTER TABLE runs RENAME COLUMN reason TO cause",
        "ALTER TABLE runs ADD COLUMN more TEXT",
        "CREATE TABLE more (x)",
        "CREATE TRIGGER more AFTER INSERT ON audit BEGIN DELETE FROM runs; END",
        "CREATE VIEW more AS SELECT 1",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -7",
        "PRAGMA user_version = 2046820359",
    ];
    for change in changes {
        let (_dir, paths) = quick_dir();
        drop(store(&paths));
        let other = Connection::open(&paths.database).unwrap();
        other.execute_batch(change).unwrap();
        drop(other);
        let lay = files(&paths);
        let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }) && error.rescue_offered(), "{change}: {error}");
        drop(Store::rescue(&paths).unwrap());
        assert_eq!(files(&paths), lay, "{change}");
    }
}
