//! The audit log: a hash chain in the table `audit`, its head in a file outside the database.
//!
//! # Record format, version 1
//! A record is one line of compact JSON text (no line breaks; fields in this order, absent ones left out): `v` (1), `seq`
//! (from 1, no gaps), `prev` (hash of the record before, 64 zeros for the first), `wall` (milliseconds since 1970), `boot`
//! (milliseconds of `CLOCK_BOOTTIME`), `boot_id` (the kernel's), `back` (true when `wall` is earlier than the record before
//! says, or when `boot` is within one boot id), `engine` (instance), `epoch`, `actor`, `kind`, `project`, `run`, `question`,
//! `detail`, `provenance`. Its hash is the SHA-256 of exactly those bytes, written in 64 lower-case hexadecimal digits. The
//! bytes are stored and hashed as they are; nothing is ever serialised again to be checked. An export is one line a record:
//! the hash, a space, the record; so `sha256sum` alone can check it.
//!
//! Order comes from `seq`, never from clocks. One chain has one `engine`, and its `epoch` never falls.
//!
//! An event of the kind `store.head_missing` or `store.head_damaged` says that the anchor was lost: whatever stands before it
//! holds together, but whether something was cut off just there nobody knows any more, and every check says so.

mod against;
mod append;
mod checkpoint;
mod clock;
mod event;
mod export;
mod head;
mod record;
mod verdict;
mod verify;

#[cfg(test)]
mod tests;

pub use against::against;
pub(crate) use against::hash_at;
pub(crate) use append::{Context, append, head as chain_head, last};
pub use checkpoint::{Checkpoint, Sealer};
pub use clock::{Clock, Stamp, SystemClock};
pub use event::AuditEvent;
pub use export::{export, verify_export};
#[cfg(test)]
pub(crate) use head::own as own_head_for_tests;
pub(crate) use head::{Anchor, COPIED, HEAD_DAMAGED, HEAD_MISSING, is_copy as head_is_copy, write as write_head};
pub use head::{Head, HeadFile};
pub use record::hex;
pub use verdict::Verdict;
pub use verify::{VerifyError, verify};
pub(crate) use verify::{verify_tail, verify_to};
