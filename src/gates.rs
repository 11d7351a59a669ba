//! Quality gates: pure functions from the engine's facts to a verdict with evidence. One file a gate, one trait.
//!
//! No gate reads what an agent claims. `tests` asks whether the suites pass; `honesty` asks whether passing means anything,
//! and calls a person where tests went missing or the rules of the test run were touched. What the texts of changed files
//! say about that, the driver asks the functions here beside.

mod code;
mod diff;
mod facts;
mod globs;
mod honesty;
mod in_source;
mod inline;
mod instead;
mod meddling;
mod paths;
mod reach;
mod remarks;
mod renamed;
mod rust;
mod tests_pass;
mod words;

pub use diff::diff_facts;
pub use facts::{Change, ChangeKind, Facts};
pub use globs::path_fits;
pub use honesty::{Honesty, suspicions};
pub use in_source::edits_tests_in_source;
pub use inline::{declares_for_tests, declaring_files, edits_inline_tests, inline_test_names};
pub use instead::{instead, may_stand_instead};
pub use meddling::{LARGEST, meddling};
pub use paths::{PLANTED_WHILE_RUNNING, decides_over_tests, guides_agents, is_document, is_test, stays_the_same};
pub use reach::{Reached, Reads, inner, join as below, reached};
pub use remarks::{has_code, same_program};
pub use tests_pass::{TestsPass, told};
pub use words::words;

use crate::domain::GateResult;

/// One quality check.
pub trait Gate {
    /// The stable name.
    fn name(&self) -> &'static str;
    /// Judges the facts of one iteration.
    fn judge(&self, facts: &Facts<'_>) -> GateResult;
}

/// Every gate, in the order in which people read them.
pub fn all() -> [&'static dyn Gate; 2] {
    [&TestsPass, &Honesty]
}

#[cfg(test)]
mod tests;
