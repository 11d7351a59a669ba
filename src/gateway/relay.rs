//! One request on its way to the provider and back.

use super::body::{self, Answer};
use super::metered::ModelWay;
use super::provider::{GatewayError, Provider};
use super::redact::Redactor;
use super::refusal::Refusal;
use super::routes::{self, Route};
use crate::models::Tally;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long the beginning of an answer may take: models that do not stream think first.
const ANSWER: Duration = Duration::from_mins(10);

/// Passes a request on, or says why not. Never fails: whoever asks always gets an answer.
pub(super) async fn relay(way: &ModelWay, request: Request<Incoming>) -> Response<Answer> {
    let (begun, run) = (Instant::now(), way.run);
    let (method, path) = (request.method().clone(), shorten(request.uri().path()));
    let outcome = try_relay(way, request).await;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let answer = outcome.unwrap_or_else(|refusal| {
        if matches!(refusal, Refusal::NoKey | Refusal::Unreachable | Refusal::TooLate | Refusal::NoAccount) {
            way.answers.note(refusal.status(), &HeaderMap::new());
        }
        refused(&way.provider, refusal)
    });
    let (status, name) = (answer.status().as_u16(), way.provider.name.as_str());
    tracing::info!(%run, provider = name, %method, path, status, milliseconds, "a request of an agent");
    answer
}

async fn try_relay(way: &ModelWay, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
    let provider = &way.provider;
    let (parts, body) = request.into_parts();
    let path = match routes::admit(provider.api, &parts.method, &parts.uri, &parts.headers)? {
        Route::Alive => return Ok(Response::new(body::whole(String::new()))),
        Route::Forward(path) => path,
    };
    let body = body::collect(body, &way.bodies).await?;
    let key = read_key(provider).await.map_err(|error| trouble(provider, &error, Refusal::NoKey))?;
    let unreachable = |error: GatewayError| trouble(provider, &error, Refusal::Unreachable);
    let (address, connections) = (provider.address(&path).map_err(unreachable)?, provider.connections());
    let connections = connections.map_err(unreachable)?;
    let credential = key.as_ref().map(|key| provider.credential(key)).transpose().map_err(unreachable)?;
    let mut account = way.admit(&path, &body).await?;
    let mut onward = Request::new(Full::new(body));
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = address;
    *onward.headers_mut() = routes::outgoing(&parts.headers);
    if let Some((name, value)) = credential {
        onward.headers_mut().insert(name, value);
    }
    let answer = match timeout(ANSWER, connections.request(onward)).await {
        Ok(Ok(answer)) => answer,
        failed => {
            let unsent = matches!(&failed, Ok(Err(error)) if error.is_connect());
            if let Some(account) = account {
                account.failed(unsent).await;
            }
            return Err(match failed {
                Ok(Err(error)) => trouble(provider, &Chain(&error), Refusal::Unreachable),
                _ => Refusal::TooLate,
            });
        }
    };
    let (parts, body) = answer.into_parts();
    way.answers.note(parts.status, &parts.headers);
    if let Some(account) = &mut account {
        account.answered(parts.status.as_u16(), Tally::new(provider.api, is_stream(&parts.headers)));
    }
    let redactor = Redactor::new(key);
    let headers = routes::incoming(&parts.headers, |value| redactor.finds(value));
    let mut passed = Response::new(body::passing(body, redactor, account));
    *passed.status_mut() = parts.status;
    *passed.headers_mut() = headers;
    Ok(passed)
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

async fn read_key(provider: &Arc<Provider>) -> Result<Option<secrecy::SecretString>, GatewayError> {
    let reader = Arc::clone(provider);
    let read = tokio::task::spawn_blocking(move || reader.key()).await;
    read.unwrap_or_else(|error| {
        Err(GatewayError::Key { provider: provider.name.clone(), reason: format!("a worker failed: {error}") })
    })
}

/// Tells the operator in the engine's log what is none of the agent's business.
fn trouble(provider: &Provider, error: &dyn std::fmt::Display, refusal: Refusal) -> Refusal {
    tracing::warn!(provider = provider.name, "an agent's request goes no further: {error}");
    refusal
}

fn refused(provider: &Provider, refusal: Refusal) -> Response<Answer> {
    let mut answer = Response::new(body::whole(refusal.body(provider.api)));
    *answer.status_mut() = refusal.status();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn shorten(path: &str) -> String {
    path.chars().take(120).collect()
}

/// An error with what is behind it, since the outermost says little.
struct Chain<'a>(&'a (dyn Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> =
            std::iter::successors(Some(self.0), |error| (*error).source()).map(ToString::to_string).collect();
        write!(f, "{}", words.join(": "))
    }
}
