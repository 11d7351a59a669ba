//! Opening: one engine, private files, and damage that is met without harm.

use super::fixtures::{counts, dir, seed, store};
use crate::audit::{Verdict, verify};
use crate::store::{OpenError, Options, Paths, Store, StoreError, connect, open};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn beside(paths: &Paths, ending: &str) -> PathBuf {
    let mut name = paths.database.clone().into_os_string();
    name.push(ending);
    name.into()
}

const CHILD: &str = "DOGWATCH_TEST_STORE_CHILD";

#[test]
fn a_second_engine_is_refused_and_told_who_holds_the_lock() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    for _ in 0..50 {
        let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
        assert!(!error.rescue_offered());
    }
    drop(first);
    drop(store(&paths));
}

#[test]
fn a_lock_file_that_was_removed_lets_nobody_in() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    std::fs::remove_file(&paths.lock).unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    let error = Store::rescue_alone(&paths).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(!paths.lock.exists(), "a lock file that names nobody was made");
    drop(first);
    let rescue = Store::rescue_alone(&paths).unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    drop(rescue);
    drop(store(&paths));
}

#[test]
fn closing_moves_the_log_into_the_database() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    let run = first.write_sync(|tx| seed(tx, "one")).unwrap();
    assert!(std::fs::metadata(&paths.database).unwrap().len() <= 4096);
    drop(first);
    assert!(!beside(&paths, "-wal").exists() && !beside(&paths, "-shm").exists());
    // The database alone is a whole copy now.
    let (_other, copy) = dir();
    std::fs::create_dir_all(copy.database.parent().unwrap()).unwrap();
    std::fs::copy(&paths.database, &copy.database).unwrap();
    let rescue = Store::rescue(&copy).unwrap();
    assert_eq!(rescue.read_sync(|view| view.run(run.id)).unwrap(), Some(run));
}

#[test]
fn every_file_is_for_the_owner_only() {
    let (_dir, paths) = dir();
    let store = store(&paths);
    store.write_sync(|tx| seed(tx, "one")).unwrap();
    let state = paths.database.parent().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(state), 0o700);
    let files: Vec<PathBuf> = std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_sqlite_that_can_lose_data_is_refused() {
    for (number, name) in [(3_007_000, "3.7.0"), (3_050_004, "3.50.4"), (3_051_002, "3.51.2")] {
        let error = open::refuse_old_sqlite(number, name).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("SQLite {name} can lose data (fixed in 3.51.3): build with the bundled SQLite")
        );
    }
    for number in [3_051_003, 3_052_000, rusqlite::version_number()] {
        open::refuse_old_sqlite(number, "new").unwrap();
    }
}

#[test]
fn the_connections_are_set_up_as_promised() {
    let (_dir, paths) = dir();
    drop(store(&paths));
    let conn = connect::writer(&paths.database).unwrap();
    let pragma = |name: &str| -> String {
        conn.query_row(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2");
    assert_eq!(pragma("foreign_keys"), "1");
    let reader = connect::reader(&paths.database).unwrap();
    assert!(reader.execute("DELETE FROM audit", []).is_err());
}

#[test]
fn a_newer_schema_is_refused_and_can_be_read() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    drop(first);
    connect::writer(&paths.database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(
        matches!(error, OpenError::NewerSchema { found: 99, known, .. } if known == crate::store::schema::known()),
        "{error}"
    );
    let rescue = Store::rescue(&paths).unwrap();
    assert_eq!(counts(&rescue), (2, 1));
    assert!(matches!(rescue.write_sync(|tx| seed(tx, "two")), Err(StoreError::ReadOnly)));
}

#[test]
fn a_lost_database_or_a_cut_log_is_refused_because_the_head_remembers() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    drop(first);
    let conn = connect::writer(&paths.database).unwrap();
    conn.execute("DELETE FROM audit WHERE seq = 2", []).unwrap();
    drop(conn);
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    let cut = Verdict::Truncated { events: 1, head: 2 };
    assert!(matches!(&error, OpenError::Chain { verdict, .. } if *verdict == cut), "{error}");
    std::fs::remove_file(&paths.database).unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Chain { verdict: Verdict::Truncated { events: 0, head: 2 }, .. }), "{error}");
}

