//! What class of ending a provider's refusal makes, from its status and its words. Only what an agent itself reports as an
//! error is asked here, never what the model wrote.

use super::wait::Wait;
use crate::domain::Ending;

/// Words that tell what a refusal is about where its status does not; the first line that fits counts.
const WORDS: [(Class, &[&str]); 6] = [
    (
        Class::Billing,
        &[
            "credit balance",
            "insufficient_quota",
            "insufficient quota",
            "billing_error",
            "out of credits",
            "payment required",
        ],
    ),
    (
        Class::Context,
        &[
            "prompt is too long",
            "context window",
            "context_length_exceeded",
            "maximum context length",
            "input is too long",
            "exceeds the maximum number of tokens",
            "contextoverflow",
            "request_too_large",
        ],
    ),
    (
        Class::Auth,
        &[
            "authentication",
            "unauthenticated",
            "unauthorized",
            "api key not valid",
            "api_key_invalid",
            "invalid api key",
            "invalid x-api-key",
            "permission_error",
            "permission_denied",
            "please run /login",
            "not logged in",
            "oauth token",
        ],
    ),
    (
        Class::RateLimited,
        &["rate_limit", "rate limit", "usage limit", "hit your limit", "resource_exhausted", "too many requests"],
    ),
    (
        Class::Overloaded,
        &[
            "overloaded",
            "server_error",
            "internal server error",
            "service unavailable",
            "bad gateway",
            "timed out",
            "timeout",
            "connection",
            "econnrefused",
            "econnreset",
            "fetch failed",
            "stream disconnected",
            "stream closed",
            "waiting for network",
            "network error",
            "at capacity",
            "high demand",
            "could not connect",
            // What Node says of an answer that broke off.
            "api error: terminated",
        ],
    ),
    (
        Class::Misconfigured,
        &["model_not_found", "not_found_error", "model not found", "unknown model", "no such model"],
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Billing,
    Context,
    Auth,
    RateLimited,
    Overloaded,
    Misconfigured,
}

/// A refusal as an agent reports it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::agent) struct Fault {
    /// The class; the reset time of a limit is in `wait`.
    pub ending: Ending,
    /// The agent's words, bounded.
    pub words: String,
    /// When it may go on.
    pub wait: Option<Wait>,
}

impl Fault {
    /// A fault of a class that is known.
    pub fn new(ending: Ending, words: &str) -> Self {
        Self { ending, words: super::event::bounded(words), wait: None }
    }

    /// Reads a refusal: its status of HTTP where that is stated apart, the kind that the agent gives it, and its message.
    pub fn read(status: Option<u16>, kind: &str, message: &str) -> Self {
        let status = status.or_else(|| status_in(message));
        let lower = format!("{kind}\n{message}").to_ascii_lowercase();
        let worded =
            WORDS.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word))).map(|(class, _)| *class);
        let class = match (status, worded) {
            // These say more than the status: providers send 400 or 429 with them.
            (_, Some(Class::Billing)) | (Some(402), _) => Some(Class::Billing),
            (None | Some(400 | 413), Some(Class::Context)) | (Some(413), _) => Some(Class::Context),
            (Some(401 | 403), _) | (Some(400), Some(Class::Auth)) => Some(Class::Auth),
            (None | Some(429), _) if kept_out(&lower) => Some(Class::Billing),
            (Some(429), _) => Some(Class::RateLimited),
            (Some(408 | 500..), _) => Some(Class::Overloaded),
            (Some(400 | 404 | 405 | 410 | 422), _) => Some(Class::Misconfigured),
            (_, worded) => worded,
        };
        let ending = match class {
            Some(Class::Billing) => Ending::Billing,
            // A new turn begins with an empty context.
            Some(Class::Context) => Ending::OwnLimit,
            Some(Class::Auth) => Ending::Auth,
            Some(Class::RateLimited) => Ending::RateLimited { until: None },
            Some(Class::Overloaded) => Ending::Overloaded,
            Some(Class::Misconfigured) => Ending::Misconfigured,
            None => Ending::Crashed,
        };
        Self { ending, words: super::event::bounded(message), wait: Wait::said(message) }
    }
}

/// A quota that no waiting brings back: with a time to wait it is an ordinary limit, whatever it is called.
fn kept_out(lower: &str) -> bool {
    lower.contains("check your plan and billing details")
        && !lower.contains("resource_exhausted")
        && Wait::said(lower).is_none()
}

/// A status of HTTP in a message such as `unexpected status 401 Unauthorized` or `{"error":{"code":429,...`.
pub(in crate::agent) fn status_in(message: &str) -> Option<u16> {
    let before =
        ["status ", "status: ", "status code ", "\"code\":", "\"code\": ", "\\\"code\\\":", "HTTP ", "API Error: "];
    before.iter().find_map(|words| {
        message.match_indices(words).find_map(|(at, _)| {
            let digits = message.get(at + words.len()..at + words.len() + 3)?;
            let next = message.get(at + words.len() + 3..).and_then(|rest| rest.chars().next());
            let status = digits.parse().ok().filter(|status| (400..600).contains(status))?;
            (!next.is_some_and(|c| c.is_ascii_digit())).then_some(status)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: Option<u16>, kind: &str, message: &str) -> &'static str {
        Fault::read(status, kind, message).ending.name()
    }

    #[test]
    fn refusals_are_told_apart() {
        for (status, kind, message, name) in [
            (Some(529), "overloaded", "Overloaded", "overloaded"),
            (Some(500), "", "Internal server error", "overloaded"),
            (Some(401), "authentication_failed", "Invalid API key", "auth"),
            (Some(403), "", "Your account does not have access to this model", "auth"),
            (Some(400), "", "API key not valid. Please pass a valid API key.", "auth"),
            (Some(400), "billing_error", "Credit balance is too low", "billing"),
            (Some(429), "insufficient_quota", "You exceeded your current quota", "billing"),
            (Some(429), "", "You exceeded your current quota, please check your plan and billing details.", "billing"),
            (None, "", "Quota exceeded. Check your plan and billing details.", "billing"),
            (Some(429), "", "RESOURCE_EXHAUSTED: check your plan and billing details. retryDelay: 34s", "rate_limited"),
            (Some(429), "rate_limit", "slow down", "rate_limited"),
            (Some(400), "", "prompt is too long: 210000 tokens > 200000 maximum", "own_limit"),
            (None, "", "the model's context window", "own_limit"),
            (Some(404), "model_not_found", "model: x", "misconfigured"),
            (Some(400), "", "tools.0: wrong", "misconfigured"),
            (None, "", "unexpected status 401 Unauthorized: invalid x-api-key", "auth"),
            (None, "", "exceeded retry limit, last status: 429 Too Many Requests", "rate_limited"),
            (None, "", "stream disconnected before completion", "overloaded"),
            (None, "", "Request timed out", "overloaded"),
            (None, "", r#"[API Error: {"error":{"code":503,"message":"x"}}]"#, "overloaded"),
            (None, "", "something else", "crashed"),
            (None, "", "", "crashed"),
        ] {
            assert_eq!(class(status, kind, message), name, "{status:?} {kind} {message}");
        }
    }

    #[test]
    fn a_status_is_three_digits() {
        assert_eq!(status_in("status 4010"), None);
        assert_eq!(status_in("status 401, and status 500"), Some(401));
        assert_eq!(status_in("status 20 status: 429"), Some(429));
        assert_eq!(status_in("status ✓✓✓"), None);
    }
}
