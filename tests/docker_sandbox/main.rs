//! The Docker sandbox against a real engine, without the rest of dogwatch.
//!
//! Everything lies in a module named `needs_docker`, by which `tests/run` picks the tests that need an engine.

mod needs_docker;
#[path = "../support/mod.rs"]
mod support;