/// The kinds of all events.
fn kinds(store: &Store) -> String {
    let sql = "SELECT group_concat(kind) FROM (SELECT kind FROM audit ORDER BY seq)";
    store.read_sync(|view| Ok(view.connection().query_row(sql, [], |row| row.get(0))?)).unwrap()
}

#[test]
fn a_lost_log_or_an_emptied_database_is_no_new_store() {
    for (head, epoch) in [("kept", true), ("damaged", true), ("damaged", false), ("gone", true)] {
        let (_dir, paths) = dir();
        let first = store(&paths);
        first.write_sync(|tx| seed(tx, "one")).unwrap();
        // As if the process had been killed and its log lost: the database has its first page only.
        let page = std::fs::read(&paths.database).unwrap();
        assert!(beside(&paths, "-wal").exists());
        drop(first);
        std::fs::write(&paths.database, &page).unwrap();
        match head {
            "damaged" => std::fs::write(&paths.chain_head, "x").unwrap(),
            "gone" => std::fs::remove_file(&paths.chain_head).unwrap(),
            _ => {}
        }
        if !epoch {
            std::fs::remove_file(&paths.epoch).unwrap();
        }
        let before = std::fs::read(&paths.chain_head).ok();
        for _ in 0..2 {
            let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
            let expected = match head {
                "kept" => {
                    matches!(error, OpenError::Chain { verdict: Verdict::Truncated { events: 0, head: 2 }, .. })
                }
                _ => matches!(error, OpenError::Lost { .. }),
            };
            assert!(expected && error.rescue_offered(), "{head}: {error}");
        }
        assert_eq!(std::fs::read(&paths.database).unwrap(), page);
        assert_eq!(std::fs::read(&paths.chain_head).ok(), before);
    }
}

#[test]
fn a_chain_without_records_is_no_new_store() {
    let (_dir, paths) = dir();
    drop(store(&paths));
    connect::writer(&paths.database).unwrap().execute("DELETE FROM audit", []).unwrap();
    std::fs::remove_file(&paths.chain_head).unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Lost { .. }), "{error}");
}

#[test]
fn a_creation_that_was_cut_short_is_finished_without_a_word() {
    // The database was made; neither the head nor the epoch was written yet.
    for head in [true, false] {
        let (_dir, paths) = dir();
        drop(store(&paths));
        std::fs::remove_file(&paths.epoch).unwrap();
        if !head {
            std::fs::remove_file(&paths.chain_head).unwrap();
        }
        let again = store(&paths);
        assert_eq!((kinds(&again).as_str(), again.epoch()), ("store.created", 1));
    }
}

#[test]
fn missing_head_and_epoch_are_made_anew_and_noted() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    drop(first);
    std::fs::remove_file(&paths.chain_head).unwrap();
    std::fs::remove_file(&paths.epoch).unwrap();
    let again = store(&paths);
    assert_eq!(kinds(&again), "store.created,run.queued,store.epoch_missing,store.head_missing");
    assert_eq!(again.epoch(), 2);
    drop(again);
    assert_eq!(std::fs::read_to_string(&paths.epoch).unwrap(), "2\n");
    std::fs::write(&paths.chain_head, "x").unwrap();
    let again = store(&paths);
    assert!(kinds(&again).ends_with("store.head_missing,store.head_damaged"));
    let verdict = again.read_sync(|view| Ok(verify(view.connection(), &paths.chain_head).unwrap())).unwrap();
    assert!(matches!(verdict, Verdict::NotAnchored { events: 5, before: 5, since: 5, .. }), "{verdict}");
    drop(again);
    assert_eq!(kinds(&store(&paths)).matches("store.head_damaged").count(), 1);
    std::fs::write(&paths.epoch, "x").unwrap();
    assert!(matches!(Store::open(&paths, &Options::default()).map(drop), Err(OpenError::Epoch { .. })));
}

