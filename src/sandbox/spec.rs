//! What a step wants of a sandbox.

use crate::domain::StepKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How high the walls are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The agent: read-only root, no network, no capabilities, ordinary user.
    Agent,
    /// Test suites: the same walls.
    Test,
    /// Makes images by running and committing: writable root, user 0 inside, otherwise the same walls. Never used for agents
    /// or tests.
    Provision,
}

/// Limits of one container.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory in MiB, swap included.
    pub memory_mib: u64,
    /// Processors, fractions allowed.
    pub cpus: f64,
    /// Processes and threads.
    pub pids: u32,
    /// Size of /tmp in MiB.
    pub tmp_mib: u64,
    /// What its tree may take on disk, in MiB.
    #[serde(default = "usual_disk")]
    pub disk_mib: u64,
    /// What its log may take with its index, before it is compressed, in MiB.
    #[serde(default = "usual_log")]
    pub log_mib: u64,
}

/// What a tree may take where nobody says anything.
const fn usual_disk() -> u64 {
    10 * 1024
}

/// What a log may take where nobody says anything.
const fn usual_log() -> u64 {
    1024
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 4096, cpus: 2.0, pids: 1024, tmp_mib: 1024, disk_mib: usual_disk(), log_mib: usual_log() }
    }
}

/// Time limits of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallTimes {
    /// Seconds that the program may run, frozen time not counted.
    pub seconds: u64,
    /// Seconds without a byte of output after which it counts as silent; `None` for no such limit.
    pub silent_seconds: Option<u64>,
}

/// What a step has for a network. None leads anywhere but to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// One of its own, in which these names stand for the loopback address, also for those that join it.
    Own(Vec<String>),
    /// That of another container of this engine, by its id; both reach each other on the loopback address.
    Of(String),
}

impl Default for Network {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

/// Everything needed to make, start and follow the container of one step. Derived from the database alone, so that a
/// restarted engine comes to the same spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Names the step; the container's name is derived from it.
    pub key: StepKey,
    /// How high the walls are.
    pub profile: Profile,
    /// Content id of the image (`sha256:...`).
    pub image: String,
    /// The program and its arguments; not a shell line.
    pub argv: Vec<String>,
    /// Its environment, in full; nothing is inherited but what the image sets.
    pub env: BTreeMap<String, String>,
    /// Working directory inside, absolute.
    pub cwd: String,
    /// The tree that is mounted at `/work`, a host directory owned by the engine; `None` for none. In the provision
    /// profile its contents are copied to `/work` instead, so that they become part of the image.
    pub tree: Option<PathBuf>,
    /// Bytes for the program's standard input, which is closed after them unless it is to stay open.
    pub stdin: Vec<u8>,
    /// Where the program can be spoken to while it works: the `type` of the line of JSON on its standard output by which it
    /// says that it has done what it was told. Its standard input stays open until it has said so and then nothing more.
    #[serde(default)]
    pub open_until: Option<String>,
    /// Paths relative to `/work` that the setup made. In the provision profile the shim moves them to
    /// `/dogwatch/keep/` when the program ends well; otherwise it puts links to them into the tree before the program
    /// starts, where nothing of that name is there.
    pub keep: Vec<String>,
    /// Host directory of this step's private things: channel socket, spool, `spec.json`. Made by the sandbox.
    pub dir: PathBuf,
    /// Host path of the step's log (its index lies beside it).
    pub log: PathBuf,
    /// Host directory with the gateway's socket of the run, for a step that reaches anything: 127.0.0.1 leads there
    /// ([`crate::gateway::PORT`]), and an agent has a directory for its session ([`super::SESSION_INSIDE`]).
    #[serde(default)]
    pub gateway: Option<PathBuf>,
    /// Directories of the host that are seen read-only under [`DATASETS_INSIDE`](crate::domain::DATASETS_INSIDE), by the names
    /// that they have there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, PathBuf>,
    /// Limits.
    pub limits: Limits,
    /// Time limits.
    pub times: WallTimes,
    /// What it has for a network.
    #[serde(default)]
    pub network: Network,
    /// The runtime of Docker that the project asks for; `None` for the engine's.
    #[serde(default)]
    pub runtime: Option<String>,
}

impl StepSpec {
    /// Whether it is an agent's and keeps a session.
    pub fn has_session(&self) -> bool {
        self.gateway.is_some() && self.profile == Profile::Agent
    }
}
