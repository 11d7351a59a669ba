//! The way out of a sandbox to hosts that a list names: a proxy on the run's own socket, by `CONNECT` for TLS and by requests
//! with a whole address for HTTP. A sandbox has no other way and no DNS.
//!
//! ```text
//! program → 127.0.0.1:PORT (the shim) → the run's socket → list → look-up → addresses → record → dial → greeting → host
//! ```
//!
//! Whatever is not plainly allowed is refused: a host in any second spelling (`policy`), one that is on no list, an address that
//! is not public (`vet`), a tunnel whose TLS names another host (`greeting`), bytes beyond the run's budget (`budget`). Each
//! request is recorded (`books`), the first to a place before it happens.
//!
//! What stays open: who serves an allowed host sees what is sent there, and a content network may serve others under the same
//! address ("fronting"); and an allowed host that takes uploads takes them from here. Only the budget of bytes bounds that.

mod ask;
mod books;
mod budget;
mod denied;
mod fetch;
mod greeting;
mod outside;
mod own;
mod passage;
mod policy;
#[cfg(test)]
mod tests;
mod tunnel;
mod vet;

pub use books::Books;
pub use policy::Policy;
pub(in crate::gateway) use tunnel::Tunnel;

use super::body::Answer;
use super::said::Said;
use crate::domain::{EgressSeen, Millis, RunId};
use budget::Budget;
use denied::Denied;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use outside::{Internet, Outside};
use passage::Passage;
use policy::{Road, Speech, Target};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Connections to outside of one run at once; further ones wait.
const MOST: usize = 48;
/// How long a request waits for a place.
const WAIT: Duration = Duration::from_secs(30);
/// Bytes of a host that are taken down where it is none.
const LONGEST_ODDITY: usize = 253;

/// The way out of one run.
#[derive(Debug)]
pub(in crate::gateway) struct WayOut {
    run: RunId,
    policy: Arc<Policy>,
    books: Books,
    outside: Arc<dyn Outside>,
    budget: OnceCell<Arc<Budget>>,
    places: Arc<Semaphore>,
    /// What the engine's log may tell of it.
    said: Arc<Said>,
}

/// A connection that was vetted, recorded and made.
struct Opened {
    stream: TcpStream,
    passage: Passage,
    place: OwnedSemaphorePermit,
}

impl WayOut {
    /// The way to the internet, as far as a policy goes.
    pub fn new(run: RunId, policy: Arc<Policy>, books: Books) -> Self {
        Self::over(run, policy, books, Arc::new(Internet))
    }

    fn over(run: RunId, policy: Arc<Policy>, books: Books, outside: Arc<dyn Outside>) -> Self {
        let places = Arc::new(Semaphore::new(MOST));
        let said = Arc::new(Said::new(run));
        Self { run, policy, books, outside, budget: OnceCell::new(), places, said }
    }

    /// Answers a request that is meant for some host outside. A tunnel that is granted begins on the same connection behind the
    /// answer: it is laid into `tunnel`.
    pub async fn answer(&self, request: Request<Incoming>, tunnel: &Tunnel) -> Response<Answer> {
        let begun = Instant::now();
        let (host, port) = asked(&request);
        let answer = if request.method() == Method::CONNECT {
            tunnel::grant(self, &request, tunnel).await
        } else {
            fetch::fetch(self, request).await
        };
        answer.unwrap_or_else(|denied| {
            self.note(host, port, false, denied.word().to_owned(), begun);
            denied.answer()
        })
    }

    /// Everything that comes before the first byte: the list, the budget, the addresses, the record, and only then the dialling.
    async fn open(&self, target: &Target, speech: Speech) -> Result<Opened, Denied> {
        let road = match self.policy.judge(target, speech) {
            Err(Denied::Unlisted) => self.allowed(target, speech).await?,
            judged => judged?,
        };
        let place = timeout(WAIT, Arc::clone(&self.places).acquire_owned()).await;
        // Never closed.
        let place = place.map_err(|_| Denied::Crowded)?.map_err(|_| Denied::Crowded)?;
        let budget = self.budget().await?;
        if budget.is_spent() {
            return Err(Denied::Spent);
        }
        let addresses = outside::addresses(&*self.outside, target, &road).await?;
        let passage = self.passage(target, &road, budget);
        self.books.before(passage.seen()).await.map_err(|error| {
            if self.said.may() {
                tracing::warn!(run = %self.run, "what goes out cannot be recorded: {error}");
            }
            Denied::Unrecorded
        })?;
        let stream = outside::dial(&*self.outside, &addresses).await.inspect_err(|_| passage.fail())?;
        Ok(Opened { stream, passage, place })
    }

    /// The way to a host that is on no list, where a person has opened it for this run.
    async fn allowed(&self, target: &Target, speech: Speech) -> Result<Road, Denied> {
        match self.books.allowed(self.run, &target.host).await {
            Ok(Some(question)) => self.policy.by_person(target, speech, question),
            Ok(None) => Err(Denied::Unlisted),
            Err(error) => {
                if self.said.may() {
                    tracing::warn!(run = %self.run, "what people allowed cannot be told: {error}");
                }
                Err(Denied::Unlisted)
            }
        }
    }

    fn passage(&self, target: &Target, road: &Road, budget: Arc<Budget>) -> Passage {
        let row = self.row(target.host.to_string(), target.port, true, road.word.clone());
        Passage::new(row, budget, self.books.clone(), Arc::clone(&self.said))
    }

    /// What the run may still send and fetch, which the store knows from before.
    async fn budget(&self) -> Result<Arc<Budget>, Denied> {
        let known = self.budget.get_or_try_init(|| async {
            let spent = self.books.spent(self.run).await?;
            Ok(Arc::new(Budget::new(self.policy.most(), spent)))
        });
        known.await.cloned().map_err(|error: crate::store::StoreError| {
            if self.said.may() {
                tracing::warn!(run = %self.run, "what a run has sent and fetched cannot be told: {error}");
            }
            Denied::Unrecorded
        })
    }

    fn row(&self, host: String, port: u16, allowed: bool, rule: String) -> EgressSeen {
        let now = now();
        EgressSeen {
            run: self.run,
            host,
            port,
            allowed,
            rule,
            requests: 1,
            up: 0,
            down: 0,
            milliseconds: 0,
            first: now,
            last: now,
        }
    }

    fn note(&self, host: String, port: u16, allowed: bool, rule: String, begun: Instant) {
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.said.may() {
            tracing::info!(run = %self.run, host, port, allowed, rule, milliseconds, "a request to outside");
        }
        self.books.note(&EgressSeen { milliseconds, ..self.row(host, port, allowed, rule) });
    }
}

impl Drop for WayOut {
    fn drop(&mut self) {
        self.books.forget(self.run);
    }
}

/// What a request asks for, as it is taken down where it is refused.
fn asked(request: &Request<Incoming>) -> (String, u16) {
    let authority = request.uri().authority().map_or("", hyper::http::uri::Authority::as_str);
    let usual = if request.method() == Method::CONNECT { policy::TLS } else { policy::PLAIN };
    match Target::parse(authority, Some(usual)) {
        Ok(target) => (target.host.to_string(), target.port),
        Err(_) => (authority.chars().take(LONGEST_ODDITY).collect(), 0),
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
