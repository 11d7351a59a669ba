//! `[retention]` of `config.toml`: how long what runs leave behind is kept.

use super::reader::Section;
use super::rules;
use serde::{Deserialize, Serialize};

/// A day in seconds.
const DAY: u64 = 86_400;
/// The longest that anything can be kept for: ten years.
const LONGEST: u64 = 3650 * DAY;
/// The most that logs can be allowed: 1 PiB in MiB.
const MOST: u64 = 1 << 30;

/// How long what runs that are over leave behind is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// A log is kept for so many seconds from its step's end, whatever else.
    pub logs_at_least: u64,
    /// And for no longer than so many.
    pub logs_at_most: u64,
    /// What all logs together may take, in MiB; the oldest go first.
    pub logs_size: u64,
    /// An image that a build or a setup made and no run has used for so many seconds goes.
    pub images_unused: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { logs_at_least: 7 * DAY, logs_at_most: 90 * DAY, logs_size: 20 << 10, images_unused: 30 * DAY }
    }
}

/// Reads the section.
pub(super) fn read(section: &Section<'_, '_>) -> Retention {
    let usual = Retention::default();
    let duration = |name| rules::duration(section, name, LONGEST);
    let at_least = duration("logs-at-least");
    let at_most = duration("logs-at-most");
    let logs_at_most = at_most.unwrap_or_else(|| usual.logs_at_most.max(at_least.unwrap_or(0)));
    let logs_at_least = at_least.unwrap_or_else(|| usual.logs_at_least.min(logs_at_most));
    if logs_at_least > logs_at_most {
        let message = "`logs-at-most` is shorter than `logs-at-least`: make it at least as long".to_owned();
        section.note(section.place_of("logs-at-most"), message);
    }
    Retention {
        logs_at_least,
        logs_at_most,
        logs_size: rules::size(section, "logs-size", 1, MOST).unwrap_or(usual.logs_size),
        images_unused: duration("images-unused").unwrap_or(usual.images_unused),
    }
}
