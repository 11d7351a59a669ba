//! Room for one more iteration under the caps of its project and of the day: looked for and reserved in the transaction that
//! commits the turn's intent, so that no two runs are given the same room.

use crate::domain::{Allowances, Day, Project, Reached, Reservation, Scope, StepKey, reached};
use crate::store::{StoreError, Tx};

/// Reserves what the iteration of a turn may use, or gives the caps that leave no room for it.
pub(super) fn reserve(
    tx: &Tx<'_>,
    allowances: &Allowances,
    project: &Project,
    key: &StepKey,
) -> Result<Result<Reservation, Vec<Reached>>, StoreError> {
    let day = Day::of(tx.now());
    let account = |scope| tx.account(scope, allowances.caps(scope, &project.name));
    let accounts: Vec<_> = Scope::all(project.id, day).into_iter().map(account).collect::<Result<_, _>>()?;
    let held = allowances.wanted(&project.name, tx.greatest_use(project.id)?, &accounts);
    let found = reached(&accounts, &held);
    if !found.is_empty() {
        return Ok(Err(found));
    }
    let reservation = Reservation { run: key.run, iteration: key.iteration, attempt: key.attempt, day, held };
    tx.reserve(&reservation)?;
    Ok(Ok(reservation))
}

#[cfg(test)]
mod tests;
