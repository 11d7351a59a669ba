//! The rules, tried on everything that could go wrong with them.
#![allow(clippy::unwrap_used)]

pub(crate) mod fixtures;

mod bound;
mod clocks;
mod commands;
mod interleaved;
mod people;
mod rechecked;
mod signed;
mod stopped;
mod together;
