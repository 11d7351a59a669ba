//! Bodies on their way: what an agent sends, whole and up to a bound, and what comes back, piece by piece as it comes.

use super::metered::{Metered, PORTION};
use super::redact::Redactor;
use super::refusal::Refusal;
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use std::io;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// The most that one request may hold, and that all of a run's hold together until they are whole.
pub(super) const MOST_ASKED: usize = 64 << 20;
/// How long a request may take to come.
const COMING: Duration = Duration::from_mins(2);
/// The most that one answer may hold. A hundred times the longest that a model writes.
const MOST_ANSWERED: u64 = 256 << 20;
/// How long an answer may say nothing. Providers send a sign of life within seconds.
const SILENCE: Duration = Duration::from_mins(10);

/// How long the beginning of a refusal is waited for, before the agent gets any of it.
const SOON: Duration = Duration::from_secs(3);

/// What is sent on.
pub(super) type Outgoing = Full<Bytes>;
/// What goes back into the sandbox.
pub(super) type Answer = UnsyncBoxBody<Bytes, io::Error>;

/// A request's body, whole: what it may cost stands in it.
pub(super) async fn collect(body: Incoming, room: &Semaphore) -> Result<Bytes, Refusal> {
    let hint = body.size_hint();
    if hint.lower() > MOST_ASKED as u64 {
        return Err(Refusal::TooLarge);
    }
    // Room for all that it may become is taken at once: taken bit by bit, several could wait for each other.
    let most = hint.upper().and_then(|upper| usize::try_from(upper).ok()).unwrap_or(MOST_ASKED).min(MOST_ASKED);
    let portions = u32::try_from(most.div_ceil(PORTION)).unwrap_or(u32::MAX);
    let _room = room.acquire_many(portions).await.map_err(|_closed| Refusal::Unreachable)?;
    match timeout(COMING, Limited::new(body, MOST_ASKED).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        // Nobody is left to hear it.
        Ok(Err(_)) => Err(Refusal::Unreadable),
        Err(_) => Err(Refusal::TooLate),
    }
}

/// A body of our own.
pub(super) fn whole(text: String) -> Answer {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

/// The beginning of a short answer: up to so many bytes, as far as they come soon.
pub(super) async fn beginning(body: &mut Incoming, most: usize) -> Bytes {
    let mut begun = BytesMut::new();
    let whole = async {
        while begun.len() < most
            // What breaks off here breaks off for the agent, too, when it reads on.
            && let Some(Ok(frame)) = body.frame().await
        {
            if let Ok(data) = frame.into_data() {
                begun.extend_from_slice(&data);
            }
        }
    };
    let _soon = timeout(SOON, whole).await;
    begun.freeze()
}

/// An answer under way.
struct Passing {
    /// What was read of it already.
    begun: Option<Bytes>,
    body: Incoming,
    redactor: Redactor,
    account: Option<Metered>,
    bytes: u64,
    /// Rings when a person stops models.
    cut: watch::Receiver<()>,
}

/// An answer as it comes, without the key in it, with the account of what it takes. What was cut on the way is cut here, too.
pub(super) fn passing(
    begun: Option<Bytes>,
    body: Incoming,
    redactor: Redactor,
    account: Option<Metered>,
    cut: watch::Receiver<()>,
) -> Answer {
    let passing = Some(Passing { begun, body, redactor, account, bytes: 0, cut });
    StreamBody::new(unfold(passing, |state| async {
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
            let begun = self.begun.take();
            let next = async {
                match begun {
                    Some(begun) => Some(Ok(Frame::data(begun))),
                    None => self.body.frame().await,
                }
            };
            let frame = tokio::select! {
                biased;
                _ = self.cut.changed() => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a person has stopped models"));
                }
                frame = timeout(SILENCE, next) => frame,
            };
            let frame = frame.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the provider says nothing more"))?;
            let Some(frame) = frame else {
                // On disk before the agent sees the end, so that an answer that came whole is accounted for as it was.
                if let Some(mut account) = self.account.take() {
                    account.end().await;
                }
                return Ok(self.redactor.finish().map(|rest| Frame::data(Bytes::from(rest))));
            };
            // Trailers say nothing that any API needs.
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
            self.bytes = self.bytes.saturating_add(data.len() as u64);
            if self.bytes > MOST_ANSWERED {
                return Err(io::Error::other("the provider's answer is beyond every bound"));
            }
            if let Some(account) = &mut self.account {
                account.push(&data);
            }
            if let Some(passed) = self.redactor.push(&data) {
                return Ok(Some(Frame::data(Bytes::from(passed))));
            }
        }
    }
}
