//! One client: handshake, then requests. Replies and events go out through one writer, whose queue is bounded: a client
//! that does not read makes its own streams wait and nobody else's.

use super::{Server, allowed, operator};
use crate::domain::Actor;
use crate::protocol::{
    ClientLine, EngineLine, Event, Fault, FaultCode, LONGEST_LINE, Reply, Request, VERSION, Welcome,
};
use crate::sandbox::Sandbox;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};
use tokio_util::sync::CancellationToken;

/// Lines that may wait for a client that does not read.
const QUEUE: usize = 64;
/// Requests that one client may have open.
const MOST_OPEN: usize = 64;
/// A client must speak first within this time.
const GREETING: Duration = Duration::from_secs(10);

/// Where a task sends lines for its client.
#[derive(Clone)]
pub(super) struct Outbox {
    id: u64,
    lines: mpsc::Sender<EngineLine>,
    /// The client closed its side: nobody waits for streams any more.
    left: CancellationToken,
}

/// The client is gone.
pub(super) struct Gone;

impl Outbox {
    pub(super) async fn event(&self, event: Event) -> Result<(), Gone> {
        self.send(EngineLine::Event { id: self.id, event: Box::new(event) }).await
    }

    async fn send(&self, line: EngineLine) -> Result<(), Gone> {
        self.lines.send(line).await.map_err(|_| Gone)
    }

    /// Completes when the client is gone.
    pub(super) async fn closed(&self) {
        tokio::select! {
            () = self.lines.closed() => {}
            () = self.left.cancelled() => {}
        }
    }
}

impl<S: Sandbox> Server<S> {
    pub(super) async fn client(self: Arc<Self>, stream: UnixStream) {
        let uid = match stream.peer_cred() {
            Ok(peer) => peer.uid(),
            Err(error) => {
                tracing::warn!("a client without credentials: {error}");
                return;
            }
        };
        let (read, write) = stream.into_split();
        let mut input = FramedRead::new(read, LinesCodec::new_with_max_length(LONGEST_LINE));
        let (lines, mut queue) = mpsc::channel::<EngineLine>(QUEUE);
        let writer = tokio::spawn(async move {
            let mut output = FramedWrite::new(write, LinesCodec::new_with_max_length(LONGEST_LINE));
            while let Some(line) = queue.recv().await {
                let Ok(mut text) = serde_json::to_string(&line) else { continue };
                if text.len() > LONGEST_LINE {
                    let message =
                        format!("the answer has {} bytes, at most {LONGEST_LINE} fit into one line", text.len());
                    let fault = Fault { code: FaultCode::Refused, message };
                    text = serde_json::to_string(&EngineLine::Fault { id: line.id(), fault }).unwrap_or_default();
                }
                if output.send(text).await.is_err() {
                    return;
                }
            }
        });
        let outbox = Outbox { id: 0, lines, left: CancellationToken::new() };
        let you = operator(uid);
        let greeted = tokio::time::timeout(GREETING, self.greet(&mut input, &outbox, uid, &you)).await;
        if greeted.unwrap_or(false) {
            self.requests(&mut input, &outbox, you).await;
        }
        // Streams end with the client's side of the connection, what was asked for is done to the end.
        outbox.left.cancel();
        drop(outbox);
        // What is queued still goes out; the writer ends when every task has let go of the queue.
        if let Err(error) = writer.await {
            tracing::warn!("a client's writer failed: {error}");
        }
    }

    async fn greet<R>(&self, input: &mut FramedRead<R, LinesCodec>, outbox: &Outbox, uid: u32, you: &Actor) -> bool
    where
        R: tokio::io::AsyncRead + Unpin,
    {
        let fault = |code, message: String| EngineLine::Fault { id: 0, fault: Fault { code, message } };
        let first = input.next().await;
        let line = match first {
            Some(Ok(text)) => serde_json::from_str::<ClientLine>(&text).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => return false,
        };
        let (answer, fine) = match line {
            Ok(ClientLine::Hello(_)) if !allowed(uid) => {
                let message = "this engine belongs to another user: start your own, or ask its owner".to_owned();
                (fault(FaultCode::Forbidden, message), false)
            }
            Ok(ClientLine::Hello(hello)) if hello.protocol == VERSION => {
                let engine = concat!("dogwatch ", env!("CARGO_PKG_VERSION")).to_owned();
                let welcome = Welcome { protocol: VERSION, engine, instance: self.instance.clone(), you: you.clone() };
                (EngineLine::Welcome(welcome), true)
            }
            Ok(ClientLine::Hello(hello)) => {
                let message = format!(
                    "the client speaks protocol {}, this engine speaks {VERSION}: use the same dogwatch on both sides",
                    hello.protocol
                );
                (fault(FaultCode::Version, message), false)
            }
            Ok(ClientLine::Request { .. }) => {
                (fault(FaultCode::Protocol, "the first line must be a hello".to_owned()), false)
            }
            Err(error) => (fault(FaultCode::Protocol, format!("the first line is not a hello: {error}")), false),
        };
        outbox.send(answer).await.is_ok() && fine
    }

    async fn requests<R>(self: &Arc<Self>, input: &mut FramedRead<R, LinesCodec>, outbox: &Outbox, you: Actor)
    where
        R: tokio::io::AsyncRead + Unpin,
    {
        let mut open = JoinSet::new();
        loop {
            let text = tokio::select! {
                text = input.next(), if open.len() < MOST_OPEN => text,
                Some(_) = open.join_next() => continue,
            };
            let text = match text {
                Some(Ok(text)) => text,
                Some(Err(error)) => {
                    let fault = Fault { code: FaultCode::Protocol, message: error.to_string() };
                    drop(outbox.send(EngineLine::Fault { id: 0, fault }).await);
                    break;
                }
                None => break,
            };
            match serde_json::from_str::<ClientLine>(&text) {
                Ok(ClientLine::Request { id, request }) => {
                    let (server, you) = (Arc::clone(self), you.clone());
                    let outbox = Outbox { id, ..outbox.clone() };
                    open.spawn(async move { server.one(request, you, outbox).await });
                }
                Ok(ClientLine::Hello(_)) => {}
                Err(error) => {
                    let message = format!("not a request of protocol {VERSION}: {error}");
                    let fault = Fault { code: FaultCode::Protocol, message };
                    if outbox.send(EngineLine::Fault { id: 0, fault }).await.is_err() {
                        break;
                    }
                }
            }
        }
        open.detach_all();
    }

    async fn one(self: Arc<Self>, request: Request, you: Actor, outbox: Outbox) {
        let stream = request.clone();
        let answer = self.answer(request, you).await;
        let fine = answer.is_ok();
        let line = match answer {
            Ok(reply) => EngineLine::Reply { id: outbox.id, reply: Box::new(reply) },
            Err(fault) => EngineLine::Fault { id: outbox.id, fault },
        };
        if outbox.send(line).await.is_err() || !fine {
            return;
        }
        let ended = match stream {
            Request::Watch { since } => self.watch(since, &outbox).await,
            Request::FollowLog { run, from_iteration } => self.follow(run, from_iteration, &outbox).await,
            _ => Ok(()),
        };
        if let Err(Gone) = ended {
            tracing::debug!("a client left its stream");
        }
    }

    /// The reply that opens a stream.
    pub(super) fn opened() -> Reply {
        Reply::Done
    }
}
