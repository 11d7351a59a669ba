//! The Docker sandbox against a real engine, without the rest of dogwatch: the contract that all sandboxes keep, and what
//! only Docker has to show.
//!
//! Everything lies in a module named `needs_docker`, by which `tests/run` picks the tests that need an engine.

#[path = "../contract/mod.rs"]
mod contract;
mod needs_docker;
#[path = "../support/mod.rs"]
mod support;
