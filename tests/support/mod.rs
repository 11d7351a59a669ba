//! What the integration tests share: the tests' Docker engine, a running dogwatch, repositories, and waiting.
//!
//! A test that needs Docker lies in a module named `needs_docker`: `tests/run` picks these tests by that name for the
//! stage in which an engine runs.

#![allow(dead_code, reason = "each test program uses its own part of this module")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::print_stdout)]

pub mod bare;
pub mod chance;
pub mod console;
pub mod counting;
pub mod dialog;
mod docker;
mod engine;
mod far;
pub mod filled;
pub mod hostile;
pub mod loops;
pub mod mirror;
pub mod model;
pub mod openmetrics;
pub mod packages;
mod played;
pub mod proxy;
pub mod raw_terminal;
mod repo;
pub mod speech;
pub mod sshd;
pub mod usage;
mod wait;

#[allow(unused_imports, reason = "each test program uses its own part of this module")]
pub use {
    docker::{DockerEnv, docker},
    engine::{Engine, Output},
    far::{FarEnv, Sshd, far, kill_connection},
    played::played_engine,
    repo::TempRepo,
    wait::wait_until,
};
