//! The Docker sandbox on another machine, reached by SSH: what all sandboxes keep, and what becomes of it when the connection is
//! lost.
//!
//! Everything lies in a module named `needs_docker`, by which `tests/run` picks the tests that need an engine.

#[path = "../contract/mod.rs"]
mod contract;
mod needs_docker;
#[path = "../support/mod.rs"]
mod support;
