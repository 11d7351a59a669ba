//! The time limits of one step, as the engine keeps them; the shim keeps the first one too, and to the point.

use super::StepSpec;
use super::channel::{Cause, Sign};
use tokio::time::Instant;

/// The shim keeps the time limit itself, and to the point; this much later it is taken to have failed.
const SHIM_LATE_MS: i64 = 10_000;

/// The time limits of one step.
pub(super) struct Limiter {
    seconds: u64,
    silent: Option<u64>,
    /// When the last output arrived, and the running time then; unknown until the first look.
    heard: Option<(Instant, i64)>,
}

impl Limiter {
    pub(super) fn new(spec: &StepSpec) -> Self {
        Self { seconds: spec.times.seconds, silent: spec.times.silent_seconds, heard: None }
    }

    /// Which limit is broken after `active` milliseconds of running time, if one is.
    pub(super) fn broken(&mut self, active: i64, sign: &Sign) -> Option<Cause> {
        // Whose output cannot be saved is not silent: it may be waiting for us.
        let news = sign.trouble.is_some() || self.heard.is_none_or(|(at, _)| at != sign.last_output);
        if news {
            self.heard = Some((sign.last_output, active));
        }
        let over = |since: i64, seconds: u64| {
            i64::try_from(seconds.saturating_mul(1000)).is_ok_and(|limit| active.saturating_sub(since) >= limit)
        };
        if over(SHIM_LATE_MS, self.seconds) {
            return Some(Cause::TimedOut { seconds: self.seconds });
        }
        let silent = self.silent?;
        let (_, heard) = self.heard?;
        over(heard, silent).then_some(Cause::Silent { seconds: silent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_a_program_whose_output_can_be_saved_is_silent() {
        let mut limits = Limiter { seconds: 1000, silent: Some(5), heard: None };
        let begun = Instant::now();
        let sign = |seconds, trouble: Option<&str>| Sign {
            last_output: begun + Duration::from_secs(seconds),
            trouble: trouble.map(str::to_owned),
        };
        assert_eq!(limits.broken(20_000, &sign(0, None)), None);
        assert_eq!(limits.broken(24_999, &sign(0, None)), None);
        assert_eq!(limits.broken(25_000, &sign(0, None)), Some(Cause::Silent { seconds: 5 }));
        assert_eq!(limits.broken(25_001, &sign(1, None)), None);
        // The disk is full for longer than the limit, and the limit begins anew after that.
        for active in [29_000, 33_000, 60_000] {
            assert_eq!(limits.broken(active, &sign(1, Some("no space left on device"))), None);
        }
        assert_eq!(limits.broken(64_999, &sign(1, None)), None);
        assert_eq!(limits.broken(65_000, &sign(1, None)), Some(Cause::Silent { seconds: 5 }));
        // Its running time goes on meanwhile: the shim counts it too.
        assert_eq!(
            limits.broken(1_010_000, &sign(1, Some("no space left on device"))),
            Some(Cause::TimedOut { seconds: 1000 })
        );
    }
}
