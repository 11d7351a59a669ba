//! What the watchdog is told of an iteration: everything that was measured of it, from what is stored. The whole history of a run
//! is told anew each time, so a restart forgets nothing.

use super::{Context, Engine, Halt};
use crate::config::Suite;
use crate::domain::{
    Finding, GateResult, GateVerdict, Guidance, Iteration, Question, QuestionKind, Run, Severity, Source, SuiteOutcome,
    SuiteVerdict, TestStatus,
};
use crate::engine::ask::AskError;
use crate::engine::ports::{Trees, World};
use crate::store::StoreError;
use crate::watchdog::{ErrorLine, Event, How, Round, Stage, Verdict, Watchdog};
use sha2::{Digest, Sha256};

/// Most failed tests that are told of one iteration, errors, and files that it changed.
const TESTS: usize = 5_000;
const ERRORS: usize = 200;
const FILES: usize = 20;
/// Longest text of one error, in characters.
const TEXT: usize = 1_000;

mod ends;

/// What the watchdog made of an iteration.
pub(super) struct Watched {
    pub round: Round,
    pub verdict: Verdict,
    /// Why the run must wait for a person, in words; empty where it may go on.
    pub standstill: Vec<String>,
    /// The same in a few words, where there is more to say than that it does not move.
    pub headline: Option<String>,
}

/// What is stored of a run, as far as the watchdog needs it.
struct History {
    before: Vec<Round>,
    base: Vec<SuiteOutcome>,
    now: Vec<SuiteOutcome>,
    findings: Vec<Finding>,
    iterations: Vec<Iteration>,
    guidance: Vec<Guidance>,
    questions: Vec<Question>,
}

impl<W: World> Engine<W> {
    /// Tells the watchdog of the present iteration, whose gates said this.
    pub(super) async fn watch(&self, context: &Context, gates: &[GateResult]) -> Result<Watched, Halt> {
        let history = self.history(context.run.id, context.run.iteration).await?;
        let suites = &context.config.suites;
        let mut round = round_of(suites, &history.now, &history.findings, gates);
        round.n = u64::from(context.run.iteration);
        round.criteria_hash = Some(measure(&context.run));
        if let Some(iteration) = history.iterations.iter().find(|one| one.number == context.run.iteration) {
            about(&mut round, iteration);
            if let Some(commit) = &iteration.commit {
                let changes = self.world.trees().changes(&context.project, &iteration.base, commit).await?;
                round.patch = changes.is_empty().then(String::new);
                round.changed = Some(changes.into_iter().map(|change| change.path).take(FILES).collect());
            }
        }
        let mut watchdog = self.begun_at_the_base(suites, &history);
        let mut last = 0;
        for told in history.before.iter().chain([&round]) {
            if told.n < round.n {
                tell(&mut watchdog, &history, &mut last, told);
            }
        }
        let verdict = tell(&mut watchdog, &history, &mut last, &round);
        let (run, best) = (&context.run, watchdog.best());
        // Who comes nearer all the same may end its turns as it does.
        let ended = ends::ended_badly(&history, run.iteration).filter(|_| best != Some(round.n));
        let (standstill, headline) = if verdict.level.pauses() {
            let ran_out = ends::ran_out(&history.findings).map(|what| format!("the run does not move: {what}"));
            (words(run, &verdict, best), ran_out)
        } else if let Some(ended) = ended {
            (std::iter::once(ended.clone()).chain(so_far(run, best)).collect(), Some(ended))
        } else {
            (Vec::new(), None)
        };
        Ok(Watched { round, verdict, standstill, headline })
    }

    /// A watchdog that knows how it was before any work.
    fn begun_at_the_base(&self, suites: &[Suite], history: &History) -> Watchdog {
        let mut watchdog = Watchdog::new(self.world.thresholds());
        let mut base = round_of(suites, &history.base, &[], &[]);
        base.criteria_hash = history.before.first().and_then(|first| first.criteria_hash.clone());
        let _base = watchdog.take(&Event::Iteration(Box::new(base)));
        watchdog
    }

