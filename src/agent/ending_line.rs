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

use super::stream::event::microusd;
use super::stream::{Line as Printed, Lines};
use super::{TurnReader, end};
use crate::domain::{AgentReport, Ending, Millis, StepEnd, Usage};
use crate::logs::Stream;
use serde::Deserialize;

/// Longest line that is looked at; a longer one is not ours.
const LONGEST: usize = 64 * 1024;
/// What one turn may claim to have used; more is taken as this much.
const MOST_USED: u64 = 1 << 53;
/// What a line of ours has in it.
const KEY: &[u8] = b"\"dogwatch\"";

#[derive(Deserialize)]
struct Line {
    dogwatch: Said,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Said {
    ending: Option<String>,
    until: Option<String>,
    detail: Option<String>,
    tokens: u64,
    usd: f64,
}

/// Reads the output of a program for its line. Both streams may carry it.
#[derive(Debug)]
pub(super) struct EndingLine {
    out: Lines,
    err: Lines,
    said: Option<Said>,
}

impl Default for EndingLine {
    fn default() -> Self {
        Self { out: Lines::new(LONGEST), err: Lines::new(LONGEST), said: None }
    }
}

impl TurnReader for EndingLine {
    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        let Self { out, err, said } = self;
        match stream {
            Stream::Stdout => out.push(bytes, |line| look(&line, said)),
            Stream::Stderr => err.push(bytes, |line| look(&line, said)),
            Stream::Engine => {}
        }
    }

    fn finish(mut self: Box<Self>, end: &StepEnd, _ended: Option<Millis>) -> AgentReport {
        let Self { out, err, said } = self.as_mut();
        err.finish(|line| look(&line, said));
        out.finish(|line| look(&line, said));
        let usage = said.as_ref().map_or_else(Usage::default, usage);
        let (ending, detail) = end::of(end, |code| exited(code, said.as_ref()));
        AgentReport::new(ending, end::detail(&detail), usage)
    }
}

/// Takes up what a line says if it is ours. Lines that are not are ordinary output, not errors.
fn look(line: &Printed<'_>, said: &mut Option<Said>) {
    if let Printed::Whole(bytes) = line
        && bytes.first() == Some(&b'{')
        && bytes.windows(KEY.len()).any(|part| part == KEY)
        && let Ok(line) = serde_json::from_slice::<Line>(bytes)
    {
        *said = Some(line.dogwatch);
    }
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

fn usage(said: &Said) -> Usage {
    Usage { tokens: said.tokens.min(MOST_USED), microusd: microusd(said.usd) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classify(end: &StepEnd, output: &[u8]) -> AgentReport {
        let mut reader = Box::<EndingLine>::default();
        reader.push(Stream::Stdout, output);
        reader.finish(end, None)
    }

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
