//! Room for one more iteration under the caps of its project and of the day: looked for and reserved in the transaction that
//! commits the turn's intent, so that no two runs are given the same room.

use crate::domain::{Allowances, Day, Measure, Project, Reached, Reservation, Scope, StepKey, StepKind, reached};
use crate::store::{StoreError, Tx};

/// Reserves what the iteration of a turn may use, or gives the caps that leave no room for it. A turn of the auditor is no
/// iteration, so no cap on these is in its way.
pub(super) fn reserve(
    tx: &Tx<'_>,
    allowances: &Allowances,
    project: &Project,
    key: &StepKey,
) -> Result<Result<Reservation, Vec<Reached>>, StoreError> {
    let day = Day::of(tx.now());
    let account = |scope| tx.account(scope, allowances.caps(scope, &project.name));
    let accounts: Vec<_> = Scope::all(project.id, day).into_iter().map(account).collect::<Result<_, _>>()?;
    let mut held = allowances.wanted(&project.name, tx.greatest_use(project.id)?, &accounts);
    let audit = key.kind == StepKind::Audit;
    if audit {
        held.set(Measure::Iterations, 0);
    }
    let mut found = reached(&accounts, &held);
    found.retain(|one| !(audit && one.measure == Measure::Iterations));
    if !found.is_empty() {
        return Ok(Err(found));
    }
    let reservation = Reservation { run: key.run, iteration: key.iteration, attempt: key.attempt, day, held };
    tx.reserve(&reservation)?;
    Ok(Ok(reservation))
}

#[cfg(test)]
mod tests;
