//! Records of the audit log as people look at them.

use super::Millis;
use serde::{Deserialize, Serialize};

/// Some records of the audit log, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Those that pass the filter.
    pub records: Vec<AuditRecord>,
    /// Everything from this number on was looked at: ask for what is before it. Absent at the beginning of the log.
    pub next: Option<u64>,
}

/// What else a record must be to be wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditAbout {
    /// Made by this user, or by somebody who logged in as this user.
    #[serde(default)]
    pub by: Option<String>,
    /// About this live system, by name.
    #[serde(default)]
    pub asset: Option<String>,
    /// Not before.
    #[serde(default)]
    pub from: Option<Millis>,
    /// Before.
    #[serde(default)]
    pub until: Option<Millis>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its number.
    pub seq: u64,
    /// The SHA-256 that stands beside it in the log, in hexadecimal.
    pub hash: String,
    /// Its exact text.
    pub record: String,
}
