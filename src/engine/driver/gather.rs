//! From reports to findings: what each suite said, once or twice, and what that comes to. Pure work over what is stored, safe
//! to repeat; both times are judged from their logs and trees, which are kept until the result is committed.

use super::test::{attempts, first_attempts};
use super::{Context, Engine, Halt};
use crate::config::Suite;
use crate::domain::{Bounded, Finding, Step, StepId, StepState, SuiteOutcome, TestStatus};
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};
use crate::evidence::{self, Judged, Settled};
use crate::store::TestsBySuite;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How much of a suite's output is read where the output is the report.
const READ_OUTPUT: usize = 32 * 1024 * 1024;
/// Files that a run changed and that are named.
const MOST_ALTERED: usize = 200;
/// The same of the base's own run.
const MOST_ALTERED_BY_BASE: usize = 2_000;

/// What a suite said, and what else is to be kept of that or to be removed.
pub(super) struct Told {
    pub judged: Judged,
    /// How long that took, in milliseconds.
    pub milliseconds: u64,
    tree: Option<PathBuf>,
    pictures: Vec<(StepId, Vec<u8>)>,
}

/// What is committed of a gathering beside its event.
#[derive(Default)]
pub(super) struct Gathered {
    pub outcomes: Vec<SuiteOutcome>,
    pub findings: Vec<Finding>,
    pub pictures: Vec<(StepId, Vec<u8>)>,
    /// Tests that failed and passed on this tree.
    pub opposed: TestsBySuite,
}

impl<W: World> Engine<W> {
    pub(super) async fn gather(&self, context: &Context) -> Result<(), Halt> {
        let first = first_attempts(&context.run);
        let mut told = Vec::new();
        for suite in &context.config.suites {
            told.push(self.told(context, suite, &first).await?);
        }
        let past = self.past(context).await?;
        if context.run.rerun.is_none()
            && let Some(event) = self.doubted(context, &mut told, &past).await?
        {
            return self.advance(context, event).await;
        }
        let mut trees = Vec::new();
        let mut gathered = Gathered::default();
        let mut disagrees = Bounded::default();
        for (suite, first) in context.config.suites.iter().zip(told) {
            let again = context.run.rerun.as_ref().is_some_and(|rerun| rerun.suites.contains(&suite.name));
            let second = if again { Some(self.told(context, suite, &attempts(&context.run)).await?) } else { None };
            let mut keep = |told: Told| {
                trees.extend(told.tree);
                gathered.pictures.extend(told.pictures);
                told.judged
            };
            let (first, second) = (keep(first), second.map(keep));
            let known = past.known.get(&suite.name).cloned().unwrap_or_default();
            let Settled { outcome, findings, opposed } =
                evidence::settle(first, second, &past.same(&suite.name), &known);
            for id in &opposed {
                disagrees.push(&format!("{}: {id}", suite.name));
            }
            gathered.outcomes.push(outcome);
            gathered.findings.extend(findings);
            gathered.opposed.insert(suite.name.clone(), opposed);
        }
        self.crash.at("gather.parsed")?;
        let tests = counts(&gathered.outcomes);
        self.gathered(context, Event::Gathered { tests, disagrees: disagrees.finish() }, gathered).await?;
        for tree in trees {
            self.world.trees().remove(&tree).await?;
            self.crash.at("test.removed")?;
        }
        Ok(())
    }

    /// What a suite said in these attempts of the iteration.
    pub(super) async fn told(&self, context: &Context, suite: &Suite, attempts: &Range<u32>) -> Result<Told, Halt> {
        let milliseconds = self.time_of(context, suite, attempts).await?;
        let Some(step) = self.verdict_of(context, suite, attempts).await? else {
            let Some(unready) = self.unready(context, suite, attempts).await? else {
                return Err(Halt::Trouble(format!("suite {} has no result", suite.name)));
            };
            let judged = self.judge_unready(context, suite, unready).await?;
            return Ok(Told { judged, milliseconds, tree: None, pictures: Vec::new() });
        };
        let tree = self.places().tree(&step.key);
        let mut pictures = Vec::new();
        let judged = if suite.browser.is_some() {
            let (judged, taken) = self.judge_browser(context, suite, &step, &tree).await?;
            pictures.extend(taken.into_iter().map(|picture| (step.id, picture)));
            judged
        } else {
            self.judge_suite(context, suite, &step, &tree).await?
        };
        Ok(Told { judged, milliseconds, tree: Some(tree), pictures })
    }

