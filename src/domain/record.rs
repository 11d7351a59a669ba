//! Records of the audit log as people look at them.

use serde::{Deserialize, Serialize};

/// Some records of the audit log, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Those that pass the filter.
    pub records: Vec<AuditRecord>,
    /// Everything from this number on was looked at: ask for what is before it. Absent at the beginning of the log.
    pub next: Option<u64>,
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
