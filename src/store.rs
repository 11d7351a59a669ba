//! The durable truth: one `SQLite` database, one writer, pooled readers.
//!
//! Every change is a job given to [`Store::write`]. Jobs that wait together share one transaction (group commit): each
//! runs in a savepoint of its own, so that one that fails is undone alone, and every reply comes only after the commit
//! is on disk and the head of the audit chain has been written beside it. A job that changes rows must record an audit
//! event with [`Tx::record`], otherwise it is undone.
//!
//! One file holds one family of tables: reading methods are on [`View`], writing methods on [`Tx`].

mod blobs;
mod bugs;
mod changes;
mod check;
mod columns;
mod connect;
mod error;
mod faults;
pub(crate) mod files;
mod findings;
mod gates;
mod guidance;
mod handle;
mod iterations;
mod jobs;
mod lock;
mod open;
mod options;
mod projects;
mod questions;
mod readers;
mod runs;
mod settings;
mod steps;
mod suites;
mod tx;
mod usage;
mod writer;

#[cfg(test)]
mod tests;

pub use blobs::{BlobName, BlobOrigin};
pub use bugs::{Attempt, AttemptOutcome, BugFilter, Solution};
pub use error::{OpenError, StoreError};
pub use faults::{FaultKind, Faults};
pub use handle::Store;
pub(crate) use lock::holder as lock_holder;
#[cfg(test)]
pub(crate) use open::migrate_for_tests;
pub use options::{Options, Paths};
pub use questions::Ask;
pub use runs::RunFilter;
#[cfg(test)]
pub(crate) use tests::fixtures::new_run as new_run_for_tests;
pub use tx::{Tx, View};
pub use usage::UsageRow;
