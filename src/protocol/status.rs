//! The engine as it is.

use super::{ProviderView, StoppedModels};
use crate::domain::{EgressSeen, Millis, Spent};
use serde::{Deserialize, Serialize};

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Its version.
    pub version: String,
    /// Its instance.
    pub instance: String,
    /// Its process id.
    pub pid: u32,
    /// Where it keeps everything. Comes from the environment.
    pub state_dir: String,
    /// Why the database is open for reading only and nothing runs, if so.
    pub rescue: Option<String>,
    /// What is wrong with the files beside the database, if something is. Writing goes on.
    #[serde(default)]
    pub store_fault: Option<String>,
    /// The newest backup of the database that counts, and why there is no newer one where there should be; absent in rescue mode.
    #[serde(default)]
    pub backup: Option<BackupStatus>,
    /// That the configuration was changed after the engine's start, which does not count yet.
    #[serde(default)]
    pub stale: Option<String>,
    /// Why no new step begins, if so.
    #[serde(default)]
    pub halt: Option<String>,
    /// Why the container engine cannot be used, if so.
    pub sandbox_fault: Option<String>,
    /// Runs that are not over; absent where a rescued database cannot tell.
    pub unfinished: Option<u32>,
    /// Questions that wait; absent where a rescued database cannot tell.
    pub waiting: Option<u32>,
    /// Which sandbox there is and what its walls are, in a few words; absent where it does not answer. Partly its own words.
    #[serde(default)]
    pub sandbox: Option<String>,
    /// The file system of the state directory; absent where the system does not tell.
    #[serde(default)]
    pub disk: Option<DiskSpace>,
    /// What all projects together have used today, by UTC; absent where a rescued database cannot tell.
    #[serde(default)]
    pub today: Option<Spent>,
    /// Requests to hosts outside that were refused last, over all runs, the newest first.
    #[serde(default)]
    pub refused: Vec<EgressSeen>,
    /// Where people have stopped models.
    #[serde(default)]
    pub stopped: Vec<StoppedModels>,
    /// Providers of models that failed last time.
    #[serde(default)]
    pub providers: Vec<ProviderView>,
}

/// The engine's own backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupStatus {
    /// The name of the newest one.
    pub newest: Option<String>,
    /// Until when it is known to hold everything.
    pub holds: Option<Millis>,
    /// Why there is no newer one, if there should be. May quote the system's words.
    pub fault: Option<String>,
    /// Whether the engine makes any.
    pub wanted: bool,
}

/// Space in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpace {
    /// What the engine's user may still take.
    pub free: u64,
    /// All there is.
    pub total: u64,
}
