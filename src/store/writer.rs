//! Executes batches of jobs: one transaction for all, a savepoint for each, replies after the sync.

use super::blobs::BlobFiles;
use super::faults::{FaultKind, Faults};
use super::jobs::Job;
use super::lock::EngineLock;
use super::quota;
use super::reserve::Reserve;
use super::tx::{Tx, View};
use super::{Options, StoreError};
use crate::audit::{self, Clock, Context, Head};
use rusqlite::{Connection, ErrorCode};
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// The one connection that writes, and what it needs.
pub(super) struct Writer {
    pub conn: Connection,
    pub context: Context,
    pub clock: Arc<dyn Clock>,
    pub faults: Arc<Faults>,
    pub blobs: Arc<BlobFiles>,
    /// Where the head of the chain goes; `None` for a store in memory.
    pub head_file: Option<audit::Anchor>,
    /// The head that was written last.
    pub head: Option<Head>,
    /// What is wrong with the head file, in words, while something is.
    pub fault: Arc<Mutex<Option<String>>>,
    /// What is kept back for a full disk.
    pub reserve: Option<Arc<Reserve>>,
    /// Held as long as this connection lives.
    pub lock: Option<EngineLock>,
}

/// Why a whole batch was undone.
#[derive(Clone)]
struct Undone {
    full: bool,
    reason: String,
    /// The commit itself failed, so the log may hold it all the same.
    in_doubt: bool,
}

impl Undone {
    fn new(full: bool, reason: String) -> Self {
        Self { full, reason, in_doubt: false }
    }

    /// `SQLite` calls a quota that is used up an I/O error; the system's own number tells it apart.
    fn by(error: &rusqlite::Error, conn: &Connection) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::new(true, error.to_string()),
            Some(ErrorCode::SystemIoFailure) if quota::is_used_up(conn) => {
                Self::new(true, format!("the disk quota is used up ({error})"))
            }
            _ => Self::new(false, error.to_string()),
        }
    }
}

impl From<FaultKind> for Undone {
    fn from(kind: FaultKind) -> Self {
        let reason = match kind {
            FaultKind::DiskFull => "database or disk is full",
            FaultKind::Io => "disk I/O error",
        };
        Self::new(kind == FaultKind::DiskFull, reason.to_owned())
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

impl Writer {
    pub(super) fn new(conn: Connection, context: Context, options: &Options, blobs: Arc<BlobFiles>) -> Self {
        let (clock, faults) = (Arc::clone(&options.clock), Arc::clone(&options.faults));
        Self {
            conn,
            context,
            clock,
            faults,
            blobs,
            head_file: None,
            head: None,
            fault: Arc::default(),
            reserve: None,
            lock: None,
        }
    }

    /// Runs a batch and replies to every job in it.
    pub(super) fn batch(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        self.give(false);
        let outcome = self.transact(&mut jobs);
        match &outcome {
            Ok(_) => self.write_head(),
            // Those who are refused try again soon.
            Err(undone) if undone.full => self.give(true),
            Err(_) => {}
        }
        match outcome {
            Ok(results) => {
                for (job, result) in jobs.into_iter().zip(results) {
                    job.finish(result);
                }
            }
            Err(undone) => {
                for job in jobs {
                    job.finish(Err(StoreError::NotStored { full: undone.full, reason: undone.reason.clone() }));
                }
            }
        }
    }

    fn give(&self, found_full: bool) {
        if let Some(reserve) = &self.reserve {
            reserve.give(found_full);
        }
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), StoreError>>, Undone> {
        self.execute("BEGIN IMMEDIATE")?;
        let result = self.inside(jobs);
        if result.is_err()
            && !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        if result.as_ref().is_err_and(|undone| undone.in_doubt) {
            self.withdraw();
        }
        result
    }

    /// Makes sure that a commit that was refused is not found by the next engine. Where only the sync failed, the whole of it
    /// stands in the log, valid for whoever reads the log after a kill, until something is written over it. So something
    /// is: the schema's number, as it is. A disk that fails here too leaves it to the next commit.
    fn withdraw(&self) {
        let number = self.conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
        if let Err(error) = number.and_then(|number| self.conn.pragma_update(None, "user_version", number)) {
            tracing::warn!(%error, "a refused commit could not be written over yet");
        }
    }

    fn inside(&self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), StoreError>>, Undone> {
        let mut results = Vec::with_capacity(jobs.len());
        for job in jobs {
            let result = self.one(job.as_mut());
            if self.conn.is_autocommit() {
                // SQLite gave up the whole transaction: full disk, I/O error, no memory.
                return Err(match result {
                    Err(StoreError::Sqlite(error)) => Undone::by(&error, &self.conn),
                    Err(error) => Undone::new(error.to_string().contains("full"), error.to_string()),
                    Ok(()) => Undone::new(false, "SQLite ended the transaction".to_owned()),
                });
            }
            results.push(self.settle(result)?);
        }
        if results.iter().all(Result::is_err) {
            // Nothing to store, so no commit to pay for.
            self.execute("ROLLBACK")?;
            return Ok(results);
        }
        if let Some(kind) = self.faults.next() {
            return Err(kind.into());
        }
        self.execute("COMMIT").map_err(|undone| Undone { in_doubt: true, ..undone })?;
        Ok(results)
    }

    fn execute(&self, sql: &str) -> Result<(), Undone> {
        self.conn.execute_batch(sql).map_err(|error| Undone::by(&error, &self.conn))
    }

    /// Runs one job in its savepoint.
    fn one(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.conn.execute_batch("SAVEPOINT job")?;
        let before = self.conn.total_changes();
        let mut tx = Tx::new(View::new(&self.conn, &self.blobs), &self.context, self.clock.now());
        match catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))) {
            Ok(result) => result?,
            Err(panic) => return Err(StoreError::Panicked(words(&*panic))),
        }
        let recorded = tx.recorded();
        let rows = self.conn.total_changes().saturating_sub(before);
        if rows > 0 && recorded == 0 {
            return Err(StoreError::Unrecorded { rows });
        }
        Ok(())
    }

    /// Closes a job's savepoint: kept when it succeeded, undone alone when it did not.
    fn settle(&self, result: Result<(), StoreError>) -> Result<Result<(), StoreError>, Undone> {
        let sql = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        self.execute(sql)?;
        Ok(result)
    }

    /// Writes the head of the chain beside the database. The commit stands whether or not this succeeds: a head that
    /// lags is a lesser anchor, not a wrong one, and the next commit writes it again. Until then people are told.
    fn write_head(&mut self) {
        let fault = self.anchor().err().map(|error| {
            tracing::error!(%error, "the head of the audit chain could not be written; it lags");
            format!("the head of the audit log cannot be written, so the newest events are not anchored: {error}")
        });
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Writes the head of the chain where it has moved.
    pub(super) fn anchor(&mut self) -> io::Result<()> {
        let Some(place) = &self.head_file else { return Ok(()) };
        let head = audit::chain_head(&self.conn).map_err(io::Error::other)?;
        if let Some(head) = head.filter(|head| self.head != Some(*head)) {
            place.write(head)?;
            self.head = Some(head);
        }
        Ok(())
    }

    /// Moves what the log holds into the database as far as no reader is in the way; nobody waits for it. So the log stays
    /// short, and a copy of the database alone is never far behind.
    pub(super) fn checkpoint(&self) {
        if let Err(error) = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the database's log could not be moved into it");
        }
    }
}
