//! The store against real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod damage;
pub(super) mod fixtures;
mod opening;
mod together;
mod writing;
