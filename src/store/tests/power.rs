//! Power is taken away at every call to the disk: what was acknowledged is there, what is there is a prefix, and the store
//! opens as if nothing had been.

use super::disk::{Disk, Keep, Moment, Platter};
use super::fixtures::{quick_dir, store};
use super::history::{Moves, hashes, lay, prefix};
use crate::store::{Options, Store};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::time::Instant;

/// Every call that a history made, and the chain that it came to.
pub struct Recorded {
    pub moments: Vec<Moment>,
    pub chain: Vec<Vec<u8>>,
}

/// A history of so many transactions; the store is closed and opened again in its midst.
pub fn recorded(count: usize) -> Recorded {
    let (_dir, paths) = quick_dir();
    let disk = Disk::under(&paths);
    disk.remember();
    let mut moves = Moves::default();
    let mut chain = Vec::new();
    for (from, to) in [(0, count / 2), (count / 2, count)] {
        let store = store(&paths);
        // The event of the store's creation is acknowledged with the opening.
        disk.acknowledge(from + 1);
        for n in from..to {
            moves.next(&store);
            disk.acknowledge(n + 2);
        }
        chain = store.read_sync(|view| Ok(hashes(view.connection()))).unwrap();
    }
    assert_eq!(chain.len(), count + 1);
    Recorded { moments: disk.remembered(), chain }
}

/// Lays the files of a moment into a directory, opens the store, and gives how many transactions it holds.
fn opened(recorded: &Recorded, moment: &Moment, (database, log): (Vec<u8>, Vec<u8>), what: &str) -> usize {
    let (_dir, paths) = quick_dir();
    // Nothing is to be synced for a test that never loses power itself.
    let _disk = Disk::under(&paths);
    lay(&paths, moment, &database, &log);
    let store = match Store::open_inline(&paths, &Options::default()) {
        Ok(store) => store,
        Err(error) => panic!("{what}: {error}"),
    };
    let chain = store.read_sync(|view| Ok(hashes(view.connection()))).unwrap();
    if moment.acknowledged == 0 && chain.len() == 1 && chain[0] != recorded.chain[0] {
        // Its creation was not over, so it was made anew.
        return 0;
    }
    let events = store.read_sync(|view| Ok(prefix(&recorded.chain, view.connection()))).unwrap();
    assert!(events >= moment.acknowledged, "{what}: {} of {events} are left", moment.acknowledged);
    assert!(events <= moment.acknowledged + 1, "{what}: {events} is more than was begun");
    events
}

/// Takes the power away before each `stride`-th call, in each of three ways.
fn take_power(recorded: &Recorded, stride: usize) -> (usize, BTreeSet<usize>) {
    let mut rng = StdRng::seed_from_u64(28);
    let (mut platter, mut losses, mut met) = (Platter::default(), 0, BTreeSet::new());
    for (n, moment) in recorded.moments.iter().enumerate() {
        if n.is_multiple_of(stride) {
            for keep in [Keep::None, Keep::Some, Keep::All] {
                let left = platter.after_power_loss(keep, &mut rng);
                let what = format!("power lost before call {n} ({keep:?})");
                met.insert(opened(recorded, moment, left, &what));
                losses += 1;
            }
        }
        platter.perform(&moment.op);
    }
    (losses, met)
}

#[test]
fn power_lost_at_any_call_loses_nothing_that_was_acknowledged() {
    let recorded = recorded(40);
    let (losses, met) = take_power(&recorded, 5);
    assert!(losses > 300, "only {losses} losses of power");
    assert!(met.len() > 30, "only {} lengths of the history were met", met.len());
}

/// Prints how many losses of power a history of 500 transactions outlived.
#[test]
#[ignore = "a measurement of some minutes"]
fn five_hundred_transactions_outlive_a_loss_of_power_at_every_call() {
    let began = Instant::now();
    let recorded = recorded(500);
    let (losses, met) = take_power(&recorded, 1);
    assert_eq!(met, (0..=501).collect(), "every length of the history is met");
    eprintln!(
        "{} calls to the disk in 500 transactions; {losses} losses of power, 0 acknowledged transactions lost, in {:.0} s",
        recorded.moments.len(),
        began.elapsed().as_secs_f64()
    );
}
