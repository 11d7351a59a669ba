//! What must outlive this engine: how the program ended, why an engine stopped it, and how often somebody lied on the
//! channel.

use super::{ChannelError, Exit};
use crate::domain::OnDisk;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why this engine ended a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The step's time limit.
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },
    /// The limit of silence.
    Silent {
        /// The limit in seconds.
        seconds: u64,
    },
    /// What the step puts on disk came to its cap.
    Overfull {
        /// What.
        what: OnDisk,
        /// The cap in MiB.
        mib: u64,
    },
    /// It was removed for a cancel or a rollback.
    Removed,
}

/// Output that came when the log was at its cap: counted, not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeftOut {
    /// The last number that was left out.
    pub seq: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// The contents of `<name>.state`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    /// The shim's last word and its number.
    pub exit: Option<(u64, Exit)>,
    /// Intrusions so far.
    pub intrusions: u32,
    /// Whether output was destroyed in the spool.
    pub damaged: bool,
    /// Why an engine began to stop the container.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// What was left out of a log that came to its cap.
    #[serde(default)]
    pub left_out: Option<LeftOut>,
    /// Remarks that are in the log already and belong there once.
    #[serde(default)]
    pub remarks: BTreeSet<String>,
}

/// The state file of a log.
pub(super) fn state_path(log: &Path) -> PathBuf {
    log.with_extension("state")
}

/// Reads the file; absent is the start of everything.
pub(super) fn load(path: &Path) -> Result<Saved, ChannelError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(path, "read", &error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Saved::default()),
        Err(error) => Err(failed(path, "read", &error)),
    }
}

/// Replaces the file as a whole and waits for the disk.
pub(super) fn save(path: &Path, saved: &Saved) -> Result<(), ChannelError> {
    let bytes = serde_json::to_vec(saved).map_err(|error| failed(path, "write", &error))?;
    let fresh = path.with_extension("state.new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        std::fs::rename(&fresh, path)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    };
    write().map_err(|error| failed(path, "write", &error))
}

fn failed(path: &Path, doing: &str, error: &dyn std::fmt::Display) -> ChannelError {
    ChannelError::Log(format!("cannot {doing} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("step.state");
        std::fs::write(&path, r#"{"exit":null,"intrusions":3,"damaged":true}"#).unwrap();
        let mut saved = load(&path).unwrap();
        assert_eq!((saved.intrusions, saved.damaged, saved.cause), (3, true, None));
        saved.cause = Some(Cause::Silent { seconds: 9 });
        save(&path, &saved).unwrap();
        assert_eq!(load(&path).unwrap(), saved);
    }
}
