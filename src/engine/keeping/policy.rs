//! Which logs go, and why. Nothing is done here.

use crate::config::Retention;
use crate::config::units::{format_duration, format_size};
use crate::domain::{Millis, Step, StepLog};

/// Bytes in a MiB.
const MEBIBYTE: u64 = 1 << 20;

/// The steps whose logs go, with the reason of each. `steps` are those of runs that are over and have a log, the one that
/// ended first coming first.
pub(super) fn doomed(steps: Vec<Step>, now: Millis, policy: &Retention) -> Vec<(Step, String)> {
    let mut all: u64 = steps.iter().map(|step| stored(&step.log)).fold(0, u64::saturating_add);
    let most = policy.logs_size.saturating_mul(MEBIBYTE);
    let mut doomed = Vec::new();
    for step in steps {
        let age = u64::try_from(step.ended.map_or(0, |ended| now.since(ended))).unwrap_or(0) / 1000;
        let size = stored(&step.log);
        let reason = match &step.log {
            StepLog::Removing { reason, .. } => reason.clone(),
            _ if age < policy.logs_at_least => continue,
            _ if age >= policy.logs_at_most => format!("older than {}", format_duration(policy.logs_at_most)),
            _ if all > most => format!("all logs together take more than {}", format_size(policy.logs_size)),
            _ => continue,
        };
        all = all.saturating_sub(size);
        doomed.push((step, reason));
    }
    doomed
}

/// What a log takes on disk.
pub(super) fn stored(log: &StepLog) -> u64 {
    match log {
        StepLog::Kept { stored, .. } | StepLog::Damaged { stored, .. } | StepLog::Removing { stored, .. } => *stored,
        StepLog::Open | StepLog::Missing | StepLog::Removed { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{RunId, StepEnd, StepId, StepKey, StepKind, StepState};

    const POLICY: Retention = Retention { logs_at_least: 10, logs_at_most: 100, logs_size: 2, images_unused: 1 };

    /// A step that ended so many seconds ago with a log of so many MiB.
    fn step(age: i64, mebibytes: u64) -> Step {
        let key = StepKey { run: RunId(1), iteration: 1, kind: StepKind::Test, suite: "u".to_owned(), attempt: 1 };
        Step {
            id: StepId(age),
            key,
            state: StepState::Ended { end: StepEnd::Stopped, log_digest: String::new(), intrusions: 0 },
            started: Millis(0),
            ended: Some(Millis(1_000_000 - age * 1000)),
            log: StepLog::Kept { bytes: 1, stored: mebibytes * MEBIBYTE },
        }
    }

    fn ages(steps: Vec<Step>) -> Vec<(i64, String)> {
        doomed(steps, Millis(1_000_000), &POLICY).into_iter().map(|(step, reason)| (step.id.0, reason)).collect()
    }

    #[test]
    fn age_and_size_decide_and_young_logs_stay_whatever_they_take() {
        let old = |age| (age, "older than 1m40s".to_owned());
        let large = |age| (age, "all logs together take more than 2MiB".to_owned());
        assert_eq!(ages(vec![step(101, 0), step(100, 0), step(99, 1), step(50, 1)]), [old(101), old(100)]);
        assert_eq!(ages(vec![step(101, 1), step(50, 1), step(20, 1)]), [old(101)]);
        assert_eq!(ages(vec![step(60, 1), step(50, 1), step(20, 1), step(11, 1)]), [large(60), large(50)]);
        assert_eq!(ages(vec![step(20, 1), step(9, 5), step(8, 5)]), [large(20)]);
        // A clock that was set back makes everything young.
        assert_eq!(doomed(vec![step(101, 9)], Millis(0), &POLICY), []);
    }

    #[test]
    fn what_was_begun_is_ended_whatever_the_policy_says_now() {
        let log = StepLog::Removing { stored: 1, reason: "before".to_owned() };
        assert_eq!(ages(vec![Step { log, ..step(1, 0) }]), [(1, "before".to_owned())]);
    }
}
