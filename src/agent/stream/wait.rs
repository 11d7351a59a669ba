//! When a limit ends, as providers say it: an instant, or a time to wait, in words or in a field of an error's body.

use crate::domain::Millis;

/// The longest time that is believed, in milliseconds: a year.
const LONGEST: i64 = 366 * 86_400_000;
/// Words behind which a time to wait stands.
const BEFORE_WAIT: [&str; 9] = [
    "retry after",
    "retry-after",
    "retry in",
    "retrydelay",
    "try again in",
    "try again after",
    "resets_in_seconds",
    "resets in",
    "reset after",
];
/// Words behind which seconds since 1970 stand.
const BEFORE_INSTANT: [&str; 4] = ["limit reached|", "resets_at", "resetsat", "reset_at"];

/// When to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Wait {
    /// At this instant.
    Until(Millis),
    /// After so many milliseconds.
    For(i64),
}

impl Wait {
    /// The instant, if it is known when the waiting began.
    pub fn from(self, begin: Option<Millis>) -> Option<Millis> {
        match self {
            Self::Until(instant) => Some(instant),
            Self::For(milliseconds) => begin.map(|begin| begin.plus(milliseconds)),
        }
    }

    /// What a message says of it.
    pub fn said(message: &str) -> Option<Self> {
        let message = message.to_ascii_lowercase();
        let behind = |words: &str| message.find(words).and_then(|at| message.get(at + words.len()..));
        let instant = BEFORE_INSTANT.iter().filter_map(|words| behind(words)).find_map(seconds_since_1970);
        let wait = || BEFORE_WAIT.iter().filter_map(|words| behind(words)).find_map(duration);
        instant.map(Self::Until).or_else(|| wait().map(Self::For))
    }

    /// What the header `Retry-After` says in seconds. The form with a date is not used by these providers.
    pub fn header(value: &str) -> Option<Self> {
        duration(value).map(Self::For)
    }
}

/// An instant in seconds since 1970.
pub(in crate::agent) fn instant(seconds: u64) -> Option<Millis> {
    // Before 2001 or after 2286 it is no instant but something else.
    (1_000_000_000..10_000_000_000).contains(&seconds).then(|| Millis(i64::try_from(seconds).unwrap_or(0) * 1_000))
}

fn seconds_since_1970(text: &str) -> Option<Millis> {
    let text = text.trim_start_matches(|c: char| "\":= \\".contains(c));
    let digits = text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().ok().and_then(instant)
}

/// A time such as `3s`, `12.5`, `2 days 3 hours 5 minutes`; a number alone is seconds.
fn duration(text: &str) -> Option<i64> {
    let mut rest = text.trim_start_matches(|c: char| "\":=( \\".contains(c));
    let mut sum = None;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        // A full stop at the end belongs to the sentence.
        let Ok(number) = rest.get(..digits)?.trim_end_matches('.').parse::<f64>() else { return sum };
        rest = rest.get(digits..)?.trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (unit, known) = match rest.get(..letters)? {
            "ms" | "milliseconds" => (1.0, true),
            "m" | "min" | "mins" | "minute" | "minutes" => (60e3, true),
            "h" | "hour" | "hours" => (3_600e3, true),
            "d" | "day" | "days" => (86_400e3, true),
            "s" | "sec" | "secs" | "second" | "seconds" => (1e3, true),
            _ => (1e3, false),
        };
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a range that fits")]
        let part = (number * unit).clamp(0.0, 3.2e10) as i64;
        sum = Some(sum.unwrap_or(0).saturating_add(part).min(LONGEST));
        if !known {
            return sum;
        }
        rest = rest.get(letters..)?.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_read_as_providers_write_them() {
        for (message, milliseconds) in [
            ("Rate limited, retry after 30 seconds.", 30_000),
            ("Please try again in 1.5s.", 1_500),
            ("Please try again in 6m0s. Visit", 360_000),
            ("try again in 2 days, 3 hours and 5 minutes", 2 * 86_400_000 + 3 * 3_600_000 + 5 * 60_000),
            ("try again in 20ms", 20),
            (r#"{"retryDelay": "34s"}"#, 34_000),
            (r#"{\"retryDelay\":\"3s\"}"#, 3_000),
            ("resets_in_seconds\":90}", 90_000),
            ("retry-after: 7", 7_000),
            ("try again in 99999999999999 days", LONGEST),
        ] {
            assert_eq!(Wait::said(message), Some(Wait::For(milliseconds)), "{message}");
        }
        assert_eq!(
            Wait::said("Claude AI usage limit reached|1767225600"),
            Some(Wait::Until(Millis(1_767_225_600_000)))
        );
        assert_eq!(Wait::said(r#""resets_at":1767225600,"#), Some(Wait::Until(Millis(1_767_225_600_000))));
        for nothing in ["", "try again in a while", "Please try again later.", "limit reached|soon", "resets_at: 5"] {
            assert_eq!(Wait::said(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_wait_needs_a_beginning() {
        assert_eq!(Wait::For(5).from(Some(Millis(10))), Some(Millis(15)));
        assert_eq!(Wait::For(5).from(None), None);
        assert_eq!(Wait::Until(Millis(3)).from(None), Some(Millis(3)));
    }

    proptest! {
        #[test]
        fn any_message_is_read(words in "(try again in |retry after |resets_at|limit reached\\|)", rest in ".{0,60}") {
            Wait::said(&format!("{words}{rest}"));
        }
    }
}
