//! Looks into this room from outside: a history as lines of JSON becomes the verdicts of its rounds, for `dogwatch debug watchdog`.

use super::fold::Watchdog;
use super::read::{HistoryError, LONGEST_LINE, event};
use super::thresholds::Thresholds;
use super::verdict::Verdict;
use std::io::{BufRead, Read as _};

/// Reads a history line by line, so that one that is still written can be followed, and hands on each verdict.
pub fn debug<E: From<HistoryError>>(
    limits: Thresholds,
    input: &mut dyn BufRead,
    emit: &mut dyn FnMut(&Verdict) -> Result<(), E>,
) -> Result<(), E> {
    let mut watchdog = Watchdog::new(limits);
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        let most = LONGEST_LINE as u64 + 2;
        if (&mut *input).take(most).read_until(b'\n', &mut bytes).map_err(HistoryError::from)? == 0 {
            return Ok(());
        }
        line += 1;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if let Some(event) = event(line, bytes)?
            && let Some(verdict) = watchdog.take(&event)
        {
            emit(&verdict)?;
        }
    }
}