    async fn judge_suite(&self, context: &Context, suite: &Suite, step: &Step, tree: &Path) -> Result<Judged, Halt> {
        let StepState::Ended { end, log_digest, .. } = &step.state else { return Err(Halt::Superseded) };
        let output = self.world.trees().output(&self.places().log(&step.key), log_digest, READ_OUTPUT).await?;
        let reports = self.world.trees().reports(tree, suite).await;
        let format = suite.format.parse().map_err(|error| Halt::Trouble(format!("{error}")))?;
        let mut judged = evidence::judge(&suite.name, end, format, reports, &output);
        judged.outcome.oddities.extend(self.rewritten(context, suite, tree).await?);
        if !suite.services.is_empty() {
            self.judge_services(context, suite, step, &mut judged).await?;
        }
        Ok(judged)
    }

    /// Files that the program under test changed while it ran, as oddities that stop success. What the base's own run changes
    /// too is the project's way of testing.
    async fn rewritten(&self, context: &Context, suite: &Suite, tree: &Path) -> Result<Vec<String>, Halt> {
        let commit = Self::tested_commit(context);
        let commits = (context.base.as_str(), commit.as_str());
        let altered = self.world.trees().altered(&context.project, commits, tree, suite).await?;
        if altered.is_empty() {
            return Ok(Vec::new());
        }
        let base = if context.run.iteration == 0 {
            Vec::new()
        } else {
            self.stored_facts(context.run.id, context.run.iteration).await?.base
        };
        let usual =
            base.iter().find(|one| one.suite == suite.name).map(|one| one.oddities.as_slice()).unwrap_or_default();
        Ok(unusual(&altered, usual, context.run.iteration == 0))
    }
}

/// Passed, failed and skipped tests over all suites.
fn counts(outcomes: &[SuiteOutcome]) -> (u32, u32, u32) {
    let count = |status| {
        let sum: usize = outcomes.iter().map(|outcome| outcome.count(status)).sum();
        u32::try_from(sum).unwrap_or(u32::MAX)
    };
    (count(TestStatus::Passed), count(TestStatus::Failed), count(TestStatus::Skipped))
}

/// Files that a run changed, as oddities, without what the base's own run changes. Of the base more are told, lest one be
/// missed there later; where even those are not all, the comparison would accuse honest work and says nothing.
fn unusual(altered: &[String], usual: &[String], is_base: bool) -> Vec<String> {
    let usual: HashSet<&str> = usual.iter().map(String::as_str).collect();
    let most = if is_base { MOST_ALTERED_BY_BASE } else { MOST_ALTERED };
    if usual.iter().filter(|odd| odd.starts_with(evidence::TAMPERED)).count() >= MOST_ALTERED_BY_BASE {
        return Vec::new();
    }
    let words = altered.iter().map(|path| format!("{}the run itself changed {path}", evidence::TAMPERED));
    words.filter(|words| !usual.contains(words.as_str())).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_that_changes_many_files_excuses_all_of_them() {
        let paths: Vec<String> = (0..MOST_ALTERED * 2).map(|n| format!("data/{n}")).collect();
        let usual = unusual(&paths, &[], true);
        assert_eq!(unusual(&paths, &usual, false).len(), 0);
        assert_eq!(unusual(&["calc.py".to_owned()], &usual, false).len(), 1);
        assert_eq!(unusual(&paths, &[], false).len(), MOST_ALTERED);
        let paths: Vec<String> = (0..=MOST_ALTERED_BY_BASE).map(|n| format!("data/{n}")).collect();
        assert_eq!(unusual(&paths, &unusual(&paths, &[], true), false).len(), 0);
    }
}
