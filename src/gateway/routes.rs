//! What may pass: the paths of each API that agents use, and of a request what belongs to them. Pure.

use super::refusal::Refusal;
use crate::domain::ModelApi;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri, header};

/// Longest name of a model in a path.
const LONGEST_NAME: usize = 128;
/// Longest value of a parameter.
const LONGEST_VALUE: usize = 256;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// To the provider, under this path with its parameters.
    Forward(String),
    /// Nowhere: an agent looks whether anybody is there.
    Alive,
}

/// Whether a request may pass, and where to.
pub(super) fn admit(api: ModelApi, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Route, Refusal> {
    // Whoever takes this for a proxy means another host, and so does one that names it in the header.
    if uri.authority().is_some() || method == Method::CONNECT {
        return Err(Refusal::OtherHost);
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    if !hosts.next().is_some_and(is_here) || hosts.next().is_some() {
        return Err(Refusal::OtherHost);
    }
    let path = uri.path();
    if path == "/" && (method == Method::HEAD || method == Method::GET) {
        return Ok(Route::Alive);
    }
    if !is_known(api, method, path) {
        return Err(Refusal::UnknownPath);
    }
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| is_parameter(api, pair));
    let query = pairs.collect::<Vec<_>>().join("&");
    Ok(Route::Forward(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }))
}

fn is_here(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

fn is_known(api: ModelApi, method: &Method, path: &str) -> bool {
    let models = |rest: &str| rest.is_empty() || rest.strip_prefix('/').is_some_and(is_name);
    let listed = |prefix: &str| *method == Method::GET && path.strip_prefix(prefix).is_some_and(models);
    let posted = |paths: &[&str]| *method == Method::POST && paths.contains(&path);
    match api {
        ModelApi::Anthropic => posted(&["/v1/messages", "/v1/messages/count_tokens"]) || listed("/v1/models"),
        ModelApi::Openai => {
            posted(&["/v1/responses", "/v1/responses/compact", "/v1/chat/completions"]) || listed("/v1/models")
        }
        ModelApi::Ollama => {
            posted(&["/api/chat", "/api/generate", "/api/show", "/v1/chat/completions"])
                || listed("/v1/models")
                || (*method == Method::GET && ["/api/tags", "/api/version"].contains(&path))
        }
        ModelApi::Gemini => ["/v1beta/models", "/v1/models"].iter().any(|prefix| {
            listed(prefix) || (*method == Method::POST && path.strip_prefix(prefix).is_some_and(is_generation))
        }),
    }
}

/// `/MODEL:generateContent` and its like.
fn is_generation(rest: &str) -> bool {
    let Some((name, verb)) = rest.strip_prefix('/').and_then(|rest| rest.rsplit_once(':')) else { return false };
    is_name(name) && ["generateContent", "streamGenerateContent", "countTokens"].contains(&verb)
}

/// No `/` and no `%`, so that a name is never a way to somewhere else.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:@".contains(&byte))
}

/// Whether a parameter passes. The others are left out: one of Google's names a key.
fn is_parameter(api: ModelApi, pair: &str) -> bool {
    let known: &[&str] = match api {
        ModelApi::Anthropic => &["beta", "limit", "before_id", "after_id"],
        ModelApi::Openai => &["limit", "after"],
        ModelApi::Ollama => &[],
        ModelApi::Gemini => &["alt", "pageSize", "pageToken"],
    };
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    known.contains(&name)
        && value.len() <= LONGEST_VALUE
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Headers that go to the provider: what says how the answer is wanted, and by which program.
const PASSED: [&str; 14] = [
    "accept",
    "user-agent",
    "idempotency-key",
    "anthropic-version",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "openai-beta",
    "originator",
    "session-id",
    "session_id",
    "thread-id",
    "conversation_id",
    "x-app",
    "x-client-request-id",
];
/// Beginnings of such headers.
const PASSED_ALL: [&str; 6] =
    ["x-stainless-", "x-claude-code-", "x-codex-", "x-goog-api-client", "x-session-", "x-initiator"];

/// The headers that go to the provider: those that agents need. Any other could be a credential, name another account, or have a
/// server on the way do something else than what was looked at here. Answers are asked for as they are, or nobody could look for
/// the key in them; and a body is JSON here, so it is there.
pub(super) fn outgoing(headers: &HeaderMap) -> HeaderMap {
    let mut passed: HeaderMap = kept(headers).filter(|(name, _)| is_passed(name.as_str())).map(owned).collect();
    passed.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if headers.contains_key(header::CONTENT_TYPE) {
        passed.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    passed
}

fn is_passed(name: &str) -> bool {
    PASSED.contains(&name) || (PASSED_ALL.iter().any(|beginning| name.starts_with(beginning)) && !is_credential(name))
}

/// The headers that come back: all but those of the connection, and none in which `hides` finds anything.
pub(super) fn incoming(headers: &HeaderMap, hides: impl Fn(&[u8]) -> bool) -> HeaderMap {
    kept(headers).filter(|(name, value)| **name != header::SET_COOKIE && !hides(value.as_bytes())).map(owned).collect()
}

fn owned((name, value): (&HeaderName, &HeaderValue)) -> (HeaderName, HeaderValue) {
    (name.clone(), value.clone())
}

/// Headers that are not of one connection only.
pub(super) fn kept(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>())
        .collect();
    let hop = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];
    headers.iter().filter(move |(name, _)| {
        let name = name.as_str();
        !hop.contains(&name) && !name.starts_with("proxy-") && !named.iter().any(|other| other == name)
    })
}