    /// The iteration of a run that came farthest; 0 is the base. `None` where nothing is known of any.
    pub async fn best_of(&self, run: &Run) -> Result<Option<u32>, AskError> {
        let Some(base) = &run.base else { return Ok(None) };
        let project = self.project(run.project).await?;
        let config = self.world.trees().config(&project, base).await.map_err(|fault| AskError::Unfit(fault.0))?;
        let history = self.history(run.id, run.iteration).await?;
        let mut watchdog = self.begun_at_the_base(&config.suites, &history);
        let mut last = 0;
        for round in &history.before {
            tell(&mut watchdog, &history, &mut last, round);
        }
        Ok(watchdog.best().and_then(|best| u32::try_from(best).ok()))
    }

    async fn history(&self, run: crate::domain::RunId, present: u32) -> Result<History, StoreError> {
        self.store
            .read(move |view| {
                Ok(History {
                    before: view.watched(run)?.into_iter().map(|(round, _)| round).collect(),
                    base: view.suites(run, 0)?,
                    now: view.suites(run, present)?,
                    findings: view.findings(run, present)?,
                    iterations: view.iterations(run)?,
                    guidance: view.guidance(run)?,
                    questions: view.questions_of(run)?,
                })
            })
            .await
    }
}

/// Tells of one round, and before it of what people did since the one before.
fn tell(watchdog: &mut Watchdog, history: &History, last: &mut u64, round: &Round) -> Verdict {
    let since = *last;
    let between = |number: u32| u64::from(number) > since && u64::from(number) <= round.n;
    let guided = history.guidance.iter().filter_map(|one| one.applied_in).any(between);
    let let_go = history.questions.iter().any(|one| {
        one.kind == QuestionKind::Stuck
            && one.answer.as_ref().is_some_and(|answer| answer.approve)
            && between(one.iteration.saturating_add(1))
    });
    if guided || let_go {
        watchdog.take(&Event::Redirect);
    }
    if let Some(to) = rolled_back(&history.iterations, since, round.n) {
        watchdog.take(&Event::Rollback { to });
    }
    *last = round.n;
    let event = Event::Iteration(Box::new(round.clone()));
    // A round always has its verdict.
    watchdog.take(&event).unwrap_or_else(|| Verdict {
        n: round.n,
        level: crate::watchdog::Level::Neutral,
        rule: None,
        evidence: "nothing was said".to_owned(),
    })
}

/// The iteration that a round began from, where that is an earlier one than the round before it.
fn rolled_back(iterations: &[Iteration], before: u64, n: u64) -> Option<u64> {
    let number = |one: &Iteration| u64::from(one.number);
    let begun = iterations.iter().find(|one| number(one) == n)?;
    let left =
        |one: &&Iteration| if one.number == 0 { Some(&one.base) } else { one.commit.as_ref() } == Some(&begun.base);
    let from = iterations.iter().filter(|one| number(one) < n).filter(left).map(number).max()?;
    (from < before).then_some(from)
}

/// What the work is measured by.
fn measure(run: &Run) -> String {
    let mut hash = Sha256::new();
    for line in std::iter::once(&run.task).chain(&run.criteria) {
        hash.update(line.as_bytes());
        hash.update([0]);
    }
    crate::audit::hex(&hash.finalize())
}

/// What the iteration's own row says.
fn about(round: &mut Round, iteration: &Iteration) {
    round.tree.clone_from(&iteration.tree);
    round.rerun_disagrees = Some(iteration.rerun_disagrees.clone());
    if let Some(report) = &iteration.report {
        round.ending = How::from(&report.ending);
        round.tokens = Some(report.usage.tokens);
        round.cost_usd = u32::try_from(report.usage.microusd).ok().map(|microusd| f64::from(microusd) / 1e6);
    }
}

