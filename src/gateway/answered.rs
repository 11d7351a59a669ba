//! What the provider said last, and when the account's limit ends by the headers of a refusal. Some agents pass that on, others
//! keep it to themselves.

use crate::domain::Millis;
use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest that is believed, in milliseconds: a month.
const LONGEST: i64 = 31 * 86_400_000;

/// How the last request of a run was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The status of HTTP; the engine's own where the provider could not be asked.
    pub status: u16,
    /// When the account's limit ends that was met last, if that was said.
    pub until: Option<Millis>,
    /// Why the gateway itself refused one, if it did.
    pub refused: Option<Refused>,
}

/// Why a request was not sent on at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A person had stopped models.
    Stopped,
    /// What the turn may take is used up.
    UsedUp,
    /// The role may not ask this model.
    Model(String),
    /// There is a cap on money, and nobody said what this model costs.
    Price(String),
}

/// The same while requests come; zeros where there is nothing to tell.
#[derive(Debug, Default)]
pub(super) struct Answers {
    status: AtomicU16,
    until: AtomicI64,
    refused: Mutex<Option<Refused>>,
}

impl Answers {
    /// Takes up what an answer says. One that succeeds ends every limit.
    pub fn note(&self, status: StatusCode, headers: &HeaderMap) {
        let now = now();
        self.status.store(status.as_u16(), Ordering::Relaxed);
        if status.is_success() {
            self.until.store(0, Ordering::Relaxed);
            // Whoever is answered again has waited as it should.
            self.refused_now().take_if(|why| *why == Refused::Stopped);
        } else if status == StatusCode::TOO_MANY_REQUESTS
            && let Some(until) = stated(headers, now)
        {
            self.until.store(until.0, Ordering::Relaxed);
        }
    }

    /// Takes up that the gateway refuses a request. The first one says most, but for one that passes.
    pub fn refuse(&self, why: Refused) {
        let mut refused = self.refused_now();
        refused.take_if(|before| *before == Refused::Stopped);
        refused.get_or_insert(why);
    }

    fn refused_now(&self) -> MutexGuard<'_, Option<Refused>> {
        // Every change under this lock is a single one, so a panic cannot leave it half done.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last one, if anything was asked.
    pub fn last(&self) -> Option<Answered> {
        let until = Some(Millis(self.until.load(Ordering::Relaxed))).filter(|until| until.0 > 0);
        let refused = self.refused_now().clone();
        let last = Answered { status: self.status.load(Ordering::Relaxed), until, refused };
        Some(last).filter(|last| last.status > 0 || last.refused.is_some())
    }
}

/// The wall clock.
pub(super) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What the headers say: seconds from now on, or an instant.
pub(super) fn stated(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    let after = text(RETRY_AFTER.as_str());
    let until = match (after.and_then(number), after.and_then(date)) {
        (Some(seconds), _) => Some(now.plus(seconds * 1_000)),
        (None, Some(at)) => Some(at),
        // The end of a subscription's window, in seconds since 1970.
        (None, None) => text("anthropic-ratelimit-unified-reset").and_then(number).map(|at| Millis(at * 1_000)),
    };
    until.filter(|until| *until >= now && *until <= now.plus(LONGEST))
}

fn date(text: &str) -> Option<Millis> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| Millis(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(name: &'static str, value: &str) -> Option<i64> {
        let headers = HeaderMap::from_iter([(hyper::header::HeaderName::from_static(name), value.parse().unwrap())]);
        stated(&headers, Millis(1_767_225_600_000)).map(|until| until.0)
    }

    #[test]
    fn the_end_of_a_limit_is_read_in_every_form() {
        assert_eq!(at("retry-after", "7"), Some(1_767_225_607_000));
        assert_eq!(at("retry-after", "Thu, 01 Jan 2026 00:01:00 GMT"), Some(1_767_225_660_000));
        assert_eq!(at("anthropic-ratelimit-unified-reset", "1767229200"), Some(1_767_229_200_000));
        for nothing in ["", "-5", "soon", "99999999999", "4000000000", "Thu, 01 Jan 1970 00:01:00 GMT"] {
            assert_eq!(at("retry-after", nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_limit_is_over_when_something_succeeds() {
        let answers = Answers::default();
        assert_eq!(answers.last(), None);
        let last = |answers: &Answers| answers.last().map(|last| (last.status, last.until.is_some()));
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "60".parse().unwrap())]);
        answers.note(StatusCode::INTERNAL_SERVER_ERROR, &headers);
        assert_eq!(last(&answers), Some((500, false)));
        answers.note(StatusCode::TOO_MANY_REQUESTS, &headers);
        assert_eq!(last(&answers), Some((429, true)));
        answers.note(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new());
        assert_eq!(last(&answers), Some((429, true)));
        answers.note(StatusCode::OK, &headers);
        assert_eq!(last(&answers), Some((200, false)));
    }
}
