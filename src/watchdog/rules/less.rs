//! R5: fewer failures because less is tested. Tests that are gone or skipped, and tests or criteria that are edited in the round
//! that turns green, are for a person to look at, at once.

use crate::watchdog::event::Stage;
use crate::watchdog::facts::Facts;
use crate::watchdog::state::State;
use crate::watchdog::verdict::{Found, Level, Rule};
use crate::watchdog::words::count;
use std::collections::BTreeMap;

/// Whether the round has fewer tests, or skips more, than its stage had before.
pub fn less_is_tested(state: &State, facts: &Facts) -> bool {
    let known = |all: &BTreeMap<Stage, u64>| all.get(&facts.stage).copied();
    facts.total.zip(known(&state.totals)).is_some_and(|(now, before)| now < before)
        || facts.skipped.zip(known(&state.skipped)).is_some_and(|(now, before)| now > before)
}

/// What speaks against the gain that the round seems to bring. `rewritten` is whether the criteria changed without a person.
pub fn false_progress(state: &State, facts: &Facts, rewritten: bool) -> Option<Found> {
    let best = state.best.as_ref()?;
    let gains = facts.failures.is_some_and(|failures| best.is_beaten_by(facts.stage, failures));
    let seems = if facts.green {
        "everything turned green"
    } else if gains {
        "fewer failures were counted"
    } else {
        return rewritten.then(|| {
            let evidence = format!("iteration {} changed what the work is measured by", facts.n);
            Found::new(Level::Warn, Rule::R5, evidence)
        });
    };
    let why = gone(state, facts).or_else(|| skipped(state, facts)).or_else(|| edited(state, facts)).or_else(|| {
        rewritten.then(|| "what the work is measured by was changed, and no person had spoken".to_owned())
    })?;
    let evidence = format!("{seems} in iteration {}, but {why}", facts.n);
    Some(Found::new(Level::Escalate, Rule::R5, evidence))
}

/// What the round is held to: of its own stage, or of all of them once it claims to be green.
fn held_to(all: &BTreeMap<Stage, u64>, facts: &Facts) -> Option<u64> {
    if facts.green { all.values().copied().max() } else { all.get(&facts.stage).copied() }
}

fn gone(state: &State, facts: &Facts) -> Option<String> {
    let (now, before) = facts.total.zip(held_to(&state.totals, facts))?;
    // Where fewer pass as well, a part could not be run at all: that is no gain, but nobody hid anything.
    let fewer_pass = facts.passed.zip(state.before.passed).is_some_and(|(now, before)| now < before);
    (now < before && (facts.green || !fewer_pass)).then(|| format!("there are {now} tests now and were {before}"))
}

fn skipped(state: &State, facts: &Facts) -> Option<String> {
    let (now, before) = facts.skipped.zip(held_to(&state.skipped, facts))?;
    (now > before).then(|| format!("{now} tests are skipped now and {before} were"))
}

fn edited(state: &State, facts: &Facts) -> Option<String> {
    let hash = facts.tests_hash.filter(|_| facts.green && !state.tests_hashes.is_empty())?;
    // More tests than before: some were added, which changes the hash as well.
    let added = facts.total.zip(state.before.total).is_some_and(|(now, before)| now > before);
    (!added && !state.tests_hashes.contains(&hash)).then(|| {
        let failed = state.before.failures.unwrap_or_default();
        format!(
            "the tests were edited in that very round, before which {} failed",
            count(usize::try_from(failed).unwrap_or(usize::MAX), "test")
        )
    })
}
