//! Opening: one engine, private files, and damage that is met without harm.

use super::fixtures::{counts, dir, event, new_run, seed, store};
use crate::audit::Verdict;
use crate::store::{OpenError, Options, Paths, Store, StoreError, connect};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
    assert!(rusqlite::version_number() >= 3_051_003);
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
    assert!(matches!(error, OpenError::NewerSchema { found: 99, known: 1, .. }), "{error}");
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

#[test]
fn missing_head_and_epoch_are_made_anew_and_noted() {
    let (_dir, paths) = dir();
    drop(store(&paths));
    std::fs::remove_file(&paths.chain_head).unwrap();
    std::fs::remove_file(&paths.epoch).unwrap();
    let again = store(&paths);
    let kinds = "SELECT group_concat(kind) FROM (SELECT kind FROM audit ORDER BY seq)";
    let kinds: String = again.read_sync(|view| Ok(view.connection().query_row(kinds, [], |row| row.get(0))?)).unwrap();
    assert_eq!(kinds, "store.created,store.epoch_missing,store.head_missing");
    drop(again);
    std::fs::write(&paths.epoch, "x").unwrap();
    assert!(matches!(Store::open(&paths, &Options::default()).map(drop), Err(OpenError::Epoch { .. })));
}

fn database_with_rows(paths: &Paths) {
    let store = store(paths);
    for n in 0..30 {
        store
            .write_sync(move |tx| {
                let project = tx.insert_project(&format!("project {n}"), "/src")?;
                tx.insert_run(&new_run(project.id))?;
                tx.record(event("run.queued").project(project.id))
            })
            .unwrap();
    }
}

#[test]
fn fifty_damaged_databases_neither_panic_nor_are_written_to() {
    let (_dir, paths) = dir();
    database_with_rows(&paths);
    let whole = std::fs::read(&paths.database).unwrap();
    let mut rng = StdRng::seed_from_u64(7);
    let mut refused = 0;
    for round in 0..50 {
        let mut bytes = whole.clone();
        if round % 3 == 0 {
            bytes.truncate(rng.random_range(1..whole.len()));
        } else {
            let reach = if round % 3 == 1 { 200 } else { bytes.len() };
            for _ in 0..rng.random_range(1..40) {
                let at = rng.random_range(0..reach);
                bytes[at] ^= rng.random_range(1..=255_u8);
            }
        }
        let (_other, copy) = dir();
        std::fs::create_dir_all(copy.database.parent().unwrap()).unwrap();
        std::fs::write(&copy.database, &bytes).unwrap();
        std::fs::copy(&paths.chain_head, &copy.chain_head).unwrap();
        std::fs::copy(&paths.epoch, &copy.epoch).unwrap();
        let opened = catch_unwind(AssertUnwindSafe(|| Store::open(&copy, &Options::default())));
        match opened.unwrap_or_else(|_| panic!("round {round} panicked")) {
            Ok(_) => continue,
            Err(error) => assert!(error.rescue_offered(), "round {round}: {error}"),
        }
        refused += 1;
        if let Ok(rescue) = Store::rescue(&copy) {
            // Whatever can be read is read; an error is an answer too.
            drop(rescue.read_sync(|view| view.project_named("project 3")));
            drop(rescue.read_sync(|view| view.runs(&crate::store::RunFilter::default())));
        }
        assert_eq!(std::fs::read(&copy.database).unwrap(), bytes, "round {round} was written to");
    }
    assert!(refused >= 25, "only {refused} were refused");
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
