//! How a live system was when the engine looked last. All of it is the system's own word.

use super::Millis;
use serde::{Deserialize, Serialize};

/// Space of one file system, in KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSeen {
    /// Where it is mounted.
    pub mount: String,
    /// All of it.
    pub total: u64,
    /// What is free.
    pub free: u64,
}

/// A container that its engine lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSeen {
    /// Its name.
    pub name: String,
    /// Such as `running`.
    pub state: String,
    /// The same in its engine's words.
    pub status: String,
}

/// What a system says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// Which boot it is in.
    pub boot: String,
    /// For how many seconds.
    pub uptime: u64,
    /// Its load over a minute, in hundredths.
    pub load: u64,
    /// Its processors.
    pub cpus: u64,
    /// Its memory, and what of it is available, in KiB.
    pub memory: (u64, u64),
    /// Its file systems.
    pub disks: Vec<DiskSeen>,
    /// Its kernel.
    pub kernel: String,
    /// Its system.
    pub system: String,
    /// Services that failed, where systemd tells.
    pub failed: Vec<String>,
    /// Containers, where Docker may be asked there.
    pub containers: Vec<ContainerSeen>,
}

/// What one look came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum AssetState {
    /// It answered.
    Up {
        /// What it said.
        vitals: Vitals,
    },
    /// It did not, or not as it should.
    Down {
        /// Why.
        why: String,
    },
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// When.
    pub at: Millis,
    /// What was seen.
    pub state: AssetState,
}

impl Vitals {
    /// The file system with the least part free, with the percentage in use.
    pub fn fullest(&self) -> Option<(&DiskSeen, u64)> {
        let used = |disk: &DiskSeen| disk.total.saturating_sub(disk.free).saturating_mul(100) / disk.total.max(1);
        self.disks.iter().map(|disk| (disk, used(disk))).max_by_key(|(_, used)| *used)
    }
}
