//! A few read-only connections that callers share.

use super::StoreError;
use super::blobs::BlobFiles;
use super::tx::View;
use rusqlite::Connection;
use std::sync::{Condvar, Mutex, PoisonError};

/// The pool. A caller waits while all connections are in use.
pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// Puts the connection back, also after a panic in the reader's closure.
struct Borrowed<'a> {
    pool: &'a Readers,
    conn: Option<Connection>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            self.pool.returned.notify_one();
        }
    }
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self { idle: Mutex::new(connections), returned: Condvar::new() }
    }

    /// Runs `read` on one snapshot of the database.
    pub(super) fn with<T>(
        &self,
        blobs: &BlobFiles,
        read: impl FnOnce(&View<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let conn = loop {
            match idle.pop() {
                Some(conn) => break conn,
                None => idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        let borrowed = Borrowed { pool: self, conn: Some(conn) };
        let Some(conn) = borrowed.conn.as_ref() else { return Err(StoreError::Closed) };
        snapshot(conn, blobs, read)
    }
}

/// Runs `read` inside one read transaction, so that all its queries see the same state.
pub(super) fn snapshot<T>(
    conn: &Connection,
    blobs: &BlobFiles,
    read: impl FnOnce(&View<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Rolled back when dropped: a reader has nothing to commit.
    let transaction = conn.unchecked_transaction()?;
    read(&View::new(&transaction, blobs))
}
