//! One road to the container engine: its Unix socket, a deadline on every call, and words for what goes wrong.
//!
//! A client is made for each call, since the library keeps no idle connections anyway and refuses to make a client while
//! the socket is absent; so an engine that starts later, or again, is simply found by the next call.

use super::far::Far;
use crate::sandbox::SandboxError;
pub(super) use crate::sandbox::words::{is_disk_full, shorten};
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};
use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Where Docker listens unless told otherwise.
pub(super) const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// Deadlines are kept here and not by the library, whose own is set beyond them all.
const LIBRARY_TIMEOUT_SECONDS: u64 = 7200;
/// After this time without an answer the engine is asked for a sign of life.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time it has for that sign. Together with the patience below ten seconds.
const PING: Duration = Duration::from_secs(4);

/// What a call came to when it did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The thing asked for does not exist (404).
    Absent(String),
    /// It is in the way of something, or already so (409 and 304).
    Conflict(String),
    /// No connection, a broken one, or no answer in time.
    Unreachable(String),
    /// A disk is full.
    DiskFull(String),
    /// Any other refusal.
    Refused(String),
}

impl Failure {
    /// The error for callers, when none of the cases has a meaning of its own to them.
    pub(super) fn into_error(self, what: &str) -> SandboxError {
        match self {
            Self::Unreachable(reason) => SandboxError::Unreachable(reason),
            Self::DiskFull(reason) => SandboxError::DiskFull(reason),
            Self::Absent(reason) | Self::Conflict(reason) | Self::Refused(reason) => {
                SandboxError::Refused { what: what.to_owned(), reason }
            }
        }
    }
}

/// The socket of one container engine.
#[derive(Debug, Clone)]
pub(super) struct Link {
    path: String,
    /// The machine that the socket leads to, where it is another one.
    far: Option<Arc<Far>>,
}

impl Link {
    /// Takes `unix:///path`; without it `DOCKER_HOST`, and without that Docker's usual socket.
    pub(super) fn new(host: Option<&str>) -> Result<Self, SandboxError> {
        let from_environment = std::env::var("DOCKER_HOST").ok().filter(|text| !text.is_empty());
        let Some(host) = host.map(str::to_owned).or(from_environment) else {
            return Ok(Self { path: DEFAULT_SOCKET.to_owned(), far: None });
        };
        let path = host.strip_prefix("unix://").unwrap_or(&host);
        if !path.starts_with('/') {
            return Err(SandboxError::Local(format!(
                "docker host `{}`: only Unix sockets are supported; write it as unix:///var/run/docker.sock",
                shorten(&host)
            )));
        }
        Ok(Self { path: path.to_owned(), far: None })
    }

    /// The road to a Docker on another machine.
    pub(super) fn to(far: Arc<Far>) -> Self {
        Self { path: far.socket().to_string_lossy().into_owned(), far: Some(far) }
    }

    /// The machine that the socket leads to, where it is another one.
    pub(super) fn far(&self) -> Option<&Arc<Far>> {
        self.far.as_ref()
    }

    /// The socket's path.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A client for the next call.
    pub(super) fn client(&self) -> Result<Docker, Failure> {
        // What its own socket says without a connection would lead astray.
        if let Some(trouble) = self.trouble() {
            return Err(Failure::Unreachable(trouble));
        }
        Docker::connect_with_unix(&self.path, LIBRARY_TIMEOUT_SECONDS, API_DEFAULT_VERSION)
            .map_err(|error| self.failure(&error))
    }

    /// Waits for one call, at most `limit`. An engine that gives no sign of life is named within ten seconds, however
    /// long the call itself may take.
    pub(super) async fn call<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Failure> {
        tokio::pin!(call);
        if let Ok(done) = timeout(PATIENCE.min(limit), &mut call).await {
            return done.map_err(|error| self.failure(&error));
        }
        self.ping().await?;
        match timeout(limit.saturating_sub(PATIENCE), call).await {
            Ok(done) => done.map_err(|error| self.failure(&error)),
            Err(_) => Err(Failure::Unreachable(format!(
                "{} is alive but did not finish the request within {} s",
                self.path,
                limit.as_secs()
            ))),
        }
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&self) -> Result<(), Failure> {
        let docker = self.client()?;
        match timeout(PING, docker.ping()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => Err(Failure::Unreachable(format!(
                "{} accepts connections and does not answer; look at the Docker service, a restart of it may help",
                self.path
            ))),
        }
    }

