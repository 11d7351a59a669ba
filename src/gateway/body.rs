//! Bodies on their way: what an agent sends, up to a bound, and what comes back, piece by piece as it comes.

use super::redact::Redactor;
use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// The most that one request may hold.
pub(super) const MOST_ASKED: usize = 64 << 20;
/// The most that one answer may hold. A hundred times the longest that a model writes.
const MOST_ANSWERED: u64 = 256 << 20;
/// How long an answer may say nothing. Providers send a sign of life within seconds.
const SILENCE: Duration = Duration::from_mins(10);

/// What goes back into the sandbox.
pub(super) type Answer = UnsyncBoxBody<Bytes, io::Error>;

/// A request's body, which fails as soon as it is beyond its bound.
pub(super) fn bounded(body: Incoming) -> Limited<Incoming> {
    Limited::new(body, MOST_ASKED)
}

/// A body of our own.
pub(super) fn whole(text: String) -> Answer {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

/// An answer under way.
struct Passing {
    body: Incoming,
    redactor: Redactor,
    bytes: u64,
}

/// An answer as it comes, without the key in it. What was cut on the way is cut here, too.
pub(super) fn passing(body: Incoming, redactor: Redactor) -> Answer {
    let begun = Some(Passing { body, redactor, bytes: 0 });
    StreamBody::new(unfold(begun, |state| async {
        let mut state = state?;
        match state.next().await {
            Ok(Some(frame)) => Some((Ok(frame), Some(state))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
    .boxed_unsync()
}

impl Passing {
    async fn next(&mut self) -> io::Result<Option<Frame<Bytes>>> {
        loop {
            let frame = timeout(SILENCE, self.body.frame()).await;
            let frame = frame.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the provider says nothing more"))?;
            let Some(frame) = frame else {
                return Ok(self.redactor.finish().map(|rest| Frame::data(Bytes::from(rest))));
            };
            // Trailers say nothing that any API needs.
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
            self.bytes = self.bytes.saturating_add(data.len() as u64);
            if self.bytes > MOST_ANSWERED {
                return Err(io::Error::other("the provider's answer is beyond every bound"));
            }
            if let Some(passed) = self.redactor.push(&data) {
                return Ok(Some(Frame::data(Bytes::from(passed))));
            }
        }
    }
}
