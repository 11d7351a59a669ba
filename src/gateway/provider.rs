//! One provider of models: where it is, how it is reached, and in which header it wants its key.

use super::body::Outgoing;
use super::key;
use super::resolve::Resolve;
use super::rest::Rest;
use crate::config::{KeyPlace, KeyScheme, ModelsAt};
use crate::domain::ModelApi;
use hyper::Uri;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Where Anthropic is told what else a request goes by.
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");
/// A token of a login.
const LOGIN: &str = "oauth-2025-04-20";
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_mins(1);

/// Connections to one provider, kept for the next request.
pub(super) type Connections = Client<HttpsConnector<HttpConnector<Resolve>>, Outgoing>;

/// Why there is no way to a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Nobody named one.
    #[error(
        "it works with models of the API `{api}`, and config.toml names no provider of that: add [models.{api}] and restart the engine"
    )]
    None {
        /// Which API.
        api: &'static str,
    },
    /// Its key cannot be had.
    #[error("the key for [models.{provider}] in config.toml cannot be had: {reason}")]
    Key {
        /// The provider's name.
        provider: String,
        /// What is wrong, without anything of the key.
        reason: String,
    },
    /// This machine trusts nobody.
    #[error(
        "[models.{provider}] needs certificates to know its provider by, and this machine has none ({reason}): install the package ca-certificates"
    )]
    Certificates {
        /// The provider's name.
        provider: String,
        /// What was found.
        reason: String,
    },
    /// The address cannot be used.
    #[error("[models.{provider}] in config.toml: the address {url} cannot be used")]
    Address {
        /// The provider's name.
        provider: String,
        /// The address.
        url: String,
    },
    /// Nobody would know what goes out.
    #[error("there is no store in which it could be recorded what goes out")]
    NoRecords,
    /// The socket cannot be made.
    #[error("cannot listen for an agent's requests in {dir}: {reason}")]
    Listen {
        /// The directory.
        dir: String,
        /// What the system said.
        reason: String,
    },
}

/// A provider with its connections.
pub(super) struct Provider {
    pub name: String,
    pub api: ModelApi,
    /// Without a slash at the end.
    url: String,
    key: Option<KeyPlace>,
    scheme: KeyScheme,
    /// When it is asked, among those of its API.
    pub order: u32,
    /// What models are called there.
    names: BTreeMap<String, String>,
    /// Whether it is left out for a while.
    pub rest: Rest,
    connections: OnceLock<Connections>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

impl Provider {
    pub fn new(name: &str, models: &ModelsAt) -> Result<Self, GatewayError> {
        let ModelsAt { api, url, key, scheme, order, names } = models.clone();
        if url.parse::<Uri>().is_err() {
            return Err(GatewayError::Address { provider: name.to_owned(), url });
        }
        let (rest, connections) = (Rest::default(), OnceLock::new());
        Ok(Self { name: name.to_owned(), api, url, key, scheme, order, names, rest, connections })
    }

    /// What a model is called there.
    pub fn name_of<'m>(&'m self, model: &'m str) -> &'m str {
        self.names.get(model).map_or(model, String::as_str)
    }

    /// Whether requests could be passed on now, as far as that can be seen from here.
    pub fn check(&self) -> Result<(), GatewayError> {
        self.key().map(drop)?;
        self.connections().map(drop)
    }

    /// The key as it is now. Reads a small file.
    pub fn key(&self) -> Result<Option<SecretString>, GatewayError> {
        self.key.as_ref().map(|place| key::read(&self.name, place)).transpose()
    }

    /// The header that carries the key.
    pub fn credential(&self, key: &SecretString) -> Result<(HeaderName, HeaderValue), GatewayError> {
        let bearer = || (AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", key.expose_secret())));
        let (name, value) = match self.api {
            _ if self.scheme == KeyScheme::Bearer => bearer(),
            ModelApi::Anthropic => (HeaderName::from_static("x-api-key"), HeaderValue::from_str(key.expose_secret())),
            ModelApi::Openai | ModelApi::Ollama => bearer(),
            ModelApi::Gemini => (HeaderName::from_static("x-goog-api-key"), HeaderValue::from_str(key.expose_secret())),
        };
        let unfit = || GatewayError::Key { provider: self.name.clone(), reason: "it fits into no header".to_owned() };
        let mut value = value.map_err(|_| unfit())?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    /// What a request says beside its key. Anthropic takes tokens of a login only where this is said, as those who met it without
    /// report in public (looked up on 30 November 2026); what the agent says of its own stays, in the same line.
    pub fn complete(&self, headers: &mut HeaderMap) {
        if self.api != ModelApi::Anthropic || self.scheme != KeyScheme::Bearer {
            return;
        }
        let said = headers.get_all(BETA).iter().filter_map(|value| value.to_str().ok());
        let mut words: Vec<&str> = said.flat_map(|line| line.split(',')).map(str::trim).collect();
        words.retain(|word| !word.is_empty() && *word != LOGIN);
        words.push(LOGIN);
        if let Ok(all) = HeaderValue::from_str(&words.join(",")) {
            headers.insert(BETA, all);
        }
    }

    /// The address of a path.
    pub fn address(&self, path_and_query: &str) -> Result<Uri, GatewayError> {
        let whole = format!("{}{path_and_query}", self.url);
        whole.parse().map_err(|_| GatewayError::Address { provider: self.name.clone(), url: self.url.clone() })
    }

    /// Its connections, made when they are first needed.
    pub fn connections(&self) -> Result<&Connections, GatewayError> {
        if let Some(made) = self.connections.get() {
            return Ok(made);
        }
        let made = connections(&self.url)
            .map_err(|reason| GatewayError::Certificates { provider: self.name.clone(), reason })?;
        Ok(self.connections.get_or_init(|| made))
    }
}

fn connections(url: &str) -> Result<Connections, String> {
    let mut http = HttpConnector::new_with_resolver(Resolve);
    http.set_connect_timeout(Some(CONNECT));
    http.set_nodelay(true);
    // The builder below sees to it that no address without TLS gets through unless it is meant to.
    http.enforce_http(false);
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let https = if url.starts_with("https:") {
        let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(Arc::clone(&ring));
        builder.map_err(|error| error.to_string())?.https_only().enable_http1().wrap_connector(http)
    } else {
        // No certificate is ever looked at on this way.
        let config = rustls::ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?;
        let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http)
    };
    let mut builder = Client::builder(TokioExecutor::new());
    Ok(builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(https))
}
