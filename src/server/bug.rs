//! What is known of one bug: which runs saw it, and which turns began where it was.

use super::Server;
use super::answer::not_found;
use super::brief::cut;
use super::told::fit_reason;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Bug, BugId, BugState, RunId};
use crate::protocol::{BugAttempt, BugDetail, BugRepair, BugRun, Fault, Reply};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde_json::json;

/// Most runs in one answer.
const RUNS: usize = 50;
/// Most turns in one answer.
const ATTEMPTS: usize = 200;
/// Most repairs in one answer, the newest.
const REPAIRS: u32 = 10;
/// Bugs that one which no run has seen may be, by its words.
const ALIKE: u32 = 5;
/// Longest sentence about a turn in characters.
const SAID: usize = 500;

impl<S: Sandbox> Server<S> {
    pub(super) async fn bug(&self, id: BugId) -> Result<Reply, Fault> {
        let found = self.engine.store.read(move |view| detail_of(view, id)).await?;
        let detail = found.ok_or_else(|| not_found("bug", id))?;
        Ok(Reply::Bug { detail: Box::new(detail) })
    }

    /// Takes a bug for solved because a person says so. It is open again when a run sees it again.
    pub(super) async fn close_bug(&self, id: BugId, reason: String, by: Actor) -> Result<Reply, Fault> {
        fit_reason(&reason)?;
        let closed = self.engine.store.write(move |tx| {
            let Some(bug) = tx.bug(id)? else { return Ok(false) };
            tx.set_bug_state(bug.id, BugState::Solved)?;
            let detail = json!({ "bug": bug.id, "was": bug.state, "reason": reason });
            tx.record(AuditEvent::new(by, "bug.closed").detail(detail))?;
            Ok(true)
        });
        if !closed.await? {
            return Err(not_found("bug", id));
        }
        self.bug(id).await
    }
}

fn detail_of(view: &View<'_>, id: BugId) -> Result<Option<BugDetail>, StoreError> {
    let Some(bug) = view.bug(id)? else { return Ok(None) };
    let latest = view.latest_finding(bug.id, None)?;
    let mut seen = view.runs_that_saw(bug.id, None, RUNS + 1)?;
    let mut more = seen.len() > RUNS;
    seen.truncate(RUNS);
    let (mut runs, mut attempts) = (Vec::new(), Vec::new());
    for run in seen {
        let Some(stored) = view.run(run)? else { continue };
        let had = view.iterations_with(run, bug.id)?;
        let (Some(first), Some(last)) = (had.first().copied(), had.last().copied()) else { continue };
        let tested: Vec<u32> = view.tested(run)?.into_iter().collect();
        runs.push(BugRun {
            run,
            state: stored.state,
            first,
            last,
            iterations: u32::try_from(had.len()).unwrap_or(u32::MAX),
            gone: tested.iter().copied().find(|number| *number > last),
        });
        for pair in tested.windows(2).rev() {
            if let [before, number] = pair
                && had.contains(before)
                && attempts.len() <= ATTEMPTS
            {
                let said = said(view, run, *number)?;
                let gone = !had.contains(number);
                attempts.push(BugAttempt { run, iteration: *number, said, gone, tried: String::new() });
            }
        }
    }
    more |= attempts.len() > ATTEMPTS;
    attempts.truncate(ATTEMPTS);
    let kept = view.bug_attempts(bug.id)?;
    for attempt in &mut attempts {
        let one = kept.iter().rfind(|one| one.run == attempt.run && one.iteration == attempt.iteration);
        attempt.tried = one.map(|one| one.tried.clone()).unwrap_or_default();
    }
    let repairs = view.repairs_of(bug.id, REPAIRS)?.into_iter().map(|(solution, helped, failed)| BugRepair {
        run: solution.run,
        iteration: solution.iteration,
        commit: solution.commit,
        patch: solution.summary,
        helped,
        failed,
    });
    let repairs = repairs.collect();
    let (merged, alike) = (view.bugs_in(bug.id)?, alike(view, &bug)?);
    Ok(Some(BugDetail { bug, latest, runs, attempts, repairs, merged, alike, more }))
}

/// Bugs of its project that have its words, for one that a person told and no run has seen yet.
fn alike(view: &View<'_>, bug: &Bug) -> Result<Vec<Bug>, StoreError> {
    let (Some(told), None) = (&bug.told, bug.first_run) else { return Ok(Vec::new()) };
    let Some(project) = view.project_named(&told.project)? else { return Ok(Vec::new()) };
    let mut alike = Vec::new();
    for found in view.bugs_like(project.id, &bug.message, 2 * ALIKE)? {
        if found.here
            && found.id != bug.id
            && let Some(found) = view.bug(found.id)?
        {
            alike.push(found);
        }
    }
    alike.truncate(ALIKE as usize);
    Ok(alike)
}

/// How a turn ended, in words.
fn said(view: &View<'_>, run: RunId, number: u32) -> Result<String, StoreError> {
    let report = view.iteration(run, number)?.and_then(|iteration| iteration.report);
    let mut said = report.map(|report| report.detail).unwrap_or_default();
    cut(&mut said, SAID);
    Ok(said)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::iteration::tests::store;
    use super::*;
    use crate::store::BugFilter;

    #[test]
    fn a_bug_tells_who_saw_it_and_which_turns_began_where_it_was() {
        let (store, run) = store();
        let of = |name: &str| {
            let name = name.to_owned();
            let detail = store.read_sync(move |view| {
                let bugs = view.bugs(&BugFilter::default())?;
                let bug = bugs.into_iter().find(|bug| bug.exact.0 == name).map(|bug| bug.id);
                detail_of(view, bug.unwrap_or(BugId(99)))
            });
            detail.unwrap()
        };
        let gone = of("a").unwrap();
        assert_eq!((gone.runs[0].run, gone.runs[0].last, gone.runs[0].gone, gone.more), (run, 0, Some(2), false));
        assert!(gone.attempts.len() == 1 && gone.attempts[0].iteration == 2 && gone.attempts[0].gone);
        let stays = of("b").unwrap();
        assert_eq!((stays.runs[0].first, stays.runs[0].last, stays.runs[0].gone), (0, 2, None));
        assert!(!stays.attempts[0].gone && stays.latest.unwrap().test.as_deref() == Some("b"));
        assert!(of("c").unwrap().attempts.is_empty());
        assert_eq!(of("nothing"), None);
    }
}
