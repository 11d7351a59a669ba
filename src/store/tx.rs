//! What a read sees and what a write may do.

use super::StoreError;
use super::blobs::BlobFiles;
use crate::audit::{self, AuditEvent, Context, Stamp};
use crate::domain::{Millis, Moment};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use std::cell::Cell;
use std::ops::Deref;

/// The database as one reader sees it. Table families add their reading methods in files of their own.
pub struct View<'c> {
    conn: &'c Connection,
    pub(super) blobs: &'c BlobFiles,
}

impl<'c> View<'c> {
    pub(super) fn new(conn: &'c Connection, blobs: &'c BlobFiles) -> Self {
        Self { conn, blobs }
    }

    /// The connection, for [`crate::audit::verify`] and [`crate::audit::export`].
    pub fn connection(&self) -> &'c Connection {
        self.conn
    }

    /// The first row of a query, mapped, or `None`.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.conn.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    /// All rows of a query, mapped.
    pub(super) fn many<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map(params, map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// One job's part of a transaction. It reads like a [`View`] and adds writing.
pub struct Tx<'c> {
    view: View<'c>,
    context: &'c Context,
    stamp: Stamp,
    recorded: Cell<u64>,
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(view: View<'c>, context: &'c Context, stamp: Stamp) -> Self {
        Self { view, context, stamp, recorded: Cell::new(0) }
    }

    /// The wall-clock instant of this job, the same for all that it writes.
    pub fn now(&self) -> Millis {
        self.stamp.wall
    }

    /// The same moment by both clocks.
    pub fn moment(&self) -> Moment {
        let Stamp { wall, boot, boot_id } = &self.stamp;
        Moment { wall: *wall, boot: *boot, boot_id: boot_id.to_string() }
    }

    /// Appends one event to the audit chain and gives its sequence number. A job that changes rows must do this at
    /// least once, otherwise it is undone.
    #[expect(clippy::needless_pass_by_value, reason = "an event is said once; builders read best by value")]
    pub fn record(&self, event: AuditEvent) -> Result<u64, StoreError> {
        let seq = audit::append(self.view.conn, self.context, &self.stamp, &event)?;
        self.recorded.set(self.recorded.get() + 1);
        Ok(seq)
    }

    pub(super) fn recorded(&self) -> u64 {
        self.recorded.get()
    }

    /// Runs one statement and gives the number of rows it changed.
    pub(super) fn change(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.view.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs one INSERT and gives the new row's id.
    pub(super) fn insert(&self, sql: &str, params: impl Params) -> Result<i64, StoreError> {
        Ok(self.view.conn.prepare_cached(sql)?.insert(params)?)
    }
}
