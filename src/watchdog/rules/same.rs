//! R1: the same tests fail, round after round. Only exact equality pauses, since on good runs a likeness of four fifths stopped
//! many that would have finished.

use super::View;
use crate::watchdog::marks::Marks;
use crate::watchdog::state::Held;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::{count, iterations, listed};
use std::fmt::Write as _;

pub fn check(view: View<'_>) -> Option<Found> {
    let View { state, facts, limits } = view;
    let key = facts.key();
    if key.failing.is_empty() {
        return None;
    }
    let mut same: Vec<&Held> = state.window.iter().rev().take_while(|held| held.key == key).collect();
    same.reverse();
    if same.len() < limits.same_warn as usize {
        return nearly(view, &key.failing);
    }
    let numbers: Vec<u64> = same.iter().map(|held| held.n).collect();
    let what = if facts.tests.is_empty() { "error" } else { "test" };
    let mut evidence = format!(
        "the same {} failed in {}: {}",
        count(key.failing.len(), what),
        iterations(&numbers),
        listed(facts.named(&key.failing), key.failing.len())
    );
    if let Some(files) = touched(&same) {
        let _infallible = write!(evidence, "; the diffs touched only {files}");
    }
    let enough = same.len() >= view.patient(limits.same_pause);
    if enough && moved_on(&same) {
        evidence.push_str("; their errors change, so there may be work in it");
    }
    let level = if enough && !moved_on(&same) { Level::Stuck } else { Level::Warn };
    Some(Found::new(level, Rule::R1, evidence))
}

/// Whether the errors of tests that go on failing are new ones each time, or become fewer and fewer: the work gets somewhere.
fn moved_on(same: &[&Held]) -> bool {
    let recent: Vec<&Marks> = same.iter().skip(same.len().saturating_sub(5)).map(|held| &held.errors).collect();
    if recent.iter().any(|errors| errors.is_empty()) || same.iter().any(|held| held.errors == held.key.failing) {
        return false;
    }
    let mut seen = Marks::default();
    let always_new = recent.iter().all(|errors| {
        let new = errors.common(&seen).is_empty();
        seen = seen.with(errors);
        new
    });
    let steps = || recent.windows(2).filter_map(|two| if let [old, new] = two { Some((*old, *new)) } else { None });
    let never_grows = steps().all(|(old, new)| new.without(old).is_empty());
    always_new || never_grows && steps().filter(|(old, new)| new.len() < old.len()).count() >= 2
}

/// Nearly the same failures for long only warn.
fn nearly(view: View<'_>, failing: &Marks) -> Option<Found> {
    let View { state, facts, limits } = view;
    let near =
        state.window.iter().rev().take_while(|held| held.key.stage == facts.stage && held.key.failing.nearly(failing));
    let mut numbers: Vec<u64> = near.map(|held| held.n).collect();
    numbers.reverse();
    (numbers.len() > limits.same_warn as usize).then(|| {
        let evidence = format!("nearly the same {} failed in {}", count(failing.len(), "test"), iterations(&numbers));
        Found::new(Level::Warn, Rule::R1, evidence)
    })
}

/// The few files that all of the rounds touched, where that is known of each.
fn touched(same: &[&Held]) -> Option<String> {
    let mut files: Vec<&str> = Vec::new();
    for held in same.iter().skip(1) {
        for file in held.changed.as_ref()? {
            if !files.contains(&file.as_str()) {
                files.push(file);
            }
        }
    }
    (1..=3).contains(&files.len()).then(|| listed(files.iter().copied(), files.len()))
}
