//! What the provider said last, and when the account's limit ends by its word (see `limit`). Some agents pass that on, others keep it
//! to themselves.

use crate::domain::Millis;
use hyper::StatusCode;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

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
    /// Takes up what an answer says, and until when a limit holds where that was said. One that succeeds ends every limit.
    pub fn note(&self, status: StatusCode, until: Option<Millis>) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
        if status.is_success() {
            self.until.store(0, Ordering::Relaxed);
            // Whoever is answered again has waited as it should.
            self.refused_now().take_if(|why| *why == Refused::Stopped);
        } else if status == StatusCode::TOO_MANY_REQUESTS
            && let Some(until) = until
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_over_when_something_succeeds() {
        let answers = Answers::default();
        assert_eq!(answers.last(), None);
        let last = |answers: &Answers| answers.last().map(|last| (last.status, last.until.is_some()));
        let until = Some(Millis(60_000));
        answers.note(StatusCode::INTERNAL_SERVER_ERROR, until);
        assert_eq!(last(&answers), Some((500, false)));
        answers.note(StatusCode::TOO_MANY_REQUESTS, until);
        assert_eq!(last(&answers), Some((429, true)));
        answers.note(StatusCode::TOO_MANY_REQUESTS, None);
        assert_eq!(last(&answers), Some((429, true)));
        answers.note(StatusCode::OK, until);
        assert_eq!(last(&answers), Some((200, false)));
    }
}
