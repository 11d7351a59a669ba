//! Something else lies where a file of the store belongs: it is said at once, and nothing is touched.

use super::fixtures::{dir, seed, store};
use super::history::beside;
use crate::store::{Options, Paths, Store};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// Far longer than any of this takes, and far shorter than for ever.
const HANGS: Duration = Duration::from_mins(1);

/// What lies there instead.
const THINGS: [&str; 6] = ["directory", "full directory", "fifo", "socket", "link to nothing", "link to a device"];

fn put(thing: &str, path: &Path) {
    if fs::symlink_metadata(path).is_ok() {
        fs::remove_file(path).unwrap();
    }
    let node = |kind| mknodat(CWD, path, kind, Mode::RUSR | Mode::WUSR, 0).unwrap();
    match thing {
        "directory" => fs::create_dir(path).unwrap(),
        "full directory" => {
            fs::create_dir(path).unwrap();
            fs::write(path.join("one"), "1").unwrap();
        }
        "fifo" => node(FileType::Fifo),
        "socket" => node(FileType::Socket),
        "link to nothing" => symlink(path.with_file_name("nowhere"), path).unwrap(),
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

/// What lies in a directory: names, kinds and contents.
fn look(dir: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let meta = fs::symlink_metadata(&path).unwrap();
            let bytes = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            (path, meta.mode(), bytes)
        })
        .collect();
    found.sort();
    found
}

/// Opens a store elsewhere, so that a call that hangs fails the test instead of hanging it.
fn in_time<T: Send + 'static>(what: &str, open: impl FnOnce() -> T + Send + 'static) -> T {
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more where it took too long.
        drop(say.send(open()));
    });
    heard.recv_timeout(HANGS).unwrap_or_else(|error| panic!("{what}: {error}"))
}

#[test]
fn anything_in_the_place_of_a_file_is_told_at_once_and_left_alone() {
    type Of = fn(&Paths) -> PathBuf;
    let files: [(&str, Of); 7] = [
        ("database", |paths| paths.database.clone()),
        ("database's log", |paths| beside(&paths.database, "-wal")),
        ("database's shared memory", |paths| beside(&paths.database, "-shm")),
        ("head of the audit log", |paths| paths.chain_head.clone()),
        ("epoch", |paths| paths.epoch.clone()),
        ("lock", |paths| paths.lock.clone()),
        ("reserve", |paths| paths.reserve.clone()),
    ];
    for (name, of) in files {
        for thing in THINGS {
            let what = format!("a {thing} in place of the {name}");
            let (_dir, paths) = dir();
            let first = store(&paths);
            first.write_sync(|tx| seed(tx, "one")).unwrap();
            drop(first);
            let place = of(&paths);
            put(thing, &place);
            let dir = paths.database.parent().unwrap().to_owned();
            let before = look(&dir);
            let (to_open, to_rescue) = (paths.clone(), paths.clone());
            let opened = in_time(&what, move || Store::open(&to_open, &Options::default()).map(drop));
            let looked = in_time(&what, move || Store::rescue(&to_rescue).map(drop));
            let said = format!("{}: the {name} belongs there, but what lies there is no file", place.display());
            for error in [opened.unwrap_err(), looked.unwrap_err()] {
                assert!(error.to_string().starts_with(&said) && !error.rescue_offered(), "{what}: {error}");
            }
            assert_eq!(look(&dir), before, "{what}: something was written");
        }
    }
}

/// An engine whose directory was moved away lives on for a moment. It must not anchor its log in that of the next one.
#[test]
fn what_is_written_after_a_move_goes_with_the_log_and_not_into_its_place() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    let state = paths.database.parent().unwrap().to_owned();
    let aside = state.with_extension("aside");
    fs::rename(&state, &aside).unwrap();
    fs::create_dir(&state).unwrap();
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    assert_eq!(look(&state), []);
    drop(first);
    drop(store(&paths));
    drop(store(&Paths::in_dir(&aside)));
}
