//! R6: no gain over the best for long, whatever else moves. It bounds what a goal costs that cannot be reached.

use super::View;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::iterations;
use std::fmt::Write as _;

pub fn check(view: View<'_>) -> Option<Found> {
    let View { state, facts, limits } = view;
    let still = state.still.len();
    if still < limits.plateau_warn as usize {
        return None;
    }
    let mut evidence = match &state.best {
        Some(best) => format!(
            "{} brought nothing over the best, which is iteration {} with {} left at {}",
            iterations(&state.still),
            best.n,
            best.failures,
            best.stage.name()
        ),
        None => format!("{} gave no result to measure by", iterations(&state.still)),
    };
    if facts.only_flaky {
        evidence.push_str("; only tests that come out differently on the same tree fail now");
    }
    if state.spent.tokens > 0 || state.spent.usd > 0.0 {
        let _infallible = write!(evidence, "; they used {} tokens and {:.2} USD", state.spent.tokens, state.spent.usd);
    }
    let stuck = still >= limits.plateau_pause as usize;
    Some(Found::new(if stuck { Level::Stuck } else { Level::Warn }, Rule::R6, evidence))
}
