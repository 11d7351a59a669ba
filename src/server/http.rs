//! Plain HTTP on the engine's socket, for collectors of metrics: `curl --unix-socket SOCKET http://dogwatch/metrics`.
//!
//! It is the same socket, since all that guards it holds for a collector as well: who may come in, the kernel's word on who writes,
//! the places of each user, the roles. What speaks HTTP is known by its first letter, which no line of JSON begins with; nothing can be
//! changed on this way.

use super::{Asker, Server};
use crate::protocol::{Reply, Request, openmetrics};
use crate::sandbox::Sandbox;
use crate::text::SafeText;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, join};

/// How long a collector may take for all of it.
const LONGEST: Duration = Duration::from_secs(30);
/// The most that is held of a request.
const BUFFER: usize = 16 * 1024;
/// Days that are counted where the request does not say.
const DAYS: u32 = 30;

/// What collectors know the format by.
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Whether what a client writes first is the beginning of a request of HTTP.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_uppercase)
}

/// What is answered.
struct Answer {
    status: StatusCode,
    format: &'static str,
    body: String,
}

impl Answer {
    fn words(status: StatusCode, body: impl Into<String>) -> Self {
        Self { status, format: PLAIN, body: body.into() + "\n" }
    }

    fn response(self) -> Response<String> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let mut head = |name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
        };
        head(CONTENT_TYPE, self.format);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            head(ALLOW, "GET, HEAD");
        }
        response
    }
}

impl<S: Sandbox> Server<S> {
    /// Answers one request of HTTP.
    pub(super) async fn collector<R, W>(self: &Arc<Self>, read: R, write: W, you: &Asker)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let service =
            service_fn(|request| async move { Ok::<_, Infallible>(self.collected(&request, you).await.response()) });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(LONGEST)
            .max_buf_size(BUFFER)
            .keep_alive(false)
            .serve_connection(TokioIo::new(join(read, write)), service);
        match tokio::time::timeout(LONGEST, served).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("a collector's connection ended: {error}"),
            Err(_) => tracing::debug!("a collector took longer than {} seconds", LONGEST.as_secs()),
        }
    }

    async fn collected(&self, request: &hyper::Request<Incoming>, you: &Asker) -> Answer {
        if request.uri().path() != "/metrics" {
            return Answer::words(StatusCode::NOT_FOUND, "there is nothing but /metrics here");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Answer::words(StatusCode::METHOD_NOT_ALLOWED, "metrics are read, so ask with GET");
        }
        let Some(days) = days(request.uri().query()) else {
            return Answer::words(StatusCode::BAD_REQUEST, "write ?days=30 for another span of days, or nothing");
        };
        let asked = Request::Metrics { days };
        let needed = asked.needs();
        if !self.people.may(&you.peer, needed).await {
            let refusal = self.people.refusal(&you.peer, needed, "`metrics`").await;
            tracing::warn!(uid = you.peer.uid, "refused: {refusal}");
            return Answer::words(StatusCode::FORBIDDEN, refusal);
        }
        match self.metrics(days).await {
            Ok(Reply::Metrics { metrics }) => {
                let lines: Vec<String> = openmetrics::lines(&metrics).iter().map(SafeText::plain).collect();
                Answer { status: StatusCode::OK, format: FORMAT, body: lines.join("\n") + "\n" }
            }
            Ok(_) => Answer::words(StatusCode::INTERNAL_SERVER_ERROR, "the metrics are not what they should be"),
            Err(fault) => Answer::words(StatusCode::SERVICE_UNAVAILABLE, fault.message),
        }
    }
}

/// The span of days that a request asks for.
fn days(query: Option<&str>) -> Option<u32> {
    match query {
        None | Some("") => Some(DAYS),
        Some(query) => query.strip_prefix("days=")?.parse().ok().filter(|days| (1..=3_650).contains(days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_the_protocol_looks_like_http_and_spans_are_read_strictly() {
        for http in ["GET / HTTP/1.1", "HEAD /metrics", "POST /", "P"] {
            assert!(begins(http.as_bytes()), "{http}");
        }
        for line in ["{\"type\":\"hello\"}", " {", "[", "\"a\"", "1", "true", "", "\n"] {
            assert!(!begins(line.as_bytes()), "{line}");
        }
        assert_eq!((days(None), days(Some("")), days(Some("days=7"))), (Some(30), Some(30), Some(7)));
        for query in ["days=0", "days=9999", "days=-1", "days=7&x=1", "x", "days="] {
            assert_eq!(days(Some(query)), None, "{query}");
        }
    }
}
