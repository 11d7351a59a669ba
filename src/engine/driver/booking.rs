//! What requests to models took that no report of a turn tells: it was cancelled, taken back or lost. It is entered into the
//! run's row and into the ledger in the transaction in which the turn's reservation is given back, or else as soon as nobody
//! can ask any more.

use super::{Engine, Halt};
use crate::audit::AuditEvent;
use crate::domain::{Actor, Run, RunId, Spent, Usage};
use crate::engine::machine::Write;
use crate::engine::ports::World;
use crate::store::{StoreError, Tx};
use serde_json::json;

/// Whether a transition leaves a turn without a report of it.
pub(super) fn leaves(writes: &[Write]) -> bool {
    writes.contains(&Write::Release)
        && !writes.iter().any(|write| matches!(write, Write::AgentTurn { .. } | Write::Audited { .. }))
}

/// Books what is open of a run, into these values of it. False where nothing is.
pub(super) fn book(tx: &Tx<'_>, run: &mut Run) -> Result<bool, StoreError> {
    let Some(Usage { tokens, microusd }) = tx.sum_requests(run.id)? else { return Ok(false) };
    let used = Spent { tokens, microusd, ..Spent::default() };
    if used != Spent::default() {
        tx.insert_usage(run.id, run.iteration, "agent", used)?;
    }
    tx.book_requests(run.id)?;
    run.spent.tokens = run.spent.tokens.saturating_add(tokens);
    run.spent.microusd = run.spent.microusd.saturating_add(microusd);
    tx.put_spent(run)?;
    let detail = json!({ "iteration": run.iteration, "tokens": tokens, "microusd": microusd });
    tx.record(AuditEvent::new(Actor::Engine, "model.booked").run(run.id).detail(detail))?;
    Ok(true)
}

impl<W: World> Engine<W> {
    /// Books what is open of a run that nobody can ask for any more.
    pub(super) async fn book_rest(&self, run: RunId) -> Result<(), Halt> {
        let open = self.store.read(move |view| Ok(view.uncounted(run)?.is_some())).await?;
        if open {
            let booked = self.store.write(move |tx| {
                let Some(mut run) = tx.run(run)? else { return Ok(()) };
                book(tx, &mut run).map(drop)
            });
            booked.await?;
            self.announce();
        }
        Ok(())
    }
}
