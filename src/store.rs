//! The durable truth: one `SQLite` database, one writer, pooled readers.
//!
//! Every change is a job given to [`Store::write`]. Jobs that wait together share one transaction (group commit): each
//! runs in a savepoint of its own, so that one that fails is undone alone, and every reply comes only after the commit
//! is on disk and the head of the audit chain has been written beside it. A job that changes rows must record an audit
//! event with [`Tx::record`], otherwise it is undone.
//!
//! # What is promised
//! - *Acknowledged* means: the log is synced with the commit in it. Whatever happens to the process or to the power, what was
//!   acknowledged is found again, and what is found is the history up to some transaction: none is missing before it, none
//!   is there by halves. The transaction that was under way is there or not.
//! - *Refused* means: it is nowhere. Should the sync have failed, whose disk may have kept the commit, it is written over at
//!   once. What remains is power that goes between the two while such a disk fails: then the commit, whole with its event,
//!   may be found although it was refused.
//! - A log or a database that lost what was acknowledged is no crash, and is told from one: the head of the chain beside it
//!   knows better, and so does the epoch file where all is gone. The start is refused, nothing is written, and what is left
//!   can be read in rescue mode. Only if the head is lost with it, a cut is taken for a crash; then the next start records
//!   that the head was missing, and every check of the log says so from then on.
//! - A disk that fails or is full refuses what it is given; reading goes on, and so does writing once the disk works again.
//!   Space is kept back (`reserve`), so that a full disk refuses nothing as long as nobody else takes what is given of it.
//!
//! One file holds one family of tables: reading methods are on [`View`], writing methods on [`Tx`].

mod allowance;
mod assets;
mod blobs;
mod bugs;
mod changed;
mod changes;
mod check;
mod columns;
mod connect;
mod datasets;
mod egress;
mod entries;
mod error;
mod events;
mod faults;
mod features;
pub(crate) mod files;
mod findings;
mod flaky;
mod gates;
mod guidance;
mod handle;
mod hosts;
mod images;
mod iterations;
mod jobs;
mod lessons;
mod lock;
mod memory;
mod merge;
mod metrics;
mod model_stops;
mod movements;
mod notes;
mod notices;
mod open;
mod options;
mod projects;
mod proposals;
mod questions;
mod quota;
mod readers;
mod requests;
mod reserve;
mod runs;
mod schedules;
mod schema;
mod search;
mod sequences;
mod settings;
mod shared;
mod sightings;
mod snapshot;
mod steps;
mod suites;
pub(crate) mod switch;
mod tasks;
mod tool_calls;
mod tx;
mod usage;
mod watched;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub use blobs::{BlobName, BlobOrigin};
pub use bugs::BugFilter;
pub use error::{OpenError, StoreError};
pub use events::AuditFilter;
pub use faults::{FaultKind, Faults};
pub use flaky::TestsBySuite;
pub use guidance::SoFar;
pub use handle::{Hold, Store};
pub use images::{ImageState, MadeImage};
pub(crate) use lock::holder as lock_holder;
pub use memory::OpenOffer;
pub use movements::Movements;
#[cfg(test)]
pub(crate) use open::migrate_for_tests;
pub use options::{Options, Paths};
pub use proposals::{NewProposal, Waits, Which};
pub use questions::Ask;
pub use reserve::Room;
pub use runs::RunFilter;
pub use search::{FoundBug, Reader};
pub use snapshot::{Copied, Counts, examine};
#[cfg(test)]
pub(crate) use tests::fixtures::{new_run as new_run_for_tests, seed as seed_for_tests};
pub use tx::{Tx, View};
pub use usage::UsageRow;
