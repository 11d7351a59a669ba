//! The store against real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod copied;
mod cuts;
mod damage;
pub(crate) mod disk;
mod failing;
pub(super) mod fixtures;
pub(crate) mod history;
mod opening;
mod places;
mod power;
mod reserve;
mod together;
mod writing;
