//! From reports to a verdict: findings, comparison with the base, gates. Pure work over what is stored, safe to repeat.

mod look;

use super::{Context, Engine, Halt};
use crate::config::{ReviewGate, Suite};
use crate::domain::{
    Bounded, Finding, GateResult, GateVerdict, Iteration, StepId, StepState, SuiteOutcome, SuiteVerdict, Suspicion,
    TestStatus,
};
use crate::engine::machine::{Event, Judgement};
use crate::engine::ports::{Trees, World};
use crate::evidence;
use crate::gates::{self, Facts};
use std::collections::HashSet;
use std::path::Path;

/// How much of a suite's output is read where the output is the report.
const READ_OUTPUT: usize = 32 * 1024 * 1024;
/// Files that a run changed and that are named.
const MOST_ALTERED: usize = 200;
/// The same of the base's own run.
const MOST_ALTERED_BY_BASE: usize = 2_000;

impl<W: World> Engine<W> {
    pub(super) async fn gather(&self, context: &Context) -> Result<(), Halt> {
        let mut outcomes = Vec::new();
        let mut findings = Vec::new();
        let mut trees = Vec::new();
        let mut pictures = Vec::new();
        for suite in &context.config.suites {
            let Some(step) = self.verdict_of(context, suite).await? else {
                let Some(unready) = self.unready(context, suite).await? else {
                    return Err(Halt::Trouble(format!("suite {} has no result", suite.name)));
                };
                let judged = self.judge_unready(context, suite, unready).await?;
                outcomes.push(judged.outcome);
                findings.extend(judged.findings);
                continue;
            };
            let StepState::Ended { end, log_digest, .. } = &step.state else { return Err(Halt::Superseded) };
            let tree = self.places().tree(&step.key);
            if suite.browser.is_some() {
                let (judged, taken) = self.judge_browser(context, suite, &step, &tree).await?;
                pictures.extend(taken.into_iter().map(|picture| (step.id, picture)));
                outcomes.push(judged.outcome);
                findings.extend(judged.findings);
                trees.push(tree);
                continue;
            }
            let output = self.world.trees().output(&self.places().log(&step.key), log_digest, READ_OUTPUT).await?;
            let reports = self.world.trees().reports(&tree, suite).await;
            let format = suite.format.parse().map_err(|error| Halt::Trouble(format!("{error}")))?;
            let mut judged = evidence::judge(&suite.name, end, format, reports, &output);
            judged.outcome.oddities.extend(self.rewritten(context, suite, &tree).await?);
            if !suite.services.is_empty() {
                self.judge_services(context, suite, &step, &mut judged).await?;
            }
            outcomes.push(judged.outcome);
            findings.extend(judged.findings);
            trees.push(tree);
        }
        self.crash.at("gather.parsed")?;
        self.record_evidence(context, outcomes, findings, pictures).await?;
        for tree in trees {
            self.world.trees().remove(&tree).await?;
            self.crash.at("test.removed")?;
        }
        Ok(())
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

    /// Stores outcomes, findings and bugs in the transaction that ends the gathering.
    async fn record_evidence(
        &self,
        context: &Context,
        outcomes: Vec<SuiteOutcome>,
        findings: Vec<Finding>,
        pictures: Vec<(StepId, Vec<u8>)>,
    ) -> Result<(), Halt> {
        let count = |status| {
            let sum: usize = outcomes.iter().map(|outcome| outcome.count(status)).sum();
            u32::try_from(sum).unwrap_or(u32::MAX)
        };
        let tests = (count(TestStatus::Passed), count(TestStatus::Failed), count(TestStatus::Skipped));
        self.gathered(context, Event::Gathered { tests }, outcomes, findings, pictures).await
    }

    pub(super) async fn analyse(&self, context: &Context) -> Result<(), Halt> {
        let facts = self.facts(context).await?;
        let suspicions = match context.run.iteration {
            0 => Vec::new(),
            _ => look::aside(move || facts.with(gates::suspicions)).await?,
        };
        self.advance(context, Event::Analysed { suspicions }).await
    }

    pub(super) async fn gate(&self, context: &Context) -> Result<(), Halt> {
        let facts = self.facts(context).await?;
        let judge_all = move || facts.with(|facts| gates::all().map(|gate| bounded(gate.judge(facts))));
        let mut results = look::aside(judge_all).await?.to_vec();
        if context.config.gates.review == ReviewGate::Always {
            results.push(GateResult {
                gate: "review".to_owned(),
                verdict: GateVerdict::NeedsPerson,
                evidence: vec!["dogwatch.toml asks for a review of every result".to_owned()],
            });
        }
        let (judgement, evidence) = judge(&results);
        self.gated(context, Event::Gated { judgement, evidence, guided: false }, results).await
    }

    async fn facts(&self, context: &Context) -> Result<OwnedFacts, Halt> {
        let iteration = context.run.iteration;
        let stored = self.stored_facts(context.run.id, iteration).await?;
        let head = Self::tested_commit(context);
        let changes = self.world.trees().changes(&context.project, &context.base, &head).await?;
        let patterns = context.config.suites.iter().filter_map(crate::config::Suite::report_in_repository);
        let patterns = patterns.collect::<Vec<_>>();
        // Agents run the suites too and leave reports behind. Those are cleared away before the engine's own run, so where
        // that run passes they prove nothing either way; where it fails they may have been meant to.
        let passed = stored.now.iter().all(|suite| suite.verdict == SuiteVerdict::Passed);
        let brought = move || (brought_along(&patterns, &changes, passed), patterns, changes);
        let (report_tampering, patterns, changes) = look::aside(brought).await?;
        let mut look = self.look_through(context, &head, &changes, &patterns).await?;
        let (command_files, unseen) = self.command_files(context).await?;
        look.meddling.extend(unseen);
        Ok(OwnedFacts {
            unchanged: changes.is_empty(),
            base: stored.base,
            now: stored.now,
            intrusions: stored.intrusions,
            planted: stored.planted,
            not_taken: stored.not_taken,
            report_tampering,
            inline_tests: look.inline_tests,
            same_programs: look.same_programs,
            same_bytes: look.same_bytes,
            command_files,
            meddling: look.meddling,
            suite_directories: context.config.suites.iter().map(|suite| suite.directory.clone()).collect(),
            patterns: context.config.gates.clone(),
            changes,
        })
    }
}

/// What the gates look at, owned.
struct OwnedFacts {
    base: Vec<SuiteOutcome>,
    now: Vec<SuiteOutcome>,
    changes: Vec<gates::Change>,
    intrusions: u32,
    planted: Vec<String>,
    not_taken: Option<String>,
    unchanged: bool,
    report_tampering: Vec<String>,
    inline_tests: Vec<String>,
    same_programs: Vec<String>,
    same_bytes: Vec<String>,
    command_files: Vec<String>,
    meddling: Vec<String>,
    suite_directories: Vec<String>,
    patterns: crate::config::Gates,
}

impl OwnedFacts {
    fn with<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        look(&Facts {
            base: &self.base,
            now: &self.now,
            changes: &self.changes,
            intrusions: self.intrusions,
            planted: &self.planted,
            not_taken: self.not_taken.as_deref(),
            unchanged: self.unchanged,
            report_tampering: &self.report_tampering,
            entry_globs: &self.patterns.entry_points,
            test_globs: &self.patterns.test_files,
            criteria_globs: &self.patterns.criteria,
            inline_tests: &self.inline_tests,
            same_programs: &self.same_programs,
            same_bytes: &self.same_bytes,
            command_files: &self.command_files,
            meddling: &self.meddling,
            suite_directories: &self.suite_directories,
        })
    }
}

