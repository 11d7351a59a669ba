//! One request of a notification: posted, with a deadline, and nothing followed or kept of what comes back.

use super::Fault;
use crate::gateway::Resolve;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use std::time::Duration;

/// How long one may take, with the connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// Posts JSON. Words of a fault never quote the address, which may be a secret.
pub(super) async fn post(url: &str, body: Vec<u8>, headers: Vec<(HeaderName, HeaderValue)>) -> Result<(), Fault> {
    let mut http = HttpConnector::new_with_resolver(Resolve);
    http.set_connect_timeout(Some(PATIENCE));
    http.enforce_http(false);
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let https = if url.starts_with("https:") {
        let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring);
        let builder =
            builder.map_err(|error| Fault(format!("this machine has no certificates to know others by: {error}")))?;
        builder.https_only().enable_http1().wrap_connector(http)
    } else {
        // Only on this machine, as the configuration sees to it: no certificate is looked at.
        let config = rustls::ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions();
        let config = config.map_err(|error| Fault(error.to_string()))?;
        let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http)
    };
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(https);
    let mut request = Request::builder().method(Method::POST).uri(url);
    request = request.header(CONTENT_TYPE, "application/json").header(USER_AGENT, "dogwatch");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request =
        request.body(Full::from(body)).map_err(|_| Fault("the address or a header cannot be sent".to_owned()))?;
    let answer = tokio::time::timeout(PATIENCE, client.request(request)).await;
    let answer = answer.map_err(|_| Fault(format!("no answer within {} s", PATIENCE.as_secs())))?;
    let answer = answer.map_err(|error| Fault(root(&error)))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Fault(format!("it answered {}", answer.status().as_u16())))
}

/// The innermost reason, which is the one that says something.
fn root(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