/// What the tests and the gates of an iteration come to.
fn round_of(suites: &[Suite], outcomes: &[SuiteOutcome], findings: &[Finding], gates: &[GateResult]) -> Round {
    let mut failing = Vec::new();
    let mut stage: Option<Stage> = None;
    let (mut passed, mut skipped, mut total) = (0, 0, 0);
    for outcome in outcomes {
        let count = |status| outcome.count(status) as u64;
        passed += count(TestStatus::Passed);
        skipped += count(TestStatus::Skipped);
        total += outcome.cases.len() as u64;
        if outcome.verdict != SuiteVerdict::Failed {
            continue;
        }
        let known = failing.len();
        let cases =
            outcome.cases.iter().filter(|(id, status)| **status == TestStatus::Failed && !outcome.flaky.contains(*id));
        failing.extend(cases.map(|(id, _)| format!("{}: {id}", outcome.suite)).take(TESTS.saturating_sub(known)));
        if failing.len() == known {
            failing.push(format!("{}: the suite itself", outcome.suite));
        }
        let here = stage_of(suites.iter().find(|suite| suite.name == outcome.suite));
        stage = Some(stage.map_or(here, |stage| stage.min(here)));
    }
    let blocking = findings.iter().filter(|one| one.severity == Severity::Error);
    let mut errors: Vec<ErrorLine> = blocking.take(ERRORS).map(error_of).collect();
    let builds = total == 0 && errors.iter().any(|error| error.source == Source::Build);
    let stage = if builds { Stage::Build } else { stage.unwrap_or(Stage::Gates) };
    if stage == Stage::Gates {
        let open = gates.iter().filter(|gate| gate.verdict != GateVerdict::Pass);
        let lines = open.flat_map(|gate| gate.evidence.iter().map(move |line| format!("{}: {line}", gate.gate)));
        errors.extend(lines.take(ERRORS).map(|text| ErrorLine { source: Source::Gate, text: cut(&text) }));
    }
    let verified = outcomes.iter().any(|one| one.verdict != SuiteVerdict::NoVerdict)
        && (stage != Stage::Gates || outcomes.iter().all(|one| one.verdict != SuiteVerdict::NoVerdict));
    Round {
        verified: Some(verified),
        stage: Some(stage),
        failing: Some(failing),
        errors: Some(errors),
        passed: Some(passed),
        total: Some(total),
        skipped: Some(skipped),
        ..Round::default()
    }
}

/// How far a suite's tests reach: what runs in a browser tests the whole, what needs services tests parts together.
fn stage_of(suite: Option<&Suite>) -> Stage {
    match suite {
        Some(suite) if suite.browser.is_some() => Stage::E2e,
        Some(suite) if !suite.services.is_empty() => Stage::Integration,
        _ => Stage::Unit,
    }
}

fn error_of(finding: &Finding) -> ErrorLine {
    let place = finding.location.as_ref().map_or_else(String::new, |location| format!(" in {}", location.file));
    let first = finding.message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    ErrorLine { source: finding.source, text: cut(&format!("{}{place}: {first}", finding.kind)) }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

/// Why the run must wait for a person.
fn words(run: &Run, verdict: &Verdict, best: Option<u64>) -> Vec<String> {
    let rule = verdict.rule.map_or_else(String::new, |rule| format!("{rule:?}: "));
    let mut words = vec![format!("{rule}{}", verdict.evidence)];
    words.extend(so_far(run, best));
    words
}

/// What a run has come to.
fn so_far(run: &Run, best: Option<u64>) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(best) = best {
        let word = if best == 0 { "the base".to_owned() } else { format!("iteration {best}") };
        words.push(format!("the best so far is {word}"));
    }
    let spent = run.spent;
    let (dollars, cents) = (spent.microusd / 1_000_000, spent.microusd / 10_000 % 100);
    words.push(format!(
        "so far it used {} iterations, {} minutes of work, {} tokens and {dollars}.{cents:02} USD",
        spent.iterations.saturating_add(1),
        spent.milliseconds / 60_000,
        spent.tokens
    ));
    words
}

#[cfg(test)]
mod tests;