/// Reports that the work brings along as files of the tree: a test run writes them, an agent has no reason to.
fn brought_along(patterns: &[String], changes: &[gates::Change], passed: bool) -> Vec<String> {
    changes
        .iter()
        .filter(|change| change.kind != gates::ChangeKind::Deleted && (change.link || !passed))
        .filter(|change| patterns.iter().any(|pattern| gates::path_fits(pattern, &change.path)))
        .map(|change| format!("{} was put where the suite writes its report", change.path))
        .collect()
}

/// What the store knows for the gates.
pub(super) struct StoredFacts {
    pub base: Vec<SuiteOutcome>,
    pub now: Vec<SuiteOutcome>,
    pub intrusions: u32,
    pub planted: Vec<String>,
    pub not_taken: Option<String>,
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

/// A gate's result with as much evidence as can be kept.
fn bounded(result: GateResult) -> GateResult {
    GateResult { evidence: result.evidence.iter().collect::<Bounded>().finish(), ..result }
}

/// All gates together, with the reasons.
fn judge(results: &[GateResult]) -> (Judgement, Vec<String>) {
    let reasons = |verdicts: &[GateVerdict]| -> Vec<String> {
        results
            .iter()
            .filter(|result| verdicts.contains(&result.verdict))
            .flat_map(|result| result.evidence.iter().map(move |line| format!("{}: {line}", result.gate)))
            .collect()
    };
    // A gate that could not be asked is not met.
    let red = [GateVerdict::Fail, GateVerdict::Unavailable];
    if results.iter().any(|result| red.contains(&result.verdict)) || results.is_empty() {
        // Whoever is asked because the budget is used up wants to know what else is odd, too.
        return (Judgement::Red, [reasons(&red), reasons(&[GateVerdict::NeedsPerson])].concat());
    }
    if results.iter().any(|result| result.verdict == GateVerdict::NeedsPerson) {
        return (Judgement::NeedsPerson, reasons(&[GateVerdict::NeedsPerson]));
    }
    (Judgement::Green, Vec::new())
}

/// The planted things among the suspicions of all iterations, each once, as many as can be kept.
pub(super) fn planted(iterations: &[Iteration]) -> Vec<String> {
    let suspicions = iterations.iter().flat_map(|one| &one.suspicions);
    let planted = suspicions.filter_map(|one| if let Suspicion::Planted { what } = one { Some(what) } else { None });
    let mut known = HashSet::new();
    planted.flatten().filter(|what| known.insert(what.as_str())).collect::<Bounded>().finish()
}

/// Why nothing was taken in an iteration, if so.
pub(super) fn not_taken(iterations: &[Iteration], number: u32) -> Option<String> {
    let mut suspicions = iterations.iter().filter(|one| one.number == number).flat_map(|one| &one.suspicions);
    suspicions.find_map(|one| if let Suspicion::NotTaken { why } = one { Some(why.clone()) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(verdict: GateVerdict) -> GateResult {
        GateResult { gate: "g".to_owned(), verdict, evidence: vec!["why".to_owned()] }
    }

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

    fn iteration(number: u32, suspicions: Vec<Suspicion>) -> Iteration {
        Iteration {
            run: crate::domain::RunId(1),
            number,
            base: "b".repeat(40),
            commit: None,
            tree: None,
            report: None,
            outcome: None,
            tests: (0, 0, 0),
            suspicions,
            started: crate::domain::Millis(0),
            ended: None,
        }
    }

    #[test]
    fn what_was_planted_over_many_iterations_does_not_add_up() {
        let what: Vec<String> = (0..40).map(|n| format!("{n} {}", "x".repeat(1_000))).collect();
        let planted = |number| iteration(number, vec![Suspicion::Planted { what: what.clone() }]);
        let iterations: Vec<_> = (1..50).map(planted).collect();
        assert_eq!(super::planted(&iterations), what);
        let other =
            |number| iteration(number, vec![Suspicion::Planted { what: vec!["y".repeat(1_000 + number as usize)] }]);
        let iterations: Vec<_> = (1..500).map(other).collect();
        assert!(super::planted(&iterations).iter().map(String::len).sum::<usize>() < 70_000);
    }

    #[test]
    fn what_was_not_taken_counts_for_its_own_iteration() {
        let iterations = [iteration(1, vec![Suspicion::NotTaken { why: "why".to_owned() }]), iteration(2, Vec::new())];
        assert_eq!(not_taken(&iterations, 1).as_deref(), Some("why"));
        assert_eq!(not_taken(&iterations, 2), None);
    }

    #[test]
    fn only_met_gates_are_green() {
        use GateVerdict::{Fail, NeedsPerson, Pass, Unavailable};
        let of = |verdicts: &[GateVerdict]| judge(&verdicts.iter().map(|v| result(*v)).collect::<Vec<_>>()).0;
        assert_eq!(of(&[]), Judgement::Red);
        assert_eq!(of(&[Pass, Pass]), Judgement::Green);
        assert_eq!(of(&[Pass, NeedsPerson]), Judgement::NeedsPerson);
        assert_eq!(of(&[NeedsPerson, Fail]), Judgement::Red);
        assert_eq!(judge(&[result(NeedsPerson), result(Fail)]).1.len(), 2);
        assert_eq!(of(&[Pass, Unavailable]), Judgement::Red);
    }
}
