//! The socket of one run, and who is let in: whoever reaches it, since only the run's own container does.

use super::answered::Answered;
use super::body::MOST_ASKED;
use super::dispatch::{self, Far};
use super::egress::Tunnel;
use super::provider::GatewayError;
use super::ways::Ways;
use crate::domain::RunId;
use crate::sandbox::channel::bind_in;
use crate::shim::GATEWAY_SOCKET as SOCKET;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Connections of a run at once; further ones wait.
const MOST: usize = 64;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(30);
/// How long the rest of a request may take that nobody wants.
const LINGER: Duration = Duration::from_secs(5);
/// The most that is held of what was not read yet, heads included.
const BUFFER: usize = 64 * 1024;
const _: () = assert!(BUFFER < MOST_ASKED);

/// A run's socket. Dropping it ends all that goes on there.
#[derive(Debug)]
pub(super) struct Listening {
    ways: Ways,
    dir: PathBuf,
    far: Arc<Far>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Listens in a directory that is made where there is none, replacing what an earlier engine left there.
    pub fn begin(ways: &Ways, far: Far, dir: &Path) -> Result<Self, GatewayError> {
        let failed =
            |error: std::io::Error| GatewayError::Listen { dir: dir.display().to_string(), reason: error.to_string() };
        // Open to the user inside; the directories above are closed to everybody else.
        std::fs::create_dir_all(dir).map_err(failed)?;
        std::fs::set_permissions(dir, Permissions::from_mode(0o755)).map_err(failed)?;
        let listener = bind_in(dir, SOCKET).and_then(UnixListener::from_std).map_err(failed)?;
        let far = Arc::new(far);
        let task = tokio::spawn(serve(listener, Arc::clone(&far)));
        Ok(Self { ways: ways.clone(), dir: dir.to_owned(), far, task })
    }

    /// How the last request was answered.
    pub fn answered(&self) -> Option<Answered> {
        self.far.models.as_ref()?.answers.last()
    }

    /// Cuts what is under way to models.
    pub fn cut(&self) {
        if let Some(models) = &self.far.models {
            models.cut.send_replace(());
        }
    }

    /// Whether this is the one that is wanted, and still at work.
    pub fn is_for(&self, ways: &Ways, dir: &Path) -> bool {
        self.ways == *ways && self.dir == dir && !self.task.is_finished()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = std::fs::remove_file(self.dir.join(SOCKET))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(dir = %self.dir.display(), "a run's socket cannot be removed: {error}");
        }
    }
}

async fn serve(listener: UnixListener, far: Arc<Far>) {
    let run = far.run;
    let places = Arc::new(Semaphore::new(MOST));
    // Ends with this task what goes on in it.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let far = Arc::clone(&far);
                connections.spawn(async move {
                    connection(stream, far).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%run, "cannot accept a connection of an agent: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(stream: UnixStream, far: Arc<Far>) {
    let run: RunId = far.run;
    let tunnel = Arc::new(Tunnel::default());
    let granted = Arc::clone(&tunnel);
    let service = service_fn(move |request| {
        let (far, tunnel) = (Arc::clone(&far), Arc::clone(&tunnel));
        async move { Ok::<_, Infallible>(dispatch::answer(&far, &tunnel, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    match served.without_shutdown().await {
        Ok(parts) => match granted.take() {
            Some(granted) => granted.carry(parts.io.into_inner(), parts.read_buf).await,
            None => linger(parts.io.into_inner()).await,
        },
        // Agents leave when they like, and what they send need not be HTTP.
        Err(error) => tracing::debug!(%run, "a connection of an agent ended: {error}"),
    }
}

/// Hears out what was not read of a request that was refused: the kernel takes back an answer on a Unix socket that is closed
/// with anything unread.
async fn linger(mut stream: UnixStream) {
    if stream.shutdown().await.is_ok() {
        let mut rest = stream.take(MOST_ASKED as u64);
        // Whatever comes, the answer was given.
        let _ = timeout(LINGER, copy(&mut rest, &mut sink())).await;
    }
}
