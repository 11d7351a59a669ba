//! One iteration in full, and what came of each of a run's. Everything is bounded: what does not fit is counted.

use super::Server;
use super::answer::{not_found, size};
use super::brief::{cut, cut_list, cut_suspicions};
use super::detail::suites_of;
use crate::domain::{Finding, Iteration, RunId, Spent, StepKind};
use crate::protocol::{Fault, IterationDetail, LONGEST_LINE, Reply, Round, Seen};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of findings in one answer, and of those that are gone.
const FINDINGS: usize = LONGEST_LINE / 16;
/// Most bytes of each other list.
const LIST: usize = 64 * 1024;
/// Longest prompt in characters. The engine makes none that is nearly so long.
const PROMPT: usize = 256 * 1024;

impl<S: Sandbox> Server<S> {
    pub(super) async fn iteration(&self, run: RunId, number: u32) -> Result<Reply, Fault> {
        let found = self.engine.store.read(move |view| detail_of(view, run, number)).await?;
        let detail = found.ok_or_else(|| not_found("iteration", format!("{number} of {run}")))?;
        Ok(Reply::Iteration { detail: Box::new(detail) })
    }
}

fn detail_of(view: &View<'_>, run: RunId, number: u32) -> Result<Option<IterationDetail>, StoreError> {
    let Some(mut iteration) = view.iteration(run, number)? else { return Ok(None) };
    cut_suspicions(&mut iteration, LIST);
    let mut suites = suites_of(view, run, number)?;
    for suite in &mut suites {
        cut_list(&mut suite.oddities, LIST);
        cut_list(&mut suite.flaky, LIST);
    }
    let mut gates = view.gate_results(run, number)?;
    for gate in &mut gates {
        cut_list(&mut gate.evidence, LIST);
    }
    let now = view.findings(run, number)?;
    let tested = view.tested(run)?;
    let mut before = match tested.range(..number).next_back() {
        Some(last) => view.findings(run, *last)?,
        None => Vec::new(),
    };
    let known: BTreeSet<_> = before.iter().map(|one| one.exact.clone()).collect();
    if tested.contains(&number) {
        before.retain(|one| now.iter().all(|other| other.exact != one.exact));
    } else {
        before.clear();
    }
    let seen = |finding: Finding| Seen { new: !known.contains(&finding.exact), finding };
    let mut findings: Vec<Seen> = now.into_iter().map(seen).collect();
    let left_out = within(&mut findings, FINDINGS) + within(&mut before, FINDINGS);
    let prompt = prompt_of(view, run, number)?;
    Ok(Some(IterationDetail { iteration, suites, findings, gone: before, gates, prompt, left_out }))
}

/// The prompt of the last turn of an iteration, as it was kept with the step's intent.
fn prompt_of(view: &View<'_>, run: RunId, number: u32) -> Result<Option<String>, StoreError> {
    let turns =
        view.steps(run)?.into_iter().filter(|step| (step.key.iteration, step.key.kind) == (number, StepKind::Develop));
    let turns: BTreeSet<_> = turns.map(|step| step.id.0).collect();
    let ours = |step: Option<crate::domain::StepId>| step.is_some_and(|step| turns.contains(&step.0));
    let kept = view.blobs_of(run)?.into_iter().rfind(|(_, from)| from.kind == "prompt" && ours(from.step));
    let Some((name, _)) = kept else { return Ok(None) };
    let mut text = String::from_utf8_lossy(&view.blob(&name)?).into_owned();
    cut(&mut text, PROMPT);
    Ok(Some(text))
}

/// What came of each iteration.
pub(super) fn rounds(view: &View<'_>, run: RunId, iterations: &[Iteration]) -> Result<Vec<Round>, StoreError> {
    let moved = view.movements(run)?;
    let mut used: BTreeMap<u32, Spent> = BTreeMap::new();
    for row in view.usage(run)? {
        let sum = used.entry(row.iteration).or_default();
        sum.iterations += row.used.iterations;
        sum.milliseconds += row.used.milliseconds;
        sum.tokens += row.used.tokens;
        sum.microusd += row.used.microusd;
    }
    let mut said: BTreeMap<u64, _> = view.watch_verdicts(run)?.into_iter().map(|one| (one.n, one)).collect();
    let mut turns: BTreeMap<u32, _> = view.changed_turns(run)?.into_iter().collect();
    let round = |iteration: &Iteration| {
        let number = iteration.number;
        let changed = turns.remove(&number);
        let watch = said.remove(&u64::from(number));
        let used = used.remove(&number).unwrap_or_default();
        Round { number, findings: moved.by.get(&number).copied(), used, watch, changed }
    };
    Ok(iterations.iter().map(round).collect())
}

