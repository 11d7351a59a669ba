//! A tunnel for TLS: granted by an answer to `CONNECT`, and then bytes both ways on the same connection, once its first message
//! has named the right host.

use super::super::body::{self, Answer};
use super::budget::Way;
use super::denied::Denied;
use super::greeting;
use super::passage::Passage;
use super::policy::{Speech, Target};
use super::{Opened, WayOut};
use crate::domain::HostName;
use hyper::body::{Bytes, Incoming};
use hyper::header::HOST;
use hyper::{Request, Response};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

/// The longest that a tunnel lasts.
const LONGEST: Duration = Duration::from_hours(1);
/// How long nothing may pass either way.
const IDLE: Duration = Duration::from_mins(2);
/// Between two looks for that.
const LOOK: Duration = Duration::from_secs(5);
/// Bytes that are carried at once.
const PIECE: usize = 32 * 1024;

/// The tunnel of one connection, once one was granted.
#[derive(Default)]
pub(in crate::gateway) struct Tunnel(Mutex<Option<Granted>>);

/// One that was granted and whose other end is connected.
pub(in crate::gateway) struct Granted {
    host: HostName,
    opened: Opened,
}

impl Tunnel {
    /// What was granted, if anything was.
    pub fn take(&self) -> Option<Granted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Grants a tunnel. It begins after the answer.
pub(super) async fn grant(
    way: &WayOut,
    request: &Request<Incoming>,
    tunnel: &Tunnel,
) -> Result<Response<Answer>, Denied> {
    let authority = request.uri().authority().ok_or(Denied::Spelling)?;
    let target = Target::parse(authority.as_str(), None)?;
    for named in request.headers().get_all(HOST) {
        let named = named.to_str().map_err(|_| Denied::OtherHost)?;
        // Some name the host alone.
        if Target::parse(named, Some(target.port)).ok().as_ref() != Some(&target) {
            return Err(Denied::OtherHost);
        }
    }
    let opened = way.open(&target, Speech::Tls).await?;
    *tunnel.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Granted { host: target.host, opened });
    Ok(Response::new(body::whole(String::new())))
}

impl Granted {
    /// Carries bytes until either end has enough, or somebody has to be stopped. `early` came behind the request already.
    pub async fn carry(self, mut inside: UnixStream, early: Bytes) {
        let Opened { stream: mut outside, passage, place: _place } = self.opened;
        let carried = async {
            let hello = greeting::read(&mut inside, &early, &self.host).await?;
            passage.count(Way::Up, hello.len())?;
            outside.write_all(&hello).await.map_err(|_| Denied::Unreachable)?;
            carry(&mut inside, &mut outside, &passage).await
        };
        let carried = timeout(LONGEST, carried).await.unwrap_or(Err(Denied::TooSlow));
        if let Err(denied) = carried {
            passage.refuse(denied);
            if matches!(denied, Denied::NoName | Denied::OtherName) {
                // Whether it is heard or not, nothing more comes.
                let _ = inside.write_all(&greeting::ALERT).await;
            }
        }
    }
}

/// When something passed last, in milliseconds since the beginning.
struct Pulse {
    begun: Instant,
    last: AtomicU64,
}

impl Pulse {
    fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Returns when nothing has passed for too long.
    async fn stops(&self) {
        loop {
            sleep(LOOK).await;
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            if self.begun.elapsed().saturating_sub(last) >= IDLE {
                return;
            }
        }
    }
}

async fn carry(inside: &mut UnixStream, outside: &mut tokio::net::TcpStream, passage: &Passage) -> Result<(), Denied> {
    let pulse = Pulse { begun: Instant::now(), last: AtomicU64::new(0) };
    let (from_inside, to_inside) = inside.split();
    let (from_outside, to_outside) = outside.split();
    let both = async {
        tokio::try_join!(
            pump(from_inside, to_outside, Way::Up, passage, &pulse),
            pump(from_outside, to_inside, Way::Down, passage, &pulse)
        )
    };
    tokio::select! {
        carried = both => match carried {
            Ok(_) | Err(Cut::Ended) => Ok(()),
            Err(Cut::Denied(denied)) => Err(denied),
        },
        () = pulse.stops() => Err(Denied::TooSlow),
    }
}

/// Why bytes go no further.
enum Cut {
    /// An end is gone, as ends may.
    Ended,
    /// It is not allowed any more.
    Denied(Denied),
}

impl From<io::Error> for Cut {
    fn from(_: io::Error) -> Self {
        Self::Ended
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: Way,
    passage: &Passage,
    pulse: &Pulse,
) -> Result<(), Cut> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 {
            // The other way may go on for a while.
            return Ok(to.shutdown().await?);
        }
        passage.count(way, count).map_err(Cut::Denied)?;
        to.write_all(piece.get(..count).unwrap_or_default()).await?;
        pulse.beat();
    }
}
