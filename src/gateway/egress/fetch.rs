//! HTTP without TLS, as package managers of distributions have it, which check signatures themselves: reading only, one request
//! a connection. Redirects go back inside as they are, so whoever follows them asks here again.

use super::super::body::Answer;
use super::super::routes::kept;
use super::budget::Way;
use super::denied::Denied;
use super::passage::Passage;
use super::policy::{PLAIN, Speech, Target};
use super::{Opened, WayOut};
use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use std::io;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long the beginning of an answer may take.
const ANSWER: Duration = Duration::from_mins(2);
/// How long an answer may say nothing.
const SILENCE: Duration = Duration::from_mins(2);
/// The longest that an answer lasts.
const LONGEST: Duration = Duration::from_hours(1);

/// Fetches what a request names.
pub(super) async fn fetch(way: &WayOut, request: Request<Incoming>) -> Result<Response<Answer>, Denied> {
    let target = admit(&request)?;
    let Opened { stream, passage, place } = way.open(&target, Speech::Http).await?;
    let onward = onward(&request, &target)?;
    let sent = send(stream, onward, &passage).await;
    let (answer, task) = sent.inspect_err(|_| passage.fail())?;
    let (parts, body) = answer.into_parts();
    let under_way = UnderWay { body, passage, begun: Instant::now(), _task: task, _place: place };
    let mut passed = Response::new(under_way.stream());
    *passed.status_mut() = parts.status;
    *passed.headers_mut() = kept(&parts.headers).map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(passed)
}

/// Sends a request and waits for the beginning of its answer. The connection lasts as long as the task that is given.
async fn send(
    stream: TcpStream,
    onward: Request<Empty<Bytes>>,
    passage: &Passage,
) -> Result<(Response<Incoming>, Task), Denied> {
    passage.count(Way::Up, size(onward.headers()) + onward.uri().to_string().len())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Denied::Unreachable)?;
    let task = Task(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection to outside ended: {error}");
        }
    }));
    let answer = timeout(ANSWER, sender.send_request(onward)).await.map_err(|_| Denied::TooSlow)?;
    let answer = answer.map_err(|_| Denied::Unreachable)?;
    passage.count(Way::Down, size(answer.headers()))?;
    Ok((answer, task))
}

/// Where a request goes, if it is one for reading that says the same everywhere.
fn admit(request: &Request<Incoming>) -> Result<Target, Denied> {
    if ![Method::GET, Method::HEAD].contains(request.method()) || !request.body().is_end_stream() {
        return Err(Denied::Method);
    }
    if request.uri().scheme_str() != Some("http") {
        return Err(Denied::Port);
    }
    let authority = request.uri().authority().ok_or(Denied::Spelling)?;
    let target = Target::parse(authority.as_str(), Some(PLAIN))?;
    let mut hosts = request.headers().get_all(HOST).iter();
    let named = hosts.next().and_then(|host| host.to_str().ok()).ok_or(Denied::OtherHost)?;
    if hosts.next().is_some() || Target::parse(named, Some(PLAIN)).ok().as_ref() != Some(&target) {
        return Err(Denied::OtherHost);
    }
    Ok(target)
}

/// The request as the host gets it.
fn onward(request: &Request<Incoming>, target: &Target) -> Result<Request<Empty<Bytes>>, Denied> {
    let path = request.uri().path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str);
    let mut onward = Request::new(Empty::new());
    *onward.method_mut() = request.method().clone();
    *onward.uri_mut() = path.parse::<Uri>().map_err(|_| Denied::Spelling)?;
    let mut headers: HeaderMap = kept(request.headers())
        .filter(|(name, _)| !name.as_str().starts_with("proxy-") && **name != EXPECT)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<HeaderMap<HeaderValue>>();
    let host = if target.port == PLAIN { target.host.to_string() } else { format!("{}:{}", target.host, target.port) };
    headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| Denied::Spelling)?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    *onward.headers_mut() = headers;
    Ok(onward)
}

/// About as many bytes as these take on the wire.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4).sum()
}

/// A task that ends with whoever needs it.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer that comes piece by piece.
struct UnderWay {
    body: Incoming,
    passage: Passage,
    begun: Instant,
    _task: Task,
    _place: OwnedSemaphorePermit,
}

impl UnderWay {
    fn stream(self) -> Answer {
        let stream = unfold(Some(self), |state| async {
            let mut state = state?;
            match state.next().await {
                Ok(Some(data)) => Some((Ok(Frame::data(data)), Some(state))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        StreamBody::new(stream).boxed_unsync()
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let cut = |denied: Denied| {
            self.passage.refuse(denied);
            io::Error::other(denied.word())
        };
        if self.begun.elapsed() >= LONGEST {
            return Err(cut(Denied::TooSlow));
        }
        loop {
            let frame = match timeout(SILENCE, self.body.frame()).await {
                Ok(Some(frame)) => frame.map_err(io::Error::other)?,
                Ok(None) => return Ok(None),
                Err(_) => return Err(cut(Denied::TooSlow)),
            };
            // Trailers say nothing that anybody needs.
            let Ok(data) = frame.into_data() else { continue };
            self.passage.count(Way::Down, data.len()).map_err(cut)?;
            return Ok(Some(data));
        }
    }
}
