//! Crash points: named places around every commit and every effect at which a test may kill the engine. Outside builds
//! with the feature `crash-points`, and outside unit tests, they do nothing at all; the list itself is always there (`dogwatch debug crash-points`).

use super::machine::Event;

/// The engine was told to die here. The driver hands it straight up without tidying anything, as a real death would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crashed;

/// Points of one execution of a step, for each kind of step.
const STEP_POINTS: [&str; 6] = ["intended", "created", "recorded", "started", "followed", "ended"];
/// Points around other effects.
const EFFECT_POINTS: [&str; 31] = [
    "prepare.intended",
    "prepare.image",
    "prepare.committed",
    "prepare.removed",
    "develop.checked_out",
    "develop.checkpointed",
    "develop.branch",
    "develop.removed",
    "develop.planned",
    "audit.checked_out",
    "audit.told",
    "audit.removed",
    "steer.intended",
    "steer.said",
    "steer.recorded",
    "test.checked_out",
    "test.removed",
    "services.checked_out",
    "services.begun",
    "services.stopped",
    "gather.parsed",
    "deliver.delivered",
    "hand_over.intended",
    "hand_over.delivered",
    "clean.container",
    "clean.trees",
    "log.closed",
    "retention.logs_intended",
    "retention.logs_removed",
    "retention.image_intended",
    "retention.image_removed",
];
/// Points around what is done on a live asset: what was found out there and is in memory alone, and output before and after it is kept.
const EXECUTION_POINTS: [&str; 8] = [
    "execution.ready",
    "execution.output.heard",
    "execution.output.kept",
    "execution.dispatched",
    "execution.probe",
    "execution.probed",
    "execution.stop",
    "execution.stopped",
];
/// Points between the engine and its gate: the child is not there or is, an order is on its way to it, an end is heard whose output is not
/// kept yet.
const GATE_POINTS: [&str; 8] = [
    "gate.start.before",
    "gate.start.after",
    "gate.look.given",
    "gate.dispatch.given",
    "gate.outcome.heard",
    "gate.fence.given",
    "gate.follow.given",
    "gate.stop.given",
];
/// Points on the way from the gate to an asset; the gate itself dies there.
const LINE_POINTS: [&str; 10] = [
    "line.run.connecting",
    "line.run.connected",
    "line.run.called",
    "line.run.begun",
    "line.run.ended",
    "line.fence.connected",
    "line.fence.called",
    "line.fence.told",
    "line.stop.called",
    "line.stop.told",
];
/// Commits of the engine about a proposal.
const PROPOSAL_COMMITS: [&str; 9] = ["look", "over", "claim", "dispatch", "begin", "come", "silent", "told", "deliver"];
/// Commits of what people do with one. Whoever did it hears nothing where the engine dies there.
const PROPOSAL_DECISIONS: [&str; 9] =
    ["ask", "approve", "deny", "withdraw", "edit", "resolve", "review", "together", "stop"];

/// The name of every crash point, in a stable order.
pub fn all() -> Vec<String> {
    of_runs().into_iter().chain(of_executions()).collect()
}

/// Those on the way of a proposal.
pub fn of_executions() -> Vec<String> {
    let commit = |event: &&str| ["before", "after"].map(|side| format!("proposal.{event}.{side}"));
    let commits = PROPOSAL_COMMITS.iter().chain(&PROPOSAL_DECISIONS).flat_map(commit);
    let effects = EXECUTION_POINTS.iter().chain(&GATE_POINTS).chain(&LINE_POINTS);
    commits.chain(effects.map(|name| (*name).to_owned())).collect()
}

/// Those on the way of a run.
pub fn of_runs() -> Vec<String> {
    let commits =
        Event::NAMES.iter().flat_map(|event| [format!("commit.{event}.before"), format!("commit.{event}.after")]);
    let steps = ["prepare", "develop", "audit", "test", "network", "service", "ready"]
        .iter()
        .flat_map(|kind| STEP_POINTS.iter().map(move |point| format!("step.{kind}.{point}")));
    commits.chain(steps).chain(EFFECT_POINTS.iter().map(|name| (*name).to_owned())).collect()
}

