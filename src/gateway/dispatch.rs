//! Which part of the gateway a request is meant for. There is one socket for all of them, so an agent has one address.

use super::answered::Answers;
use super::body::Answer;
use super::provider::Provider;
use super::refusal::{self, Refusal};
use super::relay::relay;
use crate::domain::RunId;
use hyper::body::Incoming;
use hyper::{Request, Response};
use std::sync::Arc;

/// What lies behind the socket of one run.
#[derive(Debug)]
pub(super) struct Far {
    pub run: RunId,
    /// Who has the models, where the run may reach any.
    pub provider: Option<Arc<Provider>>,
    pub answers: Answers,
}

impl Far {
    pub fn new(run: RunId, provider: Option<Arc<Provider>>) -> Self {
        Self { run, provider, answers: Answers::default() }
    }
}

/// Answers a request. Never fails: whoever asks always gets an answer.
pub(super) async fn answer(far: &Far, request: Request<Incoming>) -> Response<Answer> {
    match &far.provider {
        Some(provider) => relay(far.run, provider, &far.answers, request).await,
        None => refusal::plain(Refusal::NoModels),
    }
}
