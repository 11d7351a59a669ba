//! Which part of the gateway a request is meant for. There is one socket for all of them, so an agent has one address.

use super::body::Answer;
use super::egress::{Tunnel, WayOut};
use super::metered::ModelWay;
use super::refusal::{self, Refusal};
use super::relay::relay;
use super::tools::Tools;
use crate::domain::RunId;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use std::sync::Arc;

/// What lies behind the socket of one run.
#[derive(Debug)]
pub(super) struct Far {
    pub run: RunId,
    /// The models, where the run may reach any.
    pub models: Option<Arc<ModelWay>>,
    /// The way to hosts outside, where the run has one.
    pub out: Option<WayOut>,
    /// The tools, where the run has any.
    pub tools: Option<Tools>,
}

/// Answers a request. Never fails: whoever asks always gets an answer. A tunnel that is granted goes into `tunnel`.
pub(super) async fn answer(far: &Far, tunnel: &Tunnel, request: Request<Incoming>) -> Response<Answer> {
    if let Some(out) = &far.out
        && (request.method() == Method::CONNECT || request.uri().authority().is_some())
    {
        return out.answer(request, tunnel).await;
    }
    if Tools::are_meant(&request) {
        return match &far.tools {
            Some(tools) => tools.answer(request).await,
            None => refusal::plain(Refusal::NoTools),
        };
    }
    match &far.models {
        Some(way) => relay(way, request).await,
        None => refusal::plain(Refusal::NoModels),
    }
}
