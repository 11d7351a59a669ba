//! When the limit of an account ends, by what a provider says when it refuses. Each says it elsewhere: most in a header, Google and
//! the subscriptions of `OpenAI` only in the body.

use crate::domain::Millis;
use hyper::header::{HeaderMap, RETRY_AFTER};
use jiff::SignedDuration;
use serde_json::Value;

/// The longest that is believed, in milliseconds: a month.
const LONGEST: i64 = 31 * 86_400_000;
/// So much of a body is looked at.
pub(super) const MOST: usize = 16 * 1024;

/// What the headers say: seconds from now on, milliseconds, or an instant.
pub(super) fn stated(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    let after = text(RETRY_AFTER.as_str());
    let until = match (after.and_then(number), after.and_then(date)) {
        (Some(seconds), _) => Some(now.plus(seconds * 1_000)),
        (None, Some(at)) => Some(at),
        (None, None) => {
            let soon = text("retry-after-ms").and_then(number).map(|milliseconds| now.plus(milliseconds));
            // The end of a subscription's window, in seconds since 1970.
            let window = || text("anthropic-ratelimit-unified-reset").and_then(number).map(|at| Millis(at * 1_000));
            soon.or_else(window)
        }
    };
    believed(until, now)
}

/// What the beginning of a body says, where the headers say nothing.
pub(super) fn told(body: &[u8], now: Millis) -> Option<Millis> {
    let value: Value = serde_json::from_slice(body).ok()?;
    // Google's answer to a request for a stream is a list.
    let error = value.get(0).unwrap_or(&value).get("error")?;
    let seconds = |name: &str| error.get(name).and_then(Value::as_i64).and_then(|number| number.checked_mul(1_000));
    let delay = || {
        let details = error.get("details")?.as_array()?;
        let delay = details.iter().find_map(|detail| detail.get("retryDelay"))?.as_str()?;
        from_now(delay, now)
    };
    let words = || {
        let (_, rest) = error.get("message")?.as_str()?.split_once("try again in ")?;
        from_now(rest.split_whitespace().next()?.trim_end_matches('.'), now)
    };
    let after = seconds("resets_in_seconds").map(|after| now.plus(after));
    let until = after.or_else(|| seconds("resets_at").map(Millis)).or_else(delay).or_else(words);
    believed(until, now)
}

/// A length such as `34.07s`, `6m0s` or `20ms`.
fn from_now(length: &str, now: Millis) -> Option<Millis> {
    let length: SignedDuration = length.parse().ok()?;
    Some(now.plus(i64::try_from(length.as_millis()).ok()?))
}

fn believed(until: Option<Millis>, now: Millis) -> Option<Millis> {
    until.filter(|until| *until >= now && *until <= now.plus(LONGEST))
}

fn date(text: &str) -> Option<Millis> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| Millis(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_767_225_600_000);

    fn at(name: &'static str, value: &str) -> Option<i64> {
        let headers = HeaderMap::from_iter([(hyper::header::HeaderName::from_static(name), value.parse().unwrap())]);
        stated(&headers, NOW).map(|until| until.0)
    }

    #[test]
    fn the_end_of_a_limit_is_read_in_every_form() {
        assert_eq!(at("retry-after", "7"), Some(1_767_225_607_000));
        assert_eq!(at("retry-after", "Thu, 01 Jan 2026 00:01:00 GMT"), Some(1_767_225_660_000));
        assert_eq!(at("retry-after-ms", "1500"), Some(1_767_225_601_500));
        assert_eq!(at("anthropic-ratelimit-unified-reset", "1767229200"), Some(1_767_229_200_000));
        for nothing in ["", "-5", "soon", "99999999999", "4000000000", "Thu, 01 Jan 1970 00:01:00 GMT"] {
            assert_eq!(at("retry-after", nothing), None, "{nothing}");
        }
    }

    #[test]
    fn bodies_say_it_each_in_their_way() {
        let after = |body: &str| told(body.as_bytes(), NOW).map(|until| until.since(NOW));
        let google = r#"{"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}"#;
        assert_eq!(after(google), Some(34_074));
        assert_eq!(after(&format!("[{google}]")), Some(34_074));
        let usage = r#"{"error":{"type":"usage_limit_reached","message":"The usage limit","plan_type":"plus","resets_at":1767229200}}"#;
        assert_eq!(after(usage), Some(3_600_000));
        assert_eq!(after(r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":90}}"#), Some(90_000));
        for (words, milliseconds) in [("6m0s", 360_000), ("1.242s", 1_242), ("20ms", 20), ("1h2m", 3_720_000)] {
            let body =
                format!(r#"{{"error":{{"message":"Rate limit reached. Please try again in {words}. Visit us"}}}}"#);
            assert_eq!(after(&body), Some(milliseconds), "{words}");
        }
        for nothing in [
            "",
            "{}",
            "[]",
            "null",
            "{\"error\":7}",
            "{\"error\":{\"resets_at\":5}}",
            "{\"error\":{\"resets_at\":9223372036854775807}}",
            "{\"error\":{\"message\":\"try again in a while\"}}",
            "{\"error\":{\"message\":\"try again in -5s\"}}",
            "{\"error\":{\"details\":[{\"retryDelay\":\"99999999999999s\"}]}}",
            "{\"error\":{\"resets_in_seconds\":-4}}",
        ] {
            assert_eq!(after(nothing), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_an_end_within_a_month_or_none(body in ".{0,60}", number in any::<i64>(), words in "[0-9a-z.: -]{0,20}") {
            let fits = |until: Option<Millis>| until.is_none_or(|until| until >= NOW && until <= NOW.plus(LONGEST));
            let shapes = [
                body,
                format!("{{\"error\":{{\"resets_in_seconds\":{number}}}}}"),
                format!("{{\"error\":{{\"resets_at\":{number}}}}}"),
                format!("{{\"error\":{{\"message\":\"try again in {words}\"}}}}"),
                format!("{{\"error\":{{\"details\":[{{\"retryDelay\":\"{words}\"}}]}}}}"),
            ];
            for shape in shapes {
                prop_assert!(fits(told(shape.as_bytes(), NOW)), "{shape}");
            }
        }
    }
}
