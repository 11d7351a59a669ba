//! From outcomes to a verdict: comparison with the base, gates. Pure work over what is stored, safe to repeat.

mod asked;
mod look;

use super::standstill::Watched;
use super::{Context, Engine, Halt};
use crate::domain::{Bounded, GateResult, GateVerdict, Iteration, SuiteOutcome, SuiteVerdict, Suspicion};
use crate::engine::machine::{Event, Judgement};
use crate::engine::ports::{Trees, World};
use crate::gates::{self, Facts};
use std::collections::HashSet;

impl<W: World> Engine<W> {
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
        let (asked, only) = self.asked(context, &facts.changes).await?;
        let judge_all = move || {
            facts.with(|facts| {
                let results = gates::all().map(|gate| bounded(gate.judge(facts)));
                (results, asked::manifests(&gates::suspicions(facts), &only))
            })
        };
        let (results, manifests) = look::aside(judge_all).await?;
        let mut results = results.to_vec();
        results.extend(asked.into_iter().map(bounded));
        let (judgement, evidence) = judge(&results, manifests);
        let Watched { round, verdict, standstill, headline } = self.watch(context, &results).await?;
        let learned = self.learn(context, &results).await?;
        let event = Event::Gated { judgement, evidence, guided: false, standstill, headline };
        self.gated(context, event, results, (round, verdict), learned).await
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
        look.meddling.extend(self.stand_instead(context, &changes, &look.bare).await?);
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

/// A gate's result with as much evidence as can be kept.
fn bounded(result: GateResult) -> GateResult {
    GateResult { evidence: result.evidence.iter().collect::<Bounded>().finish(), ..result }
}

/// All gates together, with the reasons.
fn judge(results: &[GateResult], manifests: bool) -> (Judgement, Vec<String>) {
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
        return (asked::about(results, manifests), reasons(&[GateVerdict::NeedsPerson]));
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

    fn iteration(number: u32, suspicions: Vec<Suspicion>) -> Iteration {
        Iteration {
            suspicions,
            ..Iteration::new(crate::domain::RunId(1), number, "b".repeat(40), crate::domain::Millis(0))
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
        let of = |verdicts: &[GateVerdict]| judge(&verdicts.iter().map(|v| result(*v)).collect::<Vec<_>>(), false).0;
        assert_eq!(of(&[]), Judgement::Red);
        assert_eq!(of(&[Pass, Pass]), Judgement::Green);
        assert_eq!(of(&[Pass, NeedsPerson]), Judgement::NeedsPerson);
        assert_eq!(of(&[NeedsPerson, Fail]), Judgement::Red);
        assert_eq!(judge(&[result(NeedsPerson), result(Fail)], false).1.len(), 2);
        assert_eq!(of(&[Pass, Unavailable]), Judgement::Red);
        // Whatever else a person must look at is asked along with the packages.
        let asks = |gate: &str| GateResult { gate: gate.to_owned(), ..result(NeedsPerson) };
        assert_eq!(judge(&[result(Pass), asks("dependencies")], false).0, Judgement::BringsPackages);
        assert_eq!(judge(&[asks("honesty"), asks("dependencies")], false).0, Judgement::NeedsPerson);
        assert_eq!(judge(&[asks("honesty"), asks("dependencies")], true).0, Judgement::BringsPackages);
        assert_eq!(judge(&[asks("honesty")], true).0, Judgement::NeedsPerson);
        assert_eq!(judge(&[asks("review"), asks("dependencies")], true).0, Judgement::NeedsPerson);
        assert_eq!(judge(&[result(Fail), asks("dependencies")], true).0, Judgement::Red);
        let only = std::collections::BTreeSet::from(["Cargo.toml".to_owned()]);
        let edited = |file: &str| vec![Suspicion::EntryPointsEdited { files: vec![file.to_owned()] }];
        assert!(
            asked::manifests(&edited("Cargo.toml"), &only) && asked::manifests(&edited("Cargo.toml (added)"), &only)
        );
        assert!(
            !asked::manifests(&edited("Makefile"), &only) && !asked::manifests(&edited("Cargo.toml (removed)"), &only)
        );
        assert!(!asked::manifests(&[edited("Cargo.toml"), vec![Suspicion::Unchanged]].concat(), &only));
    }
}
