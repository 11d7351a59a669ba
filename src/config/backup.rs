//! `[backup]` of `config.toml`: how often the database is copied, where to, and how many copies stay.

use super::reader::{Section, clip};
use super::{rules, schema};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Seconds between two where nobody says anything.
const USUAL: u64 = 3600;
/// The shortest time between two.
const LEAST: u64 = 60;

/// The engine's own backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupConfig {
    /// Seconds between two; none where the engine makes none.
    pub each: Option<u64>,
    /// The newest that stay.
    pub keep: usize,
    /// And one a day for so many days.
    pub days: u64,
    /// Another directory than the one beside the database.
    pub to: Option<PathBuf>,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { each: Some(USUAL), keep: 24, days: 7, to: None }
    }
}

impl BackupConfig {
    /// Milliseconds between two.
    pub fn every(&self) -> Option<i64> {
        self.each.map(|seconds| i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
    }
}

/// Reads the section.
pub(super) fn read(top: &Section<'_, '_>) -> BackupConfig {
    let mut config = BackupConfig::default();
    let Some(section) = top.table("backup", schema::BACKUP) else { return config };
    if let Some(text) = section.string("each") {
        config.each =
            if text.value == "never" { None } else { rules::duration_text(&section, "each", &text, rules::YEAR) };
        if config.each.is_some_and(|seconds| seconds < LEAST) {
            section.note(text.at, format!("`each` must be at least \"{LEAST}s\", or \"never\""));
        }
    }
    let keep = section.whole("keep", 1..1001).and_then(|number| usize::try_from(number).ok());
    config.keep = keep.unwrap_or(config.keep);
    config.days = section.whole("days", 0..3651).unwrap_or(config.days);
    config.to = section.string("to").and_then(|text| {
        let path = PathBuf::from(&text.value);
        if path.is_absolute() && !text.value.contains('\0') {
            return Some(path);
        }
        section.note(text.at, format!("`to` is \"{}\"; it must be an absolute path", clip(&text.value)));
        None
    });
    config
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::EngineConfig;

    #[test]
    fn one_an_hour_is_made_unless_told_otherwise() {
        let read = |text: &str| EngineConfig::parse(text, "c").map(|config| config.backup);
        let usual = read("").unwrap();
        assert_eq!((usual.each, usual.keep, usual.days, usual.to), (Some(3600), 24, 7, None));
        let other = read("[backup]\neach = \"30m\"\nkeep = 3\ndays = 0\nto = \"/mnt/b\"\n").unwrap();
        assert_eq!((other.each, other.keep, other.days, other.to), (Some(1800), 3, 0, Some("/mnt/b".into())));
        assert_eq!(read("[backup]\neach = \"never\"\n").unwrap().every(), None);
        for wrong in ["each = \"5s\"", "each = 1", "keep = 0", "to = \"b\"", "evry = \"1h\""] {
            let error = read(&format!("[backup]\n{wrong}\n")).unwrap_err().to_string();
            assert!(error.starts_with("c:2:"), "{wrong}: {error}");
        }
    }
}
