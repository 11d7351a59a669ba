//! R2: one problem is there in every round while everything around it is other each time. It is the root of the rest, and the
//! work goes on at the branches. What breaks and is mended again on the way to the end also comes and goes, but by and by; so
//! what is around the root has to be all other from round to round.

use super::View;
use crate::watchdog::marks::Marks;
use crate::watchdog::state::Held;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::{count, iterations, listed};

/// Most that the root may be: a test, or an error, or one of each.
const ROOT: usize = 1;

pub fn check(view: View<'_>) -> Option<Found> {
    let View { state, facts, limits } = view;
    let wanted = limits.root_pause as usize;
    let last = state.window.range(state.window.len().checked_sub(wanted)?..);
    let shared = |marks: fn(&Held) -> &Marks| {
        let mut sets = last.clone().map(marks);
        let first = sets.next().cloned().unwrap_or_default();
        sets.fold(first, |all, marks| all.common(marks))
    };
    let (failing, errors) = (shared(|held| &held.key.failing), shared(|held| &held.errors));
    let root = failing.with(&errors);
    if root.is_empty() || failing.len() > ROOT || errors.len() > ROOT {
        return None;
    }
    let rest: Vec<Marks> = last.clone().map(|held| held.key.failing.without(&root)).collect();
    let churns = rest.iter().all(|marks| !marks.is_empty())
        && rest.windows(2).all(|two| match two {
            [one, next] => one.differs(next),
            _ => true,
        });
    churns.then(|| {
        let numbers: Vec<u64> = last.map(|held| held.n).collect();
        let around: Marks = rest.iter().fold(Marks::default(), |all, marks| all.with(marks));
        let evidence = format!(
            "one problem stays in {} while {} around it come and go: {}",
            iterations(&numbers),
            count(around.len(), "other"),
            listed(facts.named(&root), root.len())
        );
        Found::new(Level::Stuck, Rule::R2, evidence)
    })
}