#[test]
fn an_older_epoch_is_refused_and_a_newer_one_is_taken() {
    let (_dir, paths) = dir();
    drop(store(&paths));
    std::fs::write(&paths.epoch, "7\n").unwrap();
    let seventh = store(&paths);
    seventh.write_sync(|tx| seed(tx, "one")).unwrap();
    drop(seventh);
    std::fs::write(&paths.epoch, "6\n").unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::EpochBehind { found: 6, last: 7, .. }), "{error}");
    assert!(error.rescue_offered());
}

#[test]
fn another_instance_than_that_of_the_chain_is_refused() {
    for sql in ["UPDATE settings SET value = 'other' WHERE key = 'instance'", "DELETE FROM settings"] {
        let (_dir, paths) = dir();
        drop(store(&paths));
        assert_eq!(connect::writer(&paths.database).unwrap().execute(sql, []).unwrap(), 1);
        let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn a_head_that_is_a_directory_stops_the_start_and_one_that_cannot_be_written_is_told() {
    let (_dir, paths) = dir();
    let first = store(&paths);
    assert_eq!(first.fault(), None);
    std::fs::remove_file(&paths.chain_head).unwrap();
    std::fs::create_dir(&paths.chain_head).unwrap();
    first.write_sync(|tx| seed(tx, "one")).unwrap();
    assert!(first.fault().unwrap().contains("not anchored"));
    let error = {
        drop(first);
        Store::open(&paths, &Options::default()).map(drop).unwrap_err()
    };
    assert!(matches!(error, OpenError::NoFile { .. }) && !error.rescue_offered(), "{error}");
    std::fs::remove_dir(&paths.chain_head).unwrap();
    let again = store(&paths);
    again.write_sync(|tx| seed(tx, "two")).unwrap();
    assert_eq!(again.fault(), None);
}

#[test]
fn a_database_in_other_hands_is_neither_damaged_nor_rescued() {
    let (_dir, paths) = dir();
    drop(store(&paths));
    let other = rusqlite::Connection::open(&paths.database).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE x (y); COMMIT;").unwrap();
    let error = Store::open(&paths, &Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Unavailable { .. }) && !error.rescue_offered(), "{error}");
    // Nor is the log passed over: it would look as if its commits had never been.
    assert!(matches!(Store::rescue(&paths).map(drop), Err(OpenError::Unavailable { .. })));
}

#[test]
fn looking_leaves_nothing_beside_a_database_and_sees_an_engine_begin() {
    let (_dir, paths) = dir();
    drop(store(&paths));
    let names = || {
        let entries = std::fs::read_dir(paths.database.parent().unwrap()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let looking = Store::rescue(&paths).unwrap();
    assert_eq!(kinds(&looking), "store.created");
    assert!(!looking.is_outdated());
    assert_eq!(names(), before);
    let engine = store(&paths);
    engine.write_sync(|tx| seed(tx, "one")).unwrap();
    assert!(looking.is_outdated());
    let again = Store::rescue(&paths).unwrap();
    assert_eq!(kinds(&again), "store.created,run.queued");
    assert!(!again.is_outdated());
}

/// Writes until it is killed, saying what was acknowledged. Runs only as the child of the next test.
#[test]
fn child_that_writes_until_killed() {
    use std::io::Write;
    let Ok(place) = std::env::var(CHILD) else { return };
    let store = store(&Paths::in_dir(Path::new(&place)));
    let mut out = std::io::stdout();
    for n in 0.. {
        let name = format!("child-{n}");
        store.write_sync(move |tx| seed(tx, &name)).unwrap();
        writeln!(out, "stored child-{n}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn kill_nine_loses_nothing_that_was_acknowledged() {
    for enough in [3, 40, 111] {
        let (_dir, paths) = dir();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::opening::child_that_writes_until_killed", "--nocapture"])
            .env(CHILD, paths.database.parent().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stored = Vec::new();
        for line in lines {
            let Ok(line) = line else { break };
            // The test harness writes its own words on the first of these lines.
            if let Some((_, name)) = line.split_once("stored ") {
                stored.push(name.to_owned());
            }
            if stored.len() == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(stored.len() >= enough, "the child stored only {}", stored.len());
        let again = store(&paths);
        for name in stored {
            assert!(again.read_sync(|view| view.project_named(&name)).unwrap().is_some(), "{name} was lost");
        }
    }
}
