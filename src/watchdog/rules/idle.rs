//! R4: rounds that change nothing, neither the tree nor the plan. Who also says that it is done has less time.

use super::View;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::iterations;
use std::fmt::Write as _;

pub fn check(view: View<'_>) -> Option<Found> {
    let View { state, limits, .. } = view;
    let idle = state.idle.len();
    if idle < 2 {
        return None;
    }
    let claimed = state.idle_claimed >= limits.idle_claimed;
    let mut evidence = format!("{} changed nothing", iterations(&state.idle));
    if state.plans > 0 {
        let _infallible = write!(evidence, ", after {} that changed the plan alone", state.plans);
    }
    if state.idle_claimed > 0 {
        let _infallible = write!(evidence, "; the agent said {} times in a row that it was done", state.idle_claimed);
    }
    let stuck = idle >= view.patient(limits.idle_pause) || claimed;
    Some(Found::new(if stuck { Level::Stuck } else { Level::Warn }, Rule::R4, evidence))
}
