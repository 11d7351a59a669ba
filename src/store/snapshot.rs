//! Copies of the database as it was at one moment, made while it is written to, and what a file that says it is one is worth.

use super::{BlobName, OpenError, Store, StoreError, check, connect, schema};
use crate::audit::{self, Head, VerifyError};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Pages that are copied at a time.
const PAGES: i32 = 1024;
/// How long is waited where the disk's locks are held by others.
const AGAIN: Duration = Duration::from_millis(20);
/// How often that is borne.
const MOST_WAITS: u32 = 500;

/// What a database holds, as far as people compare two of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Events of the audit log.
    pub events: u64,
    /// Runs.
    pub runs: u64,
    /// Runs that are not over.
    pub unfinished: u64,
    /// Answers and votes of people.
    pub decisions: u64,
}

/// A copy that was found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The engine instance.
    pub instance: String,
    /// The epoch of its last event.
    pub epoch: u64,
    /// Its schema.
    pub schema: i64,
    /// The last event.
    pub head: Head,
    /// What it holds.
    pub counts: Counts,
    /// The blobs that it names, with their sizes.
    pub blobs: Vec<(BlobName, u64)>,
}

impl Store {
    /// Copies the database, as it is at one moment, into the empty file at `path`. Nobody who writes waits for it: a reader's snapshot
    /// is copied, and what is written meanwhile is not part of it.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.read_sync(|view| {
            // The first look takes the snapshot; without it the copy would begin anew at each commit.
            view.connection().query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut to = Connection::open_with_flags(path, flags)?;
            // Whoever asked syncs the whole file once; one that is cut short is thrown away.
            to.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")?;
            copy(view.connection(), &mut to)
        })
    }

    /// Bytes of the database at this moment.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        self.read_sync(|view| {
            let pages: u64 = view.connection().query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let size: u64 = view.connection().query_row("PRAGMA page_size", [], |row| row.get(0))?;
            Ok(pages.saturating_mul(size))
        })
    }

    /// What it holds.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.read_sync(|view| Ok(counts(view.connection())?))
    }
}

fn copy(from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    let backup = Backup::new(from, to)?;
    let mut waits = 0;
    loop {
        match backup.step(PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ if waits < MOST_WAITS => {
                waits += 1;
                std::thread::sleep(AGAIN);
            }
            _ => return Err(StoreError::Refused("the database is held by another program".to_owned())),
        }
    }
}

fn counts(conn: &Connection) -> rusqlite::Result<Counts> {
    let sql = "SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM runs),
        (SELECT count(*) FROM runs WHERE state NOT IN ('succeeded', 'failed', 'cancelled')),
        (SELECT count(*) FROM answers) + (SELECT count(*) FROM votes)";
    conn.query_row(sql, [], |row| {
        Ok(Counts { events: row.get(0)?, runs: row.get(1)?, unfinished: row.get(2)?, decisions: row.get(3)? })
    })
}

/// Reads the file at `path`, which nobody has open, from end to end: every page, the schema, every event of the audit log, which must
/// come to `head` where that is known. Nothing is written.
pub fn examine(path: &Path, head: Option<Head>) -> Result<Copied, OpenError> {
    let failed = |error: rusqlite::Error| check::refusal(path, &error, check::damage);
    let damaged = |reason: String| check::damage(path.to_owned(), reason);
    let conn = connect::immutable(path).map_err(failed)?;
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    if found > schema::known() {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, known: schema::known() });
    }
    let complaint: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if complaint != "ok" {
        return Err(damaged(complaint));
    }
    if found <= 0 {
        return Err(damaged("it is no database of dogwatch".to_owned()));
    }
    let difference = schema::difference(&conn, found).map_err(|error| check::refusal(path, &error, check::damage))?;
    if let Some(difference) = difference {
        return Err(damaged(difference));
    }
    let verdict = audit::verify_to(&conn, head).map_err(|error| match error {
        VerifyError::Io(source) => OpenError::Io { path: path.to_owned(), source },
        error => check::refusal(path, &error, check::damage),
    })?;
    if !verdict.is_intact() {
        return Err(OpenError::Chain { path: path.to_owned(), verdict });
    }
    let unreadable = |error: StoreError| check::refusal(path, &error, check::damage);
    let head = audit::chain_head(&conn).map_err(unreadable)?;
    let (Some(head), Some((_, by))) = (head, audit::last(&conn).map_err(unreadable)?) else {
        return Err(damaged("it has no event".to_owned()));
    };
    let instance = "SELECT value FROM settings WHERE key = 'instance'";
    let instance: String = conn.query_row(instance, [], |row| row.get(0)).map_err(failed)?;
    if instance != by.engine {
        return Err(damaged("its engine instance is not the one of its audit log".to_owned()));
    }
    Ok(Copied {
        instance,
        epoch: by.epoch,
        schema: found,
        head,
        counts: counts(&conn).map_err(failed)?,
        blobs: blobs(&conn).map_err(unreadable)?,
    })
}

fn blobs(conn: &Connection) -> Result<Vec<(BlobName, u64)>, StoreError> {
    let mut statement = conn.prepare("SELECT sha256, size FROM blobs ORDER BY sha256")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (name, size) = row?;
        Ok((name.parse()?, size))
    })
    .collect()
}
