//! A history to be cut short, and how to tell that what is left is the beginning of it.

use super::disk::Moment;
use super::fixtures::{event, new_run};
use crate::audit::{AuditEvent, own_head_for_tests};
use crate::domain::{Run, RunId, RunState};
use crate::store::{Paths, Store};
use rusqlite::Connection;
use serde_json::json;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Runs that move through states, one transaction a move, each move with its event.
#[derive(Default)]
pub struct Moves {
    runs: Vec<Run>,
    made: usize,
}

fn said(run: RunId, state: RunState) -> AuditEvent {
    event("run.moved").run(run).detail(json!({ "state": state.name() }))
}

impl Moves {
    /// Every fourth move begins a run, the others move one of those that are there.
    pub fn next(&mut self, store: &Store) {
        let n = self.made;
        self.made += 1;
        let state = RunState::ALL[n % RunState::ALL.len()];
        if n.is_multiple_of(4) {
            let run = store.write_sync(move |tx| {
                let project = tx.insert_project(&format!("project {n}"), "/src")?;
                let run = tx.insert_run(&Run { state, ..new_run(project.id) })?;
                tx.record(said(run.id, state))?;
                Ok(run)
            });
            self.runs.push(run.unwrap());
            return;
        }
        let place = n * 7 % self.runs.len();
        let next = Run { state, reason: "r".repeat(n * 31 % 4000), ..self.runs[place].clone() };
        self.runs[place] = store
            .write_sync(move |tx| {
                tx.record(said(next.id, state))?;
                tx.update_run(&next)
            })
            .unwrap();
    }
}

/// A file beside the database.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Lays the files of a store as they were at a moment, with this database and this log.
pub fn lay(paths: &Paths, moment: &Moment, database: &[u8], log: &[u8]) {
    std::fs::write(&paths.database, database).unwrap();
    if !log.is_empty() {
        std::fs::write(beside(&paths.database, "-wal"), log).unwrap();
    }
    for (path, bytes) in [(&paths.chain_head, &moment.head), (&paths.epoch, &moment.epoch)] {
        if let Some(bytes) = bytes {
            std::fs::write(path, bytes).unwrap();
        }
    }
    // It is the same disk, not a copy of it.
    own_head_for_tests(&paths.chain_head);
}

/// Names and bytes of the files of a store, without the shared memory, which holds nothing of its own.
pub fn files(paths: &Paths) -> Vec<(OsString, Vec<u8>)> {
    let entries = std::fs::read_dir(paths.database.parent().unwrap()).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<_> = entries
        .filter(|entry| entry.path() != paths.lock && !entry.file_name().to_string_lossy().ends_with("-shm"))
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
        .collect();
    found.sort();
    found
}

/// The hash of each record, in order; none where there is no table.
pub fn hashes(conn: &Connection) -> Vec<Vec<u8>> {
    if !conn.table_exists(None, "audit").unwrap() {
        return Vec::new();
    }
    let mut statement = conn.prepare("SELECT hash FROM audit ORDER BY seq").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// What a recovered database holds: a whole database, whose chain is the beginning of the history's and whose runs are as
/// their last events say. Gives the number of events. One more at the end may tell that the head of the chain lagged.
pub fn prefix(chain: &[Vec<u8>], conn: &Connection) -> usize {
    let integrity: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    let mut found = hashes(conn);
    if found.is_empty() {
        return 0;
    }
    let last: String =
        conn.query_row("SELECT kind FROM audit ORDER BY seq DESC LIMIT 1", [], |row| row.get(0)).unwrap();
    if last == "store.head_lagged" {
        found.pop();
    }
    assert!(chain.starts_with(&found), "the chain is another one");
    let sql = "SELECT (SELECT count(*) FROM runs), (SELECT count(DISTINCT run) FROM audit), count(*) FROM runs
        WHERE version = (SELECT count(*) FROM audit WHERE run = runs.id)
        AND state = (SELECT json_extract(CAST(record AS TEXT), '$.detail.state') FROM audit WHERE run = runs.id
            ORDER BY seq DESC LIMIT 1)";
    let (runs, told, agree): (i64, i64, i64) =
        conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!((told, agree), (runs, runs), "runs and their events differ");
    found.len()
}
