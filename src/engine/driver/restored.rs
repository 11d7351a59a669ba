//! What becomes of runs that were under way in a database that is put back: they end. What they did after the copy was made nobody
//! knows here, and containers, logs and branches of that time carry the very names that they would give out next.

use super::ledger::apply;
use crate::domain::{Actor, RunId, RunState};
use crate::engine::machine::Event;
use crate::store::{RunFilter, StoreError, Tx};

/// Has every run that is not over cancelled by the next engine, and gives their numbers.
pub(crate) fn end_unfinished(tx: &Tx<'_>, by: &Actor, reason: &str) -> Result<Vec<RunId>, StoreError> {
    let filter = RunFilter { unfinished: true, limit: Some(u32::MAX), ..RunFilter::default() };
    let mut ended = Vec::new();
    for run in tx.runs(&filter)? {
        if run.state == RunState::Cancelling {
            continue;
        }
        let id = run.id;
        let event = Event::Cancel { by: by.clone(), reason: reason.to_owned() };
        apply(tx, run, &event, false, |_| Ok(()))?
            .map_err(|refused| StoreError::Refused(format!("{id} cannot be ended: {refused}")))?;
        ended.push(id);
    }
    ended.sort_unstable();
    Ok(ended)
}
