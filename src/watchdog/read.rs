//! Reads a history written as lines of JSON. Fields that are not known are passed over; what is known must fit.

use super::event::Event;
use std::io;

/// Longest line in bytes.
pub const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The line is not JSON.
    #[error("line {line} of the history is not JSON: {reason}; write one JSON object a line")]
    NotJson {
        /// Counted from 1.
        line: u64,
        /// What the parser says.
        reason: String,
    },
    /// The line is JSON, but no event.
    #[error(
        "line {line} of the history is no event: {reason}; write an object with `type` (iteration, redirect, engine_restart or rollback) and its fields"
    )]
    NoEvent {
        /// Counted from 1.
        line: u64,
        /// What does not fit.
        reason: String,
    },
    /// The line is too long.
    #[error("line {line} of the history is longer than {} MiB; cut the texts of its errors", LONGEST_LINE >> 20)]
    Long {
        /// Counted from 1.
        line: u64,
    },
    /// The input itself failed.
    #[error("the history cannot be read: {0}")]
    Input(#[from] io::Error),
}

/// The event of a line; nothing for a blank one. `line` is its number, counted from 1.
pub fn event(line: u64, bytes: &[u8]) -> Result<Option<Event>, HistoryError> {
    if bytes.len() > LONGEST_LINE {
        return Err(HistoryError::Long { line });
    }
    let bytes = if line == 1 { bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes) } else { bytes };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let event: Event = serde_json::from_slice(bytes).map_err(|error| {
        // The parser sees one line only, so its own line number would mislead.
        let whole = error.to_string();
        let reason = whole.split(" at line ").next().unwrap_or_default().chars().take(200).collect();
        if error.is_data() { HistoryError::NoEvent { line, reason } } else { HistoryError::NotJson { line, reason } }
    })?;
    let fits = |number: Option<f64>| number.is_none_or(|number| number.is_finite() && number >= 0.0);
    if let Event::Iteration(round) = &event
        && !(fits(round.seconds) && fits(round.cost_usd))
    {
        let reason = "`seconds` and `cost_usd` must not be negative".to_owned();
        return Err(HistoryError::NoEvent { line, reason });
    }
    Ok(Some(event))
}
