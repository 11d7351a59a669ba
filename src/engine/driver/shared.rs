//! One answer for all runs that wait for it: in one transaction, so that nobody's answer counts for some of them only.

use super::Engine;
use super::ledger::apply;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Question, QuestionId, RunId};
use crate::engine::ask::AskError;
use crate::engine::asked::asking;
use crate::engine::crash::Crashed;
use crate::engine::machine::Event;
use crate::engine::ports::World;
use crate::store::{StoreError, Tx};
use serde_json::json;

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

/// The run by which a denial reaches all that were shown to whoever denies.
pub(in crate::engine) fn meant(question: &Question, shown: &[RunId]) -> Result<RunId, AskError> {
    if question.sharing.is_empty() {
        return asking(question);
    }
    let named = |runs: &[RunId]| runs.iter().map(RunId::to_string).collect::<Vec<_>>();
    let id = question.id;
    if shown.is_empty() {
        let (runs, flags) = (named(&question.sharing).join(", "), named(&question.sharing).join(" --run "));
        return Err(AskError::Unfit(format!(
            "{runs} wait for this answer, and a no ends all of them: say for which it is (`dogwatch approvals deny {id} --run {flags} \
             --reason WHY`); the others are asked about anew"
        )));
    }
    let first = question.sharing.iter().find(|run| shown.contains(run)).copied();
    first.ok_or_else(|| AskError::Unfit(format!("none of {} waits for {id} any more", named(shown).join(", "))))
}

/// Puts the runs that joined after somebody looked under a question of their own, which nobody has answered. `one` is the run by
/// which the question is answered; where nobody shares it, it stands in no list.
pub(in crate::engine) fn part(
    tx: &Tx<'_>,
    (question, one): (QuestionId, RunId),
    shown: &[RunId],
    by: &Actor,
) -> Result<(), StoreError> {
    let sharing = tx.sharing(question)?;
    let late: Vec<RunId> = sharing.into_iter().filter(|run| *run != one && !shown.contains(run)).collect();
    // A question that only one run can have is not shared.
    let Some(first) = late.first().copied() else { return Ok(()) };
    let other = tx.part_question(question, first)?;
    for id in late {
        let Some(mut run) = tx.run(id)? else { continue };
        tx.move_to_question(question, other, id)?;
        run.question = Some(other);
        tx.update_run(&run)?;
        let detail = json!({ "from": question, "to": other });
        tx.record(AuditEvent::new(by.clone(), "question.moved").run(id).question(other).detail(detail))?;
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
