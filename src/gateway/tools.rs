//! The tools of a run, by the Model Context Protocol at `/mcp`. It is spoken without sessions: each request stands for itself,
//! so the next engine goes on where this one was, and nothing is held for an agent that left.

mod catalogue;
mod serve;
#[cfg(test)]
mod tests;

use super::body::Answer;
use crate::domain::RunId;
use crate::knowledge::{Knowledge, Toolset};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serve::Serve;
use std::sync::Arc;

/// Where agents find their tools.
pub(super) const PATH: &str = "/mcp";
/// The most that one request may hold. The longest that a tool takes is far below.
const MOST_ASKED: usize = 2 << 20;

/// The tools behind one run's socket.
pub(super) struct Tools(StreamableHttpService<Serve, NeverSessionManager>);

impl Tools {
    /// Those of a set, for the agent of a run.
    pub fn new(run: RunId, toolset: Toolset, knowledge: Knowledge) -> Self {
        let serve = Serve::new(run, toolset, knowledge);
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_sse_keep_alive(None)
            .with_max_request_body_bytes(MOST_ASKED)
            // Nobody but programs of the run's own sandbox comes here; a page in a browser there is none of them.
            .enforce_origin_validation();
        Self(StreamableHttpService::new(move || Ok(serve.clone()), Arc::new(NeverSessionManager::default()), config))
    }

    /// Whether a request is meant for the tools.
    pub fn are_meant(request: &Request<Incoming>) -> bool {
        request.uri().authority().is_none() && request.uri().path() == PATH
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        self.0.handle(request).await.map(|body| body.map_err(|never| match never {}).boxed_unsync())
    }
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}