fn is_credential(name: &str) -> bool {
    ["auth", "key", "token", "cookie", "secret", "credential", "password"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ask(api: ModelApi, method: &str, uri: &str, host: &str) -> Result<Route, Refusal> {
        let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        admit(api, &method.parse().unwrap(), &uri.parse().unwrap(), &headers)
    }

    #[test]
    fn the_paths_of_an_api_pass() {
        for (api, method, uri, goes) in [
            (ModelApi::Anthropic, "POST", "/v1/messages?beta=true", "/v1/messages?beta=true"),
            (ModelApi::Anthropic, "POST", "/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            (ModelApi::Anthropic, "GET", "/v1/models/claude-x?api_key=1&limit=5", "/v1/models/claude-x?limit=5"),
            (ModelApi::Openai, "POST", "/v1/responses", "/v1/responses"),
            (ModelApi::Openai, "POST", "/v1/chat/completions?key=a", "/v1/chat/completions"),
            (
                ModelApi::Gemini,
                "POST",
                "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=theirs&k%65y=theirs",
                "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            ),
        ] {
            assert_eq!(ask(api, method, uri, "127.0.0.1:3649"), Ok(Route::Forward(goes.to_owned())), "{uri}");
        }
        for (method, uri) in [
            ("POST", "/api/chat"),
            ("POST", "/api/generate"),
            ("POST", "/api/show"),
            ("POST", "/v1/chat/completions"),
            ("GET", "/v1/models"),
            ("GET", "/api/tags"),
            ("GET", "/api/version"),
        ] {
            assert_eq!(ask(ModelApi::Ollama, method, uri, "127.0.0.1"), Ok(Route::Forward(uri.to_owned())), "{uri}");
        }
        // Nobody has models fetched, made or removed.
        for (method, uri) in
            [("POST", "/api/pull"), ("POST", "/api/create"), ("DELETE", "/api/delete"), ("POST", "/api/push")]
        {
            assert_eq!(ask(ModelApi::Ollama, method, uri, "127.0.0.1"), Err(Refusal::UnknownPath), "{uri}");
        }
        assert_eq!(ask(ModelApi::Anthropic, "HEAD", "/", "localhost"), Ok(Route::Alive));
    }

    #[test]
    fn nothing_else_passes() {
        let here = "127.0.0.1:3649";
        for (method, uri) in [
            ("GET", "/v1/messages"),
            ("DELETE", "/v1/models/x"),
            ("POST", "/v1/files"),
            ("POST", "/v1/organizations/api_keys"),
            ("POST", "/v1/messages/"),
            ("POST", "//v1/messages"),
            ("POST", "/v1/messages/batches"),
            ("POST", "/v1/%6dessages"),
            ("GET", "/v1/models/../organizations"),
            ("GET", "/v1/models/a/b"),
            ("GET", "/v1/models/%2e%2e"),
            ("GET", "/v1/modelsx"),
            ("POST", "/v1/responses"),
            ("POST", "/"),
        ] {
            assert_eq!(ask(ModelApi::Anthropic, method, uri, here), Err(Refusal::UnknownPath), "{method} {uri}");
        }
        for uri in [
            "/v1beta/models/a/b:generateContent",
            "/v1beta/models/x:delete",
            "/v1beta/models/:countTokens",
            "/v1beta/files",
        ] {
            assert_eq!(ask(ModelApi::Gemini, "POST", uri, here), Err(Refusal::UnknownPath), "{uri}");
        }
        for (method, uri, host) in [
            ("POST", "http://169.254.169.254/v1/messages", here),
            ("POST", "/v1/messages", "169.254.169.254"),
            ("POST", "/v1/messages", "127.0.0.1.example"),
            ("POST", "/v1/messages", "example:127.0.0.1"),
            ("CONNECT", "example.org:443", here),
        ] {
            assert_eq!(ask(ModelApi::Anthropic, method, uri, host), Err(Refusal::OtherHost), "{method} {uri} {host}");
        }
        let none = admit(ModelApi::Anthropic, &Method::POST, &"/v1/messages".parse().unwrap(), &HeaderMap::new());
        assert_eq!(none, Err(Refusal::OtherHost));
    }

    #[test]
    fn credentials_and_what_belongs_to_a_connection_stay_behind() {
        let headers: HeaderMap = [
            ("host", "127.0.0.1"),
            ("x-api-key", "theirs"),
            ("authorization", "Bearer theirs"),
            ("x-goog-api-key", "theirs"),
            ("cookie", "a=b"),
            ("proxy-authorization", "x"),
            ("connection", "keep-alive, x-mine"),
            ("x-mine", "1"),
            ("upgrade", "websocket"),
            ("accept-encoding", "gzip"),
            ("expect", "100-continue"),
            ("anthropic-version", "2023-06-01"),
            ("idempotency-key", "7"),
            ("content-type", "application/json; charset=utf-16"),
            ("content-encoding", "gzip"),
            ("x-http-method-override", "DELETE"),
            ("x-goog-user-project", "other"),
            ("openai-organization", "other"),
            ("x-forwarded-host", "other"),
            ("x-portkey-custom-host", "other"),
            ("x-codex-session-token", "theirs"),
        ]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
        let passed = outgoing(&headers);
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-encoding", "anthropic-version", "content-type", "idempotency-key"]);
        assert_eq!(passed.get("content-type").unwrap(), "application/json");
        assert_eq!(passed.get("accept-encoding").unwrap(), "identity");
        let back = incoming(&headers, |value| value == b"2023-06-01");
        assert!(!back.contains_key("anthropic-version") && back.contains_key("idempotency-key"));
    }
}
