//! The ending of a program that knows nothing of dogwatch, by its exit code, and the one optional line by which a wrapper
//! can say more.
//!
//! The line is the last line of the output that is a JSON object with the key `dogwatch`:
//!
//! ```json
//! {"dogwatch": {"ending": "rate_limited", "until": "2026-01-01T05:00:00Z", "detail": "…", "tokens": 1200, "usd": 0.02}}
//! ```
//!
//! All keys are optional. `ending` takes the stored names of [`Ending`]; `stopped` and `killed` are for the engine alone
//! to say and are ignored. The line can never make a run succeed: endings decide only what is done next.

use crate::config::units::format_size;
use crate::domain::{AgentReport, Ending, Millis, StepEnd, Usage};
use serde::Deserialize;

/// How much of the end of the output is searched for the line.
const SEARCHED: usize = 64 * 1024;
/// Longest detail that is kept, in characters.
const DETAIL: usize = 400;
/// What one turn may claim to have used; more is taken as this much.
const MOST_USED: u64 = 1 << 53;

#[derive(Deserialize)]
struct Line {
    dogwatch: Said,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    ending: Option<String>,
    until: Option<String>,
    detail: Option<String>,
    tokens: u64,
    usd: f64,
}

/// Classifies an ending from the container's end, the exit code and the optional line.
pub(super) fn classify(end: &StepEnd, output: &[u8]) -> AgentReport {
    let said = last_line(output);
    let usage = said.as_ref().map_or_else(Usage::default, usage);
    let (ending, detail) = match end {
        StepEnd::Exited { code } => exited(*code, said.as_ref()),
        StepEnd::Signalled { signal, oom } => {
            let why = match oom {
                Some(true) => " (out of memory)",
                Some(false) => "",
                None => " (whether out of memory is unknown)",
            };
            (Ending::Killed { oom: *oom == Some(true) }, format!("ended by signal {signal}{why}"))
        }
        StepEnd::TimedOut { seconds } => (Ending::TimedOut, format!("ran longer than {seconds} s")),
        StepEnd::Silent { seconds } => (Ending::Silent, format!("wrote nothing for {seconds} s")),
        StepEnd::Overfull { what, mib } => {
            (Ending::Overfull, format!("put more into its {} than {} and was stopped", what.word(), format_size(*mib)))
        }
        StepEnd::Stopped => (Ending::Stopped, "stopped by the engine".to_owned()),
        StepEnd::NotStarted { reason } => {
            (Ending::Misconfigured, format!("the program could not be started: {reason}"))
        }
        StepEnd::Lost { reason, .. } => (Ending::Killed { oom: false }, reason.clone()),
    };
    AgentReport { ending, detail: detail.chars().take(DETAIL).collect(), usage }
}

/// Exit codes as in sysexits(3) where a program uses them; everything else but 0 is a crash.
fn exited(code: i32, said: Option<&Said>) -> (Ending, String) {
    let (by_code, words) = match code {
        0 => (Ending::Finished, "exit code 0".to_owned()),
        69 | 75 => (Ending::Overloaded, format!("exit code {code} (service unavailable, try later)")),
        77 => (Ending::Auth, "exit code 77 (permission denied by the provider)".to_owned()),
        78 | 126 | 127 => (Ending::Misconfigured, format!("exit code {code} (configuration, or no such program)")),
        _ => (Ending::Crashed, format!("exit code {code}")),
    };
    let Some(said) = said else { return (by_code, words) };
    let ending = said.ending.as_deref().and_then(|name| named(name, said.until.as_deref())).unwrap_or(by_code);
    (ending, said.detail.clone().unwrap_or(words))
}

fn named(name: &str, until: Option<&str>) -> Option<Ending> {
    Some(match name {
        "finished" => Ending::Finished,
        "claims_done" => Ending::ClaimsDone,
        "gave_up" => Ending::GaveUp,
        "blocked" => Ending::Blocked,
        "own_limit" => Ending::OwnLimit,
        "rate_limited" => Ending::RateLimited { until: until.and_then(instant) },
        "overloaded" => Ending::Overloaded,
        "auth" => Ending::Auth,
        "billing" => Ending::Billing,
        "misconfigured" => Ending::Misconfigured,
        "crashed" => Ending::Crashed,
        _ => return None,
    })
}

/// An unreadable instant counts as not stated.
fn instant(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(|t| Millis(t.as_millisecond()))
}

fn last_line(output: &[u8]) -> Option<Said> {
    let tail = &output[output.len().saturating_sub(SEARCHED)..];
    tail.rsplit(|byte| *byte == b'\n')
        .filter(|line| line.first() == Some(&b'{'))
        // Lines that are not ours are ordinary output, not errors.
        .find_map(|line| serde_json::from_slice::<Line>(line.strip_suffix(b"\r").unwrap_or(line)).ok())
        .map(|line| line.dogwatch)
}

fn usage(said: &Said) -> Usage {
    let microusd = (said.usd * 1e6).clamp(0.0, 9e15);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a range that fits")]
    let microusd = if microusd.is_finite() { microusd as u64 } else { 0 };
    Usage { tokens: said.tokens.min(MOST_USED), microusd }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exit(code: i32, output: &str) -> AgentReport {
        classify(&StepEnd::Exited { code }, output.as_bytes())
    }

    #[test]
    fn exit_codes_alone_tell_the_common_endings_apart() {
        for (code, name) in [
            (0, "finished"),
            (1, "crashed"),
            (75, "overloaded"),
            (77, "auth"),
            (78, "misconfigured"),
            (127, "misconfigured"),
        ] {
            assert_eq!(exit(code, "some text\n").ending.name(), name, "{code}");
        }
    }

    #[test]
    fn the_last_line_says_more() {
        let report = exit(
            1,
            "{\"dogwatch\":{\"ending\":\"gave_up\"}}\nnoise\n{\"dogwatch\":{\"ending\":\"rate_limited\",\"until\":\
             \"1970-01-01T00:00:05Z\",\"tokens\":7,\"usd\":0.5}}\nbye",
        );
        assert_eq!(report.ending, Ending::RateLimited { until: Some(Millis(5000)) });
        assert_eq!(report.usage, Usage { tokens: 7, microusd: 500_000 });
    }

    #[test]
    fn what_only_the_engine_may_say_is_not_taken_from_the_output() {
        for name in ["stopped", "killed", "timed_out", "silent", "overfull", "succeeded"] {
            assert_eq!(exit(0, &format!("{{\"dogwatch\":{{\"ending\":\"{name}\"}}}}")).ending, Ending::Finished);
        }
        let end = StepEnd::TimedOut { seconds: 5 };
        assert_eq!(classify(&end, b"{\"dogwatch\":{\"ending\":\"claims_done\"}}").ending, Ending::TimedOut);
    }

    proptest! {
        #[test]
        fn any_output_is_classified(code in any::<i32>(), output in proptest::collection::vec(any::<u8>(), 0..300)) {
            classify(&StepEnd::Exited { code }, &output);
        }

        #[test]
        fn any_json_is_classified(tokens in any::<u64>(), usd in any::<f64>(), ending in ".{0,12}") {
            let line = serde_json::json!({"dogwatch": {"ending": ending, "tokens": tokens, "usd": usd}}).to_string();
            classify(&StepEnd::Exited { code: 0 }, line.as_bytes());
        }
    }
}
