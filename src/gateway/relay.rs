//! One request on its way to the provider and back; to the next provider of its API where one fails before anything of its
//! answer has gone to the agent.

use super::answered;
use super::body::{self, Answer};
use super::limit;
use super::metered::ModelWay;
use super::provider::{GatewayError, Provider};
use super::redact::Redactor;
use super::refusal::Refusal;
use super::rest;
use super::routes::{self, Route};
use crate::domain::ModelApi;
use crate::models::{Ask, Form, Tally, renamed};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
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
            way.answers.note(refusal.status(), None);
        }
        refused(way.api, refusal)
    });
    let (status, api) = (answer.status().as_u16(), way.api.name());
    if way.said.may() {
        tracing::info!(%run, api, %method, path, status, milliseconds, "a request of an agent");
    }
    answer
}

async fn try_relay(way: &ModelWay, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
    // Listened for before anything begins, or a cut could come in between.
    let cut = way.cut.subscribe();
    let (parts, body) = request.into_parts();
    let path = match routes::admit(way.api, &parts.method, &parts.uri, &parts.headers)? {
        Route::Alive => return Ok(Response::new(body::whole(String::new()))),
        Route::Forward(path) => path,
    };
    let mut body = body::collect(body, &way.bodies).await?;
    if parts.method == Method::POST {
        way.within(&body)?;
    } else {
        // Nobody needs one to be told something.
        body = Bytes::new();
    }
    let ask = way.read(&path, &body)?;
    if ask.is_none() {
        way.may().await?;
    }
    let (method, headers) = (parts.method, routes::outgoing(&parts.headers));
    let mut onward = Onward { way, method, path, headers, body, ask, cut };
    let mut providers = way.in_turn();
    let last = providers.pop();
    for provider in providers {
        match onward.to(&provider, true).await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) | Err(Refusal::NoKey | Refusal::Unreachable | Refusal::NoPrice | Refusal::OtherName) => {}
            Err(refusal) => return Err(refusal),
        }
        if way.said.may() {
            tracing::warn!(run = %way.run, provider = provider.name, "an agent's request goes to the next provider");
        }
    }
    match last {
        Some(provider) => onward.to(&provider, false).await?.ok_or(Refusal::Unreachable),
        None => Err(Refusal::NoModels),
    }
}

/// A request that may go to one provider after the other.
struct Onward<'w> {
    way: &'w ModelWay,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    ask: Option<Ask>,
    cut: watch::Receiver<()>,
}

