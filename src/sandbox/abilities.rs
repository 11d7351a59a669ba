//! What a sandbox can do. Each declares it and is held to it by the same tests (`tests/contract`).

use serde::{Deserialize, Serialize};

/// How a limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// For the container as a whole.
    Whole,
    /// For each of its processes by itself, so that several together may go beyond it.
    EachProcess,
    /// For all containers of the engine together.
    EachUser,
    /// Not at all.
    Nothing,
}

/// How the cap on a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskBound {
    /// The tree can have a file system of its own that is hardly larger.
    FileSystem,
    /// It is measured from time to time, and a step beyond its cap is stopped.
    Watched,
}

/// What a sandbox can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself")]
pub struct Abilities {
    /// It pulls images and pins them.
    pub images: bool,
    /// It builds images.
    pub builds: bool,
    /// It runs a setup and keeps what that made.
    pub setup: bool,
    /// How the limit of memory holds. Only a bound of the whole tells a want of memory from other kills.
    pub memory: Bound,
    /// How the limit of processes holds.
    pub pids: Bound,
    /// How the limit of processors holds.
    pub cpus: Bound,
    /// How the cap on a tree holds.
    pub disk: DiskBound,
    /// It freezes containers by the kernel's freezer; otherwise by stopping each process with a signal.
    pub freezer: bool,
    /// Steps can share a network of their own, so that services run beside a suite.
    pub services: bool,
}

impl Abilities {
    /// All of them.
    pub const ALL: Self = Self {
        images: true,
        builds: true,
        setup: true,
        memory: Bound::Whole,
        pids: Bound::Whole,
        cpus: Bound::Whole,
        disk: DiskBound::FileSystem,
        freezer: true,
        services: true,
    };
}
