//! R3: the run goes round in a circle of two to four states, or comes back to a tree that it had before with the same failures.

use super::View;
use crate::watchdog::facts::Key;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::iterations;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A tree that comes back after so many rounds closes a circle; sooner, one attempt was taken back, which is no fault yet.
const LONG: usize = 4;

pub fn check(view: View<'_>) -> Option<Found> {
    cycle(view).or_else(|| revisit(view)).or_else(|| patch(view))
}

fn cycle(view: View<'_>) -> Option<Found> {
    let View { state, limits, .. } = view;
    let keys: Vec<(&Key, u64)> = state.window.iter().map(|held| (&held.key, held.n)).collect();
    for period in 2..=4 {
        let Some(from) = keys.len().checked_sub(period * limits.cycles as usize) else { break };
        let last = keys.get(from..).unwrap_or_default();
        let distinct: BTreeSet<&Key> = last.iter().map(|(key, _)| *key).collect();
        let repeats = last.iter().zip(last.iter().skip(period)).all(|((one, _), (again, _))| one == again);
        if repeats && distinct.len() > 1 {
            let numbers: Vec<u64> = last.iter().map(|(_, n)| *n).collect();
            let evidence = format!(
                "{} went round in a circle of {period}: {} different sets of failures came back {} times in the same order",
                iterations(&numbers),
                distinct.len(),
                limits.cycles
            );
            return Some(Found::new(Level::Stuck, Rule::R3, evidence));
        }
    }
    None
}

/// A tree that was there before.
fn revisit(view: View<'_>) -> Option<Found> {
    let View { state, facts, .. } = view;
    if state.revisits.last() != Some(&facts.n) {
        return None;
    }
    let first = state.window.iter().find(|held| held.tree == facts.tree)?;
    let closed = state.revisits.len() > 1 || state.window.len() >= LONG;
    let mut evidence =
        format!("iteration {} left the very tree that iteration {} left, with the same failures", facts.n, first.n);
    if state.revisits.len() > 1 {
        let _infallible = write!(evidence, "; it came back so in {}", iterations(&state.revisits));
    }
    Some(Found::new(if closed { Level::Stuck } else { Level::Warn }, Rule::R3, evidence))
}

/// The very same change, again and again.
fn patch(view: View<'_>) -> Option<Found> {
    let View { state, facts, .. } = view;
    let patch = facts.patch?;
    let numbers: Vec<u64> = state.window.iter().filter(|held| held.patch == Some(patch)).map(|held| held.n).collect();
    (numbers.len() >= 3).then(|| {
        Found::new(Level::Warn, Rule::R3, format!("the very same change was made in {}", iterations(&numbers)))
    })
}
