//! One answer for all runs that wait for it: in one transaction, so that nobody's answer counts for some of them only.

use super::Engine;
use super::ledger::apply;
use crate::domain::{QuestionId, RunId};
use crate::engine::crash::Crashed;
use crate::engine::machine::Event;
use crate::engine::ports::World;
use crate::store::{StoreError, Tx};

/// Applies the answer that one run was given to the others that wait for the same question.
pub(super) fn answer_others(tx: &Tx<'_>, one: RunId, question: QuestionId, event: &Event) -> Result<(), StoreError> {
    for id in tx.sharing(question)? {
        let Some(run) = tx.run(id)?.filter(|run| id != one && run.question == Some(question)) else { continue };
        if let Err(refused) = apply(tx, run, event, true, |_| Ok(()))? {
            return Err(StoreError::Refused(format!("{id} cannot take the answer: {refused}")));
        }
    }
    Ok(())
}

impl<W: World> Engine<W> {
    /// Has the drivers of the others look again at runs whose shared question was answered.
    pub(in crate::engine) async fn wake_sharing(&self, one: RunId, question: QuestionId) -> Result<(), StoreError> {
        let shared = self.store.read(move |view| view.sharing(question)).await?;
        for id in shared.into_iter().filter(|id| *id != one) {
            self.notes.clear(id);
            self.ring(id);
            let run = self.load(id).await?;
            if run.state.is_final()
                && let Err(Crashed) = self.tidy(&run).await
            {
                // Whoever starts next finds what is left and removes it.
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
