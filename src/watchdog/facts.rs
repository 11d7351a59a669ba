//! What one round comes to once its noise is gone.

use super::class::How;
use super::event::{Round, Stage};
use super::marks::{Mark, Marks, mark};
use super::names::test_name;
use super::noise::{Known, error_line};
use super::words::clipped;
use crate::domain::Source;
use std::collections::{BTreeMap, BTreeSet};

/// Most names that are kept for evidence.
const NAMES: usize = 64;
/// Most files that are named as changed.
const FILES: usize = 4;

/// One round, digested.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone)]
pub struct Facts {
    pub n: u64,
    pub stage: Stage,
    /// Failing tests, those that were seen to be flaky left out.
    pub tests: Marks,
    /// Lines that stop success.
    pub errors: Marks,
    /// How much fails; nothing where it is not known.
    pub failures: Option<u64>,
    /// Nothing fails, and something was tested.
    pub green: bool,
    /// What the marks stand for, the first of them.
    pub names: BTreeMap<Mark, String>,
    /// Files that it changed, the first of them; nothing where it is not known.
    pub changed: Option<Vec<String>>,
    /// It failed, but only in flaky tests.
    pub only_flaky: bool,
    /// The agent says that it is done.
    pub claims: bool,
    /// It says of itself that it changed nothing.
    pub empty: bool,
    pub passed: Option<u64>,
    pub total: Option<u64>,
    pub skipped: Option<u64>,
    pub tree: Option<Mark>,
    pub patch: Option<Mark>,
    pub ledger: Option<Mark>,
    pub tests_hash: Option<Mark>,
    pub criteria: Option<Mark>,
}

/// The names of an empty patch: nothing, and the digests of nothing.
const EMPTY: [&str; 4] = [
    "",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

/// A hash that stands in a history.
fn hash(text: Option<&String>) -> Option<Mark> {
    text.filter(|text| !text.is_empty()).map(|text| mark(text))
}

impl Facts {
    /// Digests a round. `before` is the stage that the round before it reached.
    pub fn of(round: &Round, flaky: &BTreeSet<Mark>, before: Option<Stage>) -> Self {
        let mut names = BTreeMap::new();
        let mut note = |name: String, shown: &str| {
            let mark = mark(&name);
            if names.len() < NAMES {
                names.entry(mark).or_insert_with(|| clipped(shown));
            }
            mark
        };
        let failing = round.failing.as_deref().unwrap_or_default();
        let mut tests: Vec<Mark> = Vec::new();
        for name in failing {
            let mark = note(test_name(name), name);
            if !flaky.contains(&mark) {
                tests.push(mark);
            }
        }
        let raw = round.errors.as_deref().unwrap_or_default();
        let known: Vec<(Known, &str)> = raw
            .iter()
            .filter_map(|error| error_line(error.source, &error.text).map(|known| (known, error.text.trim())))
            .collect();
        let loud = known.iter().any(|(known, _)| !known.weak);
        let errors: Marks = known
            .into_iter()
            .filter(|(known, _)| !loud || !known.weak)
            .map(|(known, text)| note(known.name, text))
            .collect();
        let tests: Marks = tests.into_iter().collect();
        let only_flaky = !failing.is_empty() && tests.is_empty();
        let uncounted = match (round.passed, round.total) {
            (Some(passed), Some(total)) => {
                Some(total.saturating_sub(passed.saturating_add(round.skipped.unwrap_or(0))))
            }
            _ => None,
        };
        let failures = match (&round.failing, uncounted) {
            _ if !tests.is_empty() => Some(tests.len() as u64),
            _ if only_flaky => Some(0),
            // How many lines there are of an error changes more easily than how many tests fail.
            (_, Some(number)) if number > 0 => Some(number),
            _ if !errors.is_empty() => Some(errors.len() as u64),
            (Some(_), _) | (None, Some(_)) => Some(0),
            (None, None) => (round.stage == Some(Stage::Gates)).then_some(0),
        };
        let empty = round.patch.as_ref().is_some_and(|patch| EMPTY.contains(&patch.as_str()));
        let clean = failing.is_empty() && raw.is_empty() && uncounted.unwrap_or(0) == 0;
        let counted = uncounted.is_some() && round.total.is_some_and(|total| total > 0);
        let green = clean
            && round.stage != Some(Stage::Build)
            && (counted || round.stage == Some(Stage::Gates) || round.stage.is_none() && round.failing.is_some());
        let stage = round.stage.unwrap_or_else(|| {
            let builds = !raw.is_empty() && failing.is_empty() && raw.iter().all(|error| error.source == Source::Build);
            if green {
                Stage::Gates
            } else if builds {
                Stage::Build
            } else {
                before.filter(|stage| *stage != Stage::Build).unwrap_or(Stage::Unit)
            }
        });
        let changed = round.changed.as_ref().map(|files| files.iter().take(FILES).map(|file| clipped(file)).collect());
        Self {
            n: round.n,
            stage,
            tests,
            errors,
            failures,
            green,
            names,
            changed,
            only_flaky,
            claims: round.ending == How::ClaimsDone,
            empty,
            passed: round.passed,
            total: round.total,
            skipped: round.skipped,
            tree: hash(round.tree.as_ref()),
            patch: hash(round.patch.as_ref()).filter(|_| !empty),
            ledger: hash(round.ledger.as_ref()),
            tests_hash: hash(round.tests_hash.as_ref()),
            criteria: hash(round.criteria_hash.as_ref()),
        }
    }

    /// What it is compared by: where it stands and what fails there.
    pub fn key(&self) -> Key {
        Key { stage: self.stage, failing: if self.tests.is_empty() { self.errors.clone() } else { self.tests.clone() } }
    }

    /// The names of some marks, as far as they are kept.
    pub fn named(&self, marks: &Marks) -> Vec<&str> {
        let mut names: Vec<&str> = marks.iter().filter_map(|mark| self.names.get(&mark).map(String::as_str)).collect();
        names.sort_unstable();
        names
    }
}

/// What a round is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub stage: Stage,
    pub failing: Marks,
}
