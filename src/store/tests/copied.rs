//! Copies of the files that are put in their place, or used in another: nothing that was agreed to before outlives that.

use super::fixtures::{dir, seed, store};
use crate::store::{Options, Paths, Store};
use std::fs;
use std::path::Path;
use std::process::Command;

fn state(paths: &Paths) -> &Path {
    paths.database.parent().unwrap()
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// How many copies the log tells of, and which number the next run has.
fn told(store: &Store) -> (i64, i64) {
    let copies = "SELECT count(*) FROM audit WHERE kind = 'store.copied'";
    let copies = store.read_sync(|view| Ok(view.connection().query_row(copies, [], |row| row.get(0))?)).unwrap();
    let next = store.write_sync(|tx| seed(tx, &format!("another {}", tx.audit_head()?))).unwrap();
    (copies, next.id.0)
}

/// With a copy of the state as it was, put back or used elsewhere in ways that people have.
#[test]
fn a_copy_begins_the_next_epoch_and_gives_no_number_twice_however_it_was_made() {
    type Way = fn(&Path, &Path);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let ways: [(&str, Way); 4] = [
        ("a copied directory moved into place", |copy, state| {
            fs::rename(state, state.with_extension("old")).unwrap();
            fs::rename(copy, state).unwrap();
        }),
        ("files copied over those that are there", |copy, state| {
            run("cp", &["-a", &format!("{}/.", copy.display()), &state.display().to_string()]);
        }),
        ("one file after the other moved over those that are there", |copy, state| {
            for entry in fs::read_dir(copy).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
                fs::rename(entry.path(), state.join(entry.file_name())).unwrap();
            }
        }),
        ("an archive", |copy, state| {
            fs::remove_dir_all(state).unwrap();
            fs::create_dir(state).unwrap();
            let (archive, copy) = (copy.with_extension("tar").display().to_string(), copy.display().to_string());
            run("tar", &["-C", &copy, "-cf", &archive, "."]);
            run("tar", &["-C", &state.display().to_string(), "-xf", &archive]);
        }),
    ];
    for (name, way) in ways {
        let (_dir, paths) = dir();
        let first = store(&paths);
        let run_of_then = first.write_sync(|tx| seed(tx, "one")).unwrap();
        let epoch = first.epoch();
        drop(first);
        let copy = state(&paths).with_extension("copy");
        run("cp", &["-a", &text(state(&paths)), &text(&copy)]);
        let later = store(&paths);
        later.write_sync(|tx| seed(tx, "later")).unwrap();
        assert_eq!(later.epoch(), epoch, "{name}: an ordinary start is none");
        drop(later);
        way(&copy, state(&paths));
        let back = store(&paths);
        assert_eq!(back.epoch(), epoch + 1, "{name}");
        let (copies, next) = told(&back);
        assert_eq!(copies, 1, "{name}");
        assert!(next > run_of_then.id.0 + 1000, "{name}: {next}");
        drop(back);
        let again = store(&paths);
        assert_eq!((again.epoch(), told(&again).0), (epoch + 1, 1), "{name}: it is told once");
    }
}

#[test]
fn a_directory_that_was_moved_is_no_copy() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    let epoch = first.epoch();
    drop(first);
    let elsewhere = state(&paths).with_extension("elsewhere");
    fs::rename(state(&paths), &elsewhere).unwrap();
    let moved = store(&Paths::in_dir(&elsewhere));
    assert_eq!((moved.epoch(), told(&moved).0), (epoch, 0));
}

/// Of builds before, which did not write what tells a copy.
#[test]
fn a_head_of_an_older_build_is_taken_and_written_anew() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    let epoch = first.epoch();
    drop(first);
    let written = fs::read_to_string(&paths.chain_head).unwrap();
    let words: Vec<&str> = written.split(' ').collect();
    assert_eq!((words.len(), words[1]), (6, "2"), "{written}");
    let start = format!("dogwatch-chain-head 1 {} {}", words[2], words[3]);
    let check = crate::audit::hex(&sha256(&start));
    fs::write(&paths.chain_head, format!("{start} {}\n", &check[..8])).unwrap();
    let next = store(&paths);
    assert_eq!((next.epoch(), told(&next).0), (epoch, 0));
    drop(next);
    assert!(fs::read_to_string(&paths.chain_head).unwrap().starts_with("dogwatch-chain-head 2 "));
}

fn sha256(text: &str) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Whoever puts a database back alone has to take the head away, or the start is refused. That is no way around it.
#[test]
fn a_log_without_its_head_begins_the_next_epoch() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    let epoch = first.epoch();
    drop(first);
    fs::remove_file(&paths.chain_head).unwrap();
    let second = store(&paths);
    assert_eq!(second.epoch(), epoch + 1);
    drop(second);
    fs::write(&paths.chain_head, "damaged").unwrap();
    assert_eq!(store(&paths).epoch(), epoch + 2);
}

/// Power goes between any two writes of the start that finds a copy: the next one goes on, in a later epoch at the latest.
#[test]
fn a_start_over_a_copy_that_is_cut_short_is_made_good() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    let epoch = first.epoch();
    drop(first);
    // As after the first of them: the epoch file is written, and nothing else.
    let copy = state(&paths).with_extension("copy");
    run("cp", &["-a", &state(&paths).display().to_string(), &copy.display().to_string()]);
    let paths = Paths::in_dir(&copy);
    fs::write(&paths.epoch, format!("{}\n", epoch + 1)).unwrap();
    let back = store(&paths);
    assert_eq!((back.epoch(), told(&back).0), (epoch + 2, 1));
    drop(back);
    // A log of the new epoch with an epoch file of the old one is refused, so that order is kept.
    fs::write(&paths.epoch, format!("{epoch}\n")).unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(error.to_string().contains("epoch"), "{error}");
}
