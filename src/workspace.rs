//! The engine's own git: sources are fetched into a bare repository that nobody else writes, work trees are written from
//! it for the container and read back as commits, and results are delivered to the source.
//!
//! The tree an agent works in is hostile. The host never runs the git program over it and never opens a `.git` inside
//! it: it is walked through directory handles without following links, and only plain file contents and link texts are
//! taken. All calls block; an asynchronous caller runs them on a blocking thread.

mod altered;
mod archive;
mod beneath;
mod change;
mod checkout;
mod checkpoint;
mod data;
mod deliver;
mod diff;
mod error;
mod fetch;
mod guided;
mod ignored;
mod left;
mod loose;
mod measure;
mod names;
mod nested;
mod outline;
mod owned;
mod pack;
mod program;
mod read;
mod remove;
mod repo;
mod rights;
mod session;
mod size;
mod source;
mod transfer;
mod unpack;

pub mod volume;
mod walk;

#[cfg(test)]
mod tests;

pub use altered::Altered;
pub use beneath::unlock_tree;
pub use change::{Change, ChangeKind};
pub use checkpoint::{Checkpoint, CheckpointSpec};
pub use data::{DataFault, DataSeen, look, read_all};
pub use deliver::Delivered;
pub use error::WorkspaceError;
pub use left::left_text;
pub use measure::takes_more;
pub use names::shown;
pub use outline::Outline;
pub use read::{Entry, EntryKind, Survey};
pub use remove::remove_tree;
pub use repo::{Repo, open_source};
pub use session::{Copied, copy_session};
pub use size::size;
pub use source::{check_source, redacted};
pub use unpack::{Bounds, Unpacked, unpack};