/// Where tests say where to die.
#[cfg(any(test, feature = "crash-points"))]
const VARIABLE: &str = "DOGWATCH_CRASH_AT";

/// Where the engine asks whether to die. Cloning shares the plan.
#[derive(Debug, Clone, Default)]
pub struct CrashPoints {
    #[cfg(any(test, feature = "crash-points"))]
    plan: Option<std::sync::Arc<plan::Plan>>,
}

impl CrashPoints {
    /// Asks at a point. Inert outside test builds.
    pub fn at(&self, point: impl AsRef<str>) -> Result<(), Crashed> {
        #[cfg(any(test, feature = "crash-points"))]
        if let Some(plan) = &self.plan {
            return plan.hit(point.as_ref());
        }
        #[cfg(not(any(test, feature = "crash-points")))]
        let _ = point;
        Ok(())
    }

    /// What a gate that this engine starts has to be told, so that it dies at a point of its own; nothing outside test builds.
    pub fn of_gate() -> Option<(&'static str, String)> {
        #[cfg(any(test, feature = "crash-points"))]
        if let Some(wish) = std::env::var(VARIABLE).ok().filter(|wish| wish.starts_with("line.")) {
            return Some((VARIABLE, wish));
        }
        None
    }

    /// What the environment asks for: `DOGWATCH_CRASH_AT=step.test.started:2` kills this process with SIGKILL the second
    /// time the point is reached. Inert outside test builds.
    pub fn from_environment() -> Self {
        #[cfg(any(test, feature = "crash-points"))]
        if let Ok(wish) = std::env::var(VARIABLE) {
            return Self { plan: Some(std::sync::Arc::new(plan::Plan::kill(&wish))) };
        }
        Self::default()
    }
}

#[cfg(any(test, feature = "crash-points"))]
pub use plan::Plan;

#[cfg(any(test, feature = "crash-points"))]
mod plan {
    use super::{CrashPoints, Crashed};
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex, PoisonError};

    /// When to die, and how often each point was reached.
    #[derive(Debug, Default)]
    pub struct Plan {
        wish: Option<(String, u32)>,
        kill: bool,
        seen: Mutex<BTreeMap<String, u32>>,
    }

    impl Plan {
        /// Dies by error the n-th time a point is reached (n from 1).
        pub fn error(point: &str, times: u32) -> Arc<Self> {
            Arc::new(Self { wish: Some((point.to_owned(), times)), ..Self::default() })
        }

        /// Only counts.
        pub fn count() -> Arc<Self> {
            Arc::new(Self::default())
        }

        pub(super) fn kill(wish: &str) -> Self {
            let (point, times) = wish.rsplit_once(':').unwrap_or((wish, "1"));
            Self { wish: Some((point.to_owned(), times.parse().unwrap_or(1))), kill: true, ..Self::default() }
        }

        /// How often each point was reached.
        pub fn seen(&self) -> BTreeMap<String, u32> {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }

        pub(super) fn hit(&self, point: &str) -> Result<(), Crashed> {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = seen.entry(point.to_owned()).or_default();
            *count += 1;
            if self.wish.as_ref().is_none_or(|(name, times)| name != point || times != count) {
                return Ok(());
            }
            if self.kill {
                // SIGKILL to itself: no destructor, no flush, as when the machine's operator does it.
                let _abort_follows =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                std::process::abort();
            }
            Err(Crashed)
        }
    }

    impl From<Arc<Plan>> for CrashPoints {
        fn from(plan: Arc<Plan>) -> Self {
            Self { plan: Some(plan) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_distinct_and_many() {
        let names = all();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len());
        assert!(names.len() >= 40, "{}", names.len());
        assert!(of_executions().len() >= 40, "{}", of_executions().len());
    }
}
