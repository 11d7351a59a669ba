//! `[limits]` of `config.toml`: the most that a repository's own limits may be. The lower of the two counts.

use super::reader::Section;
use super::{rules, schema};
use crate::sandbox::Limits;
use serde::{Deserialize, Serialize};

/// In MiB.
const TEBIBYTE: u64 = 1 << 20;

/// The most that a step may put on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Most {
    /// Of its tree, in MiB.
    pub disk_mib: u64,
    /// Of its log, in MiB.
    pub log_mib: u64,
}

impl Default for Most {
    fn default() -> Self {
        Self { disk_mib: 50 * 1024, log_mib: 4 * 1024 }
    }
}

impl Most {
    /// What of a repository's limits holds here.
    pub fn bound(&self, asked: Limits) -> Limits {
        Limits { disk_mib: asked.disk_mib.min(self.disk_mib), log_mib: asked.log_mib.min(self.log_mib), ..asked }
    }
}

/// Reads the section.
pub(super) fn read(top: &Section<'_, '_>) -> Most {
    let usual = Most::default();
    let Some(section) = top.table("limits", schema::MOST) else { return usual };
    Most {
        disk_mib: rules::size(&section, "disk", 16, TEBIBYTE).unwrap_or(usual.disk_mib),
        log_mib: rules::size(&section, "log", 1, TEBIBYTE).unwrap_or(usual.log_mib),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn the_lower_of_two_limits_counts() {
        let most = EngineConfig::parse("[limits]\ndisk = \"2GiB\"\n", "c").unwrap().most;
        assert_eq!(most, Most { disk_mib: 2048, ..Most::default() });
        let bound = most.bound(Limits { disk_mib: 10_240, log_mib: 7, ..Limits::default() });
        assert_eq!((bound.disk_mib, bound.log_mib, bound.pids), (2048, 7, Limits::default().pids));
        assert!(EngineConfig::parse("[limits]\ndisk = \"1MiB\"\n", "c").is_err());
    }
}
