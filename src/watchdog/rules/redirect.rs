//! R8: what a redirect was about is back after its rounds of grace.

use super::View;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::{iterations, listed};

pub fn check(view: View<'_>) -> Option<Found> {
    let View { state, facts, limits } = view;
    let redirected = state.redirected.as_ref()?;
    if redirected.returns.last() != Some(&facts.n) || redirected.returns.len() < limits.returns as usize {
        return None;
    }
    let failing = facts.key().failing;
    let evidence = format!(
        "new guidance was given, and what it was about is back in {}: {}",
        iterations(&redirected.returns),
        listed(facts.named(&failing), failing.len())
    );
    Some(Found::new(Level::Stuck, Rule::R8, evidence))
}