    fn trouble(&self) -> Option<String> {
        self.far.as_ref().and_then(|far| far.trouble())
    }

    /// Sorts an error of the library.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        match (self.sort(error), self.trouble()) {
            (Failure::Unreachable(_), Some(trouble)) => Failure::Unreachable(trouble),
            (failure, _) => failure,
        }
    }

    fn sort(&self, error: &Error) -> Failure {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                let message = shorten(message);
                match status_code {
                    _ if is_disk_full(&message) => Failure::DiskFull(message),
                    404 => Failure::Absent(message),
                    304 | 409 => Failure::Conflict(message),
                    _ => Failure::Refused(message),
                }
            }
            Error::DockerStreamError { error } if is_disk_full(error) => Failure::DiskFull(shorten(error)),
            Error::DockerStreamError { error } => Failure::Refused(shorten(error)),
            Error::SocketNotFoundError(path) => Failure::Unreachable(format!(
                "there is no socket at {path}; is Docker installed and running, and is the path right?"
            )),
            Error::IOError { .. }
            | Error::HyperResponseError { .. }
            | Error::HyperLegacyError { .. }
            | Error::RequestTimeoutError => Failure::Unreachable(format!("{}: {}", self.path, chain(error))),
            other => Failure::Refused(format!("an answer that cannot be read: {}", chain(other))),
        }
    }
}

/// An error with its causes, and a remedy for the one that people meet first.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    if text.contains("Permission denied") {
        text.push_str("; this user may not use the Docker socket (see its group)");
    }
    shorten(&text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::time::Instant;

    fn answer(status_code: u16, message: &str) -> Error {
        Error::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    #[test]
    fn only_unix_sockets_are_taken() {
        assert_eq!(Link::new(Some("unix:///run/x.sock")).unwrap().path(), "/run/x.sock");
        assert_eq!(Link::new(Some("/run/x.sock")).unwrap().path(), "/run/x.sock");
        for bad in ["tcp://10.0.0.1:2375", "ssh://host", "docker.sock", "unix://relative"] {
            let error = Link::new(Some(bad)).unwrap_err();
            assert!(error.to_string().contains("only Unix sockets"), "{error}");
        }
    }

    #[test]
    fn answers_are_sorted() {
        let link = Link::new(Some("/run/x.sock")).unwrap();
        assert!(matches!(link.failure(&answer(404, "no such container")), Failure::Absent(_)));
        assert!(matches!(link.failure(&answer(409, "in use")), Failure::Conflict(_)));
        assert!(matches!(link.failure(&answer(500, "write /x: no space left on device")), Failure::DiskFull(_)));
        assert!(matches!(link.failure(&answer(500, "boom")), Failure::Refused(_)));
        assert!(matches!(link.failure(&Error::RequestTimeoutError), Failure::Unreachable(_)));
        let Failure::Refused(text) = link.failure(&answer(500, &"x".repeat(1 << 20))) else { panic!("not refused") };
        assert!(text.len() < 3000);
    }

    #[tokio::test]
    async fn an_absent_socket_is_named() {
        let link = Link::new(Some("/nonexistent/docker.sock")).unwrap();
        let Err(Failure::Unreachable(text)) = link.ping().await else { panic!("reached") };
        assert!(text.contains("no socket at /nonexistent/docker.sock"), "{text}");
    }

    #[tokio::test]
    async fn a_socket_that_never_answers_is_named_within_ten_seconds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("docker.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let accepting = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
            }
        });
        let link = Link::new(path.to_str()).unwrap();
        let docker = link.client().unwrap();
        let begun = Instant::now();
        let Err(Failure::Unreachable(text)) = link.call(Duration::from_mins(10), docker.info()).await else {
            panic!("answered")
        };
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert!(text.contains("accepts connections and does not answer"), "{text}");
        accepting.abort();
    }
}