impl Onward<'_> {
    /// Asks a provider, with an account of its own. Nothing where it failed so that another is asked, if there is one.
    async fn to(&mut self, provider: &Arc<Provider>, another: bool) -> Result<Option<Response<Answer>>, Refusal> {
        let way = self.way;
        let key = read_key(provider).await.map_err(|error| trouble(way, provider, &error, Refusal::NoKey))?;
        let unreachable = |error: GatewayError| trouble(way, provider, &error, Refusal::Unreachable);
        let connections = provider.connections().map_err(unreachable)?;
        let credential = key.as_ref().map(|key| provider.credential(key)).transpose().map_err(unreachable)?;
        let (path, body) = self.named_for(provider)?;
        let mut onward = Request::new(Full::new(body));
        *onward.uri_mut() = provider.address(&path).map_err(unreachable)?;
        *onward.method_mut() = self.method.clone();
        onward.headers_mut().clone_from(&self.headers);
        // Its own length is said by whoever sends it.
        onward.headers_mut().remove(CONTENT_LENGTH);
        if let Some((name, value)) = credential {
            onward.headers_mut().insert(name, value);
            provider.complete(onward.headers_mut());
        }
        let mut account = match &self.ask {
            Some(ask) => Some(way.begin(provider, ask).await?),
            None => None,
        };
        let asked = tokio::select! {
            biased;
            _ = self.cut.changed() => Err(way.stopped()),
            asked = timeout(ANSWER, connections.request(onward)) => Ok(asked),
        };
        let answer = match asked {
            Ok(Ok(Ok(answer))) => answer,
            failed => {
                let unsent = matches!(&failed, Ok(Ok(Err(error))) if error.is_connect());
                if let Some(account) = account {
                    account.failed(unsent).await;
                }
                return match failed {
                    Err(refusal) => Err(refusal),
                    Ok(Ok(Err(error))) => {
                        let refusal = trouble(way, provider, &Chain(&error), Refusal::Unreachable);
                        // What may have been heard is not said to another one.
                        if unsent || !another { Err(refusal) } else { Err(Refusal::TooLate) }
                    }
                    Ok(_) => {
                        provider.rest.failed("it did not answer in time".to_owned(), None);
                        Err(Refusal::TooLate)
                    }
                };
            }
        };
        let (parts, mut body) = answer.into_parts();
        let (status, now) = (parts.status, answered::now());
        let (mut until, mut begun) = (limit::stated(&parts.headers, now), None);
        if status == StatusCode::TOO_MANY_REQUESTS && until.is_none() {
            let beginning = begun.insert(body::beginning(&mut body, limit::MOST).await);
            until = limit::told(beginning, now);
        }
        let passes_on = rest::passes_on(status, until, now);
        if passes_on {
            let limit = until.filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
            let limit = limit.map(|until| Duration::from_millis(u64::try_from(until.since(now)).unwrap_or(0)));
            provider.rest.failed(format!("it answered with status {}", status.as_u16()), limit);
        } else if status != StatusCode::TOO_MANY_REQUESTS {
            provider.rest.over();
        }
        if let Some(account) = &mut account {
            account.answered(status.as_u16(), Tally::new(provider.api, form(&parts.headers)));
        }
        if passes_on && another {
            if let Some(mut account) = account {
                account.end().await;
            }
            return Ok(None);
        }
        way.answers.note(status, until);
        let redactor = Redactor::new(key.as_ref());
        let headers = routes::incoming(&parts.headers, |value| redactor.finds(value));
        let mut passed = Response::new(body::passing(begun, body, redactor, account, self.cut.clone()));
        *passed.status_mut() = status;
        *passed.headers_mut() = headers;
        Ok(Some(passed))
    }

    /// The request with the name that its model has there.
    fn named_for(&self, provider: &Provider) -> Result<(String, Bytes), Refusal> {
        let as_it_is = || (self.path.clone(), self.body.clone());
        let Some(ask) = &self.ask else { return Ok(as_it_is()) };
        let there = provider.name_of(&ask.model);
        if there == ask.model {
            return Ok(as_it_is());
        }
        let renamed = renamed(provider.api, &self.path, &self.body, &ask.model, there);
        renamed.map(|(path, body)| (path, Bytes::from(body))).ok_or(Refusal::OtherName)
    }
}

fn form(headers: &HeaderMap) -> Form {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.trim_start().to_ascii_lowercase();
    match () {
        () if kind.starts_with("text/event-stream") => Form::Events,
        () if kind.starts_with("application/x-ndjson") => Form::Lines,
        () => Form::Text,
    }
}

async fn read_key(provider: &Arc<Provider>) -> Result<Option<secrecy::SecretString>, GatewayError> {
    let reader = Arc::clone(provider);
    let read = tokio::task::spawn_blocking(move || reader.key()).await;
    read.unwrap_or_else(|error| {
        Err(GatewayError::Key { provider: provider.name.clone(), reason: format!("a worker failed: {error}") })
    })
}

/// Tells the operator in the engine's log what is none of the agent's business, and leaves the provider out for a while.
fn trouble(way: &ModelWay, provider: &Provider, error: &dyn std::fmt::Display, refusal: Refusal) -> Refusal {
    provider.rest.failed(error.to_string(), None);
    if way.said.may() {
        tracing::warn!(run = %way.run, provider = provider.name, "an agent's request goes no further: {error}");
    }
    refusal
}

fn refused(api: ModelApi, refusal: Refusal) -> Response<Answer> {
    let mut answer = Response::new(body::whole(refusal.body(api)));
    *answer.status_mut() = refusal.status();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if refusal == Refusal::Stopped {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
    }
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
