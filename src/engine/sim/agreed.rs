//! What may not be delivered before somebody has agreed to it.

use super::life::Sim;
use super::plot::NO_PACKAGES;
use super::program::MEDDLED;
use crate::domain::{Iteration, Opinion, Question, QuestionKind, Run, RunState};

/// Nothing is delivered with packages that nobody agreed to for just this result.
pub(super) fn packages(sim: &Sim, run: &Run, questions: &[Question]) {
    let held = sim.world.disk.held();
    let delivered = held.delivered.get(&run.branch()).and_then(|commit| held.commits.get(commit));
    let brings = delivered.is_some_and(|tree| tree["Cargo.toml"] != NO_PACKAGES);
    let agreed = questions.iter().any(|one| {
        let asks = matches!(one.kind, QuestionKind::Review | QuestionKind::Dependency);
        asks && one.iteration == run.iteration && one.answer.as_ref().is_some_and(|answer| answer.approve)
    });
    assert!(run.state != RunState::Succeeded || !brings || agreed, "packages that nobody agreed to: {questions:?}");
}

/// Nothing is delivered that was to be audited and that neither the auditor nor a person agreed to; and nothing of what an auditor
/// changed is anywhere.
pub(super) fn audited(sim: &Sim, run: &Run, iterations: &[Iteration], questions: &[Question]) {
    let held = sim.world.disk.held();
    assert!(held.commits.values().all(|tree| !tree.contains_key(MEDDLED)), "what an auditor changed was taken");
    assert_eq!(run.audit, sim.plot.audit);
    let last = iterations.iter().find(|one| one.number == run.iteration).and_then(|one| one.audit.as_ref());
    let agrees = last.is_some_and(|audit| audit.opinion == Opinion::Agrees);
    let counts = questions.iter().any(|one| {
        let yes = one.answer.as_ref().is_some_and(|answer| answer.approve);
        one.kind == QuestionKind::Audit && one.iteration == run.iteration && yes
    });
    assert!(
        run.state != RunState::Succeeded || !run.audit || agrees || counts,
        "nobody agreed: {last:?} {questions:?}"
    );
}