/// Cuts a list to so many bytes in a line and says how many went.
fn within<T: Serialize>(list: &mut Vec<T>, most: usize) -> u64 {
    let mut left = most;
    let fits = |one: &&T| left.checked_sub(size(one) + 1).map(|rest| left = rest).is_some();
    let kept = list.iter().take_while(fits).count();
    let went = list.len() - kept;
    list.truncate(kept);
    went as u64
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::AuditEvent;
    use crate::domain::{Actor, Fingerprint, Millis, Severity, Source, StepKey, SuiteOutcome, SuiteVerdict};
    use crate::store::{BlobOrigin, Options, Store, Tx, new_run_for_tests};

    fn finding(name: &str, message: &str) -> Finding {
        Finding {
            source: Source::Test,
            kind: "AssertionError".to_owned(),
            severity: Severity::Error,
            message: message.to_owned(),
            test: Some(name.to_owned()),
            location: None,
            stack: Vec::new(),
            exact: Fingerprint(name.to_owned()),
            class: Fingerprint("c".to_owned()),
            count: 1,
        }
    }

    fn iteration(run: RunId, number: u32) -> Iteration {
        Iteration::new(run, number, "b".repeat(40), Millis(1))
    }

    /// A tested iteration with these findings.
    fn tested(tx: &Tx<'_>, run: RunId, number: u32, names: &[&str]) -> Result<(), StoreError> {
        tx.put_iteration(&iteration(run, number))?;
        let suite = SuiteOutcome {
            suite: "unit".to_owned(),
            verdict: SuiteVerdict::Failed,
            exit_code: Some(1),
            cases: BTreeMap::new(),
            oddities: vec!["odd".to_owned()],
            flaky: BTreeSet::new(),
        };
        tx.put_suite(run, number, &suite)?;
        for name in names {
            let found = finding(name, "x");
            let bug = tx.join_bug(run, &found)?;
            tx.insert_finding(run, number, Some(bug), &found)?;
        }
        Ok(())
    }

    /// A run whose iterations 0 and 2 were tested; `a` is gone by then and `b` is not.
    pub(in crate::server) fn store() -> (Store, RunId) {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write_sync(|tx| {
            let project = tx.insert_project("one", "/src")?;
            let run = tx.insert_run(&new_run_for_tests(project.id))?.id;
            tested(tx, run, 0, &["a", "b"])?;
            tx.put_iteration(&iteration(run, 1))?;
            tested(tx, run, 2, &["b", "c", "c"])?;
            tx.insert_usage(run, 2, "agent", Spent { tokens: 70, ..Spent::default() })?;
            tx.insert_usage(run, 2, "tests", Spent { milliseconds: 9, ..Spent::default() })?;
            for attempt in [1, 2] {
                let key = StepKey { run, iteration: 2, kind: StepKind::Develop, suite: String::new(), attempt };
                let step = tx.insert_step(&key)?.id;
                let origin = BlobOrigin { kind: "prompt".to_owned(), run: Some(run), step: Some(step) };
                tx.put_blob(format!("prompt {attempt}").as_bytes(), &origin)?;
            }
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            Ok(run)
        });
        (store, run.unwrap())
    }

    #[test]
    fn findings_are_compared_with_the_last_iteration_that_was_tested() {
        let (store, run) = store();
        let rounds = store.read_sync(|view| rounds(view, run, &view.iterations(run)?)).unwrap();
        let findings: Vec<_> = rounds.iter().map(|round| round.findings).collect();
        assert_eq!(findings, [Some((2, 0, 0)), None, Some((1, 1, 1))]);
        assert_eq!((rounds[2].used.tokens, rounds[2].used.milliseconds), (70, 9));
        let detail = store.read_sync(|view| detail_of(view, run, 2)).unwrap().unwrap();
        let seen: Vec<_> = detail.findings.iter().map(|one| (one.finding.exact.0.as_str(), one.new)).collect();
        assert_eq!(seen, [("b", false), ("c", true), ("c", true)]);
        assert_eq!(detail.gone.iter().map(|one| one.exact.0.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(detail.prompt.as_deref(), Some("prompt 2"));
        let between = store.read_sync(|view| detail_of(view, run, 1)).unwrap().unwrap();
        assert!(between.gone.is_empty() && between.findings.is_empty() && between.prompt.is_none());
        assert_eq!(store.read_sync(|view| detail_of(view, run, 3)).unwrap(), None);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let (store, run) = store();
        let message = "\u{1}".repeat(20_000);
        let written = store.write_sync(move |tx| {
            for _ in 0..50 {
                tx.insert_finding(run, 2, None, &finding("d", &message))?;
            }
            tx.record(AuditEvent::new(Actor::Engine, "test")).map(drop)
        });
        written.unwrap();
        let detail = store.read_sync(|view| detail_of(view, run, 2)).unwrap().unwrap();
        assert!(detail.left_out > 0 && detail.findings.len() as u64 + detail.left_out == 53);
        assert!(size(&detail) < LONGEST_LINE / 2);
    }
}
