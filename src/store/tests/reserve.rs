//! A disk that is really full: the reserve is given for what must be written, and taken back.

use super::fixtures::{counts, dir, event, open, store};
use crate::store::{Options, Paths, Room, Store, StoreError};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const MIB: u64 = 1 << 20;
const RESERVE: u64 = 4 * MIB;

/// A small file system in memory; unmounted when dropped.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not mount; the reason is printed.
    fn mount(place: &Path, mib: u64) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=700"), "tmpfs"])
            .arg(place)
            .output()
            .unwrap();
        if mounted.status.success() {
            return Some(Self(place.to_owned()));
        }
        eprintln!("skipped: no file system can be mounted: {}", String::from_utf8_lossy(&mounted.stderr));
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a failed test may leave a store open.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// Fills the disk to its last byte.
fn fill(path: &Path) {
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

fn opened(paths: &Paths) -> Store {
    open(paths, &Options { reserve: RESERVE, ..Options::default() }).unwrap()
}

fn room(paths: &Paths) -> Room {
    Room::of(&paths.reserve, RESERVE).unwrap()
}

fn tick(store: &Store) -> Result<u64, StoreError> {
    store.write_sync(|tx| tx.record(event("tick")))
}

#[test]
fn records_are_written_on_a_full_disk_and_new_steps_wait_until_there_is_space() {
    let (_dir, paths) = dir();
    let state = paths.database.parent().unwrap();
    let Some(_small) = Small::mount(state, 16) else { return };
    let store = opened(&paths);
    assert_eq!(store.shortage(), None);
    assert_eq!(room(&paths).held, RESERVE);
    let (filler, greedy) = (state.join("filler"), state.join("greedy"));
    fill(&filler);
    assert!(room(&paths).free < MIB);
    let words = store.shortage().unwrap();
    assert!(words.contains("0 MiB are free beside the reserve") && words.contains("from 4 MiB"), "{words}");
    // Nobody else takes what is given: all is written, and the reserve is not given at once.
    for _ in 0..100 {
        tick(&store).unwrap();
    }
    let held = room(&paths).held;
    assert!(held > 0 && held < RESERVE, "{held}");
    assert_eq!(store.fault(), None, "the head of the chain was written as well");
    // A start on a full disk finds enough, too.
    drop(store);
    let store = opened(&paths);
    assert!(store.shortage().is_some());
    tick(&store).unwrap();
    // Now a program takes all that is given, until nothing is left.
    let mut written = 0;
    let error = loop {
        fill(&greedy);
        match tick(&store) {
            Ok(_) => written += 1,
            Err(error) if room(&paths).held == 0 => break error,
            Err(_) => {}
        }
    };
    assert!(written > 0, "nothing was written while others wrote too");
    assert!(matches!(error, StoreError::NotStored { full: true, .. }), "{error}");
    let before = counts(&store).0;
    assert!(tick(&store).is_err());
    assert_eq!(counts(&store).0, before, "reading goes on");
    // Space is back: the next write is taken, and so is the reserve.
    fs::remove_file(&greedy).unwrap();
    tick(&store).unwrap();
    assert!(store.shortage().is_some(), "what was greedy had less than the reserve");
    fs::remove_file(&filler).unwrap();
    assert_eq!(store.shortage(), None);
    assert_eq!((room(&paths).held, counts(&store).0), (RESERVE, before + 1));
}

#[test]
fn a_reserve_follows_what_is_configured() {
    let (_dir, paths) = dir();
    let held = |reserve: u64| {
        let store = open(&paths, &Options { reserve, ..Options::default() }).unwrap();
        assert_eq!(store.shortage(), None);
        fs::metadata(&paths.reserve).map_or(0, |meta| {
            assert_eq!(meta.permissions().mode() & 0o777, 0o600);
            meta.len()
        })
    };
    assert_eq!([held(3 * MIB), held(2 * MIB), held(0), held(MIB)], [3 * MIB, 2 * MIB, 0, MIB]);
    // None is made for a store that is opened without one.
    fs::remove_file(&paths.reserve).unwrap();
    drop(store(&paths));
    assert!(!paths.reserve.exists());
}
