//! A log that lost a part of what was acknowledged, at every length of a history that goes through several logs: never taken
//! for a crash, never written to, and what is left is a prefix.
//!
//! A log is cut while its database has nothing of it yet, and also when all of it was moved into the database already: then
//! the old pages of its beginning lie over newer ones, and the two do not fit.

use super::disk::{Disk, File, Keep, Moment, Op, Platter};
use super::fixtures::{event, quick_dir, store};
use super::history::{beside, files, hashes, lay, prefix};
use super::power::{Recorded, recorded};
use crate::store::{OpenError, Options, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::time::Instant;

/// Bytes of a log's header.
const HEADER: usize = 32;
/// Bytes of one of its frames: a header and a page.
const FRAME: usize = 24 + 4096;

/// The files at a moment in which a log is full.
struct Full<'a> {
    moment: &'a Moment,
    database: Vec<u8>,
    log: Vec<u8>,
    /// The database has all that the log holds.
    moved: bool,
}

/// Each log of a history twice: before it is moved into the database, and after that.
fn full_logs(recorded: &Recorded) -> Vec<Full<'_>> {
    let mut rng = StdRng::seed_from_u64(0);
    let (mut platter, mut found, mut moving) = (Platter::default(), Vec::new(), false);
    for moment in &recorded.moments {
        let taken = match moment.op {
            Op::Write { file: File::Database, .. } if !moving => Some(false),
            Op::Write { file: File::Log, at: 0, .. } | Op::Removed if moving => Some(true),
            _ => None,
        };
        if let Some(moved) = taken {
            moving = !moved;
            let (database, log) = platter.after_power_loss(Keep::All, &mut rng);
            if log.len() > HEADER {
                found.push(Full { moment, database, log, moved });
            }
        }
        platter.perform(&moment.op);
    }
    found
}

/// What harmed logs came to.
#[derive(Debug, Default)]
struct Met {
    harmed: usize,
    /// Refused at the start.
    refused: usize,
    /// Nothing depended on what was harmed.
    whole: usize,
    /// Lengths of histories that were left.
    lengths: BTreeSet<usize>,
}

/// Opens a store with a harmed log: it is refused and left as it lies, or nothing is missing.
fn open(recorded: &Recorded, full: &Full<'_>, log: &[u8], what: &str, met: &mut Met) {
    let (_dir, paths) = quick_dir();
    let _disk = Disk::under(&paths);
    lay(&paths, full.moment, &full.database, log);
    let before = files(&paths);
    met.harmed += 1;
    let acknowledged = full.moment.acknowledged;
    match Store::open_inline(&paths, &Options::default()) {
        Ok(store) => {
            let events = store.read_sync(|view| Ok(prefix(&recorded.chain, view.connection()))).unwrap();
            assert!(events >= acknowledged, "{what}: {events} of {acknowledged} events are left, and it was accepted");
            met.whole += 1;
            met.lengths.insert(events);
        }
        Err(error) => {
            assert!(error.rescue_offered(), "{what}: {error}");
            assert!(files(&paths) == before, "{what}: something was written");
            met.refused += 1;
            if !full.moved && !matches!(error, OpenError::Corrupt { .. }) {
                let _shared_memory_was_made = std::fs::remove_file(beside(&paths.database, "-shm"));
                let events = prefix(&recorded.chain, &Connection::open(&paths.database).unwrap());
                assert!(events < acknowledged, "{what}: {events} events are left, and it was refused");
                met.lengths.insert(events);
            }
        }
    }
}

/// Cuts each log at every `stride`-th boundary and at so many random places, and harms as many logs otherwise.
fn harm(recorded: &Recorded, stride: usize, random: usize) -> Met {
    let mut rng = StdRng::seed_from_u64(3);
    let mut met = Met::default();
    let logs = full_logs(recorded);
    assert!(logs.len() >= 6, "only {} full logs", logs.len());
    for full in &logs {
        let all = full.log.len();
        let boundaries = (HEADER..=all).step_by(FRAME * stride);
        let places = (0..random / logs.len()).map(|_| rng.random_range(0..all)).collect::<Vec<_>>();
        for cut in boundaries.chain(places).chain([0, 1, HEADER - 1]) {
            open(recorded, full, &full.log[..cut], &format!("cut at {cut} of {all}, moved: {}", full.moved), &mut met);
        }
        for n in 0..random / logs.len() {
            let mut log = full.log.clone();
            let frames = (all - HEADER) / FRAME;
            let mut frame = || HEADER + rng.random_range(0..frames) * FRAME;
            let (one, other) = (frame(), frame());
            let kind = match n % 3 {
                0 => {
                    let at = rng.random_range(0..all);
                    log[at] ^= rng.random_range(1..=255_u8);
                    "flipped"
                }
                1 => {
                    // A write that was torn: the rest of the frame never came.
                    log[one + rng.random_range(1..FRAME)..one + FRAME].fill(0);
                    "torn"
                }
                _ => {
                    log.copy_within(other..other + FRAME, one);
                    "repeated elsewhere"
                }
            };
            open(recorded, full, &log, &format!("frame at {one} of {all} {kind}, moved: {}", full.moved), &mut met);
        }
    }
    met
}

#[test]
fn logs_of_a_long_history_that_are_cut_or_torn_are_refused_as_they_lie() {
    let recorded = recorded(500);
    let met = harm(&recorded, 61, 60);
    assert!(met.refused > 100, "{met:?}");
}

/// Many events in one log: what is missing lies farther back than the end of the chain that each start checks.
#[test]
fn a_log_of_thousands_of_events_that_is_cut_after_it_was_moved_is_refused() {
    let (_dir, paths) = quick_dir();
    let disk = Disk::under(&paths);
    disk.remember();
    let first = store(&paths);
    // Free pages, so that the database need not grow later, which would give the cut away.
    first
        .write_sync(|tx| {
            tx.change("CREATE TABLE pad (bytes)", [])?;
            tx.change("INSERT INTO pad VALUES (zeroblob(4000000))", [])?;
            tx.change("DROP TABLE pad", [])?;
            tx.record(event("tick"))
        })
        .unwrap();
    drop(first);
    let store = store(&paths);
    disk.acknowledge(2);
    for n in 0..6 {
        let events = if n < 3 { 7 } else { 500 };
        store.write_sync(move |tx| (0..events).try_for_each(|_| tx.record(event("tick")).map(drop))).unwrap();
    }
    disk.acknowledge(2 + 3 * 7 + 3 * 500);
    let chain = store.read_sync(|view| Ok(hashes(view.connection()))).unwrap();
    drop(store);
    let recorded = Recorded { moments: disk.remembered(), chain };
    let mut met = Met::default();
    let logs = full_logs(&recorded);
    for full in logs.iter().filter(|full| full.moved && full.moment.acknowledged > 2) {
        for cut in (HEADER..full.log.len()).step_by(FRAME) {
            open(&recorded, full, &full.log[..cut], &format!("cut at {cut} of {}", full.log.len()), &mut met);
        }
    }
    assert!(met.refused > 20, "{met:?}");
}

/// Prints how many harmed logs were met.
#[test]
#[ignore = "a measurement of some minutes"]
fn logs_of_five_hundred_transactions_are_cut_at_every_frame_and_a_thousand_places() {
    let began = Instant::now();
    let recorded = recorded(500);
    let met = harm(&recorded, 1, 1000);
    let Met { harmed, refused, whole, lengths } = met;
    eprintln!(
        "{harmed} harmed logs: {refused} refused, {whole} without any loss, {} lengths of the history met, in {:.0} s",
        lengths.len(),
        began.elapsed().as_secs_f64()
    );
}
