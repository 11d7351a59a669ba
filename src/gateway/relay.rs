//! One request on its way to the provider and back.

use super::answered::Answers;
use super::body::{self, Answer};
use super::provider::{GatewayError, Provider};
use super::redact::Redactor;
use super::refusal::Refusal;
use super::routes::{self, Route};
use crate::domain::RunId;
use http_body_util::{LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// What is sent on.
pub(super) type Outgoing = Limited<Incoming>;

/// How long the beginning of an answer may take: models that do not stream think first.
const ANSWER: Duration = Duration::from_mins(10);

/// Passes a request on, or says why not. Never fails: whoever asks always gets an answer.
pub(super) async fn relay(
    run: RunId,
    provider: &Arc<Provider>,
    answers: &Answers,
    request: Request<Incoming>,
) -> Response<Answer> {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), shorten(request.uri().path()));
    let outcome = try_relay(provider, answers, request).await;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let answer = outcome.unwrap_or_else(|refusal| {
        if matches!(refusal, Refusal::NoKey | Refusal::Unreachable | Refusal::TooLate) {
            answers.note(refusal.status(), &HeaderMap::new());
        }
        refused(provider, refusal)
    });
    let (status, name) = (answer.status().as_u16(), provider.name.as_str());
    tracing::info!(%run, provider = name, %method, path, status, milliseconds, "a request of an agent");
    answer
}

async fn try_relay(
    provider: &Arc<Provider>,
    answers: &Answers,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Refusal> {
    let (parts, body) = request.into_parts();
    let path = match routes::admit(provider.api, &parts.method, &parts.uri, &parts.headers)? {
        Route::Alive => return Ok(Response::new(body::whole(String::new()))),
        Route::Forward(path) => path,
    };
    if body.size_hint().lower() > body::MOST_ASKED as u64 {
        return Err(Refusal::TooLarge);
    }
    let key = read_key(provider).await.map_err(|error| trouble(provider, &error, Refusal::NoKey))?;
    let unreachable = |error: GatewayError| trouble(provider, &error, Refusal::Unreachable);
    let mut onward = Request::new(body::bounded(body));
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = provider.address(&path).map_err(unreachable)?;
    *onward.headers_mut() = routes::outgoing(&parts.headers);
    if let Some(key) = &key {
        let (name, value) = provider.credential(key).map_err(unreachable)?;
        onward.headers_mut().insert(name, value);
    }
    let sent = provider.connections().map_err(unreachable)?.request(onward);
    let answer = match timeout(ANSWER, sent).await {
        Err(_) => return Err(Refusal::TooLate),
        Ok(Err(error)) if is_too_large(&error) => return Err(Refusal::TooLarge),
        Ok(Err(error)) => return Err(trouble(provider, &Chain(&error), Refusal::Unreachable)),
        Ok(Ok(answer)) => answer,
    };
    let (parts, body) = answer.into_parts();
    answers.note(parts.status, &parts.headers);
    let redactor = Redactor::new(key);
    let headers = routes::incoming(&parts.headers, |value| redactor.finds(value));
    let mut passed = Response::new(body::passing(body, redactor));
    *passed.status_mut() = parts.status;
    *passed.headers_mut() = headers;
    Ok(passed)
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

fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(<dyn Error>::is::<LengthLimitError>)
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
