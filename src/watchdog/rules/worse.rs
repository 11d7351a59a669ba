//! R7: the run is worse than it was, for several rounds. The best iteration is offered to be rolled back to.

use super::View;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::iterations;

pub fn check(view: View<'_>) -> Option<Found> {
    let View { state, facts, limits } = view;
    let best = state.best.as_ref()?;
    (state.worse.len() >= limits.worse_offer as usize).then(|| {
        let now =
            facts.failures.map_or_else(String::new, |failures| format!(", now {failures} at {}", facts.stage.name()));
        let evidence = format!(
            "{} are worse than iteration {}, which had {} left at {}{now}; roll back to iteration {}",
            iterations(&state.worse),
            best.n,
            best.failures,
            best.stage.name(),
            best.n
        );
        Found::new(Level::Warn, Rule::R7, evidence)
    })
}
