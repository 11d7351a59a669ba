//! One client: handshake, then requests; or one that speaks HTTP ([`super::http`]). Replies and events go out through one writer ([`Outbox`]): a client that does not
//! read makes its own requests and streams wait and nobody else's.

use super::http;
use super::intake::Intake;
use super::outbox::{Gone, Outbox};
use super::{Asker, Server};
use crate::domain::OperatorRole;
use crate::people::Peer;
use crate::protocol::{ClientLine, EngineLine, Fault, FaultCode, LONGEST_LINE, Reply, Request, VERSION, Welcome};
use crate::sandbox::Sandbox;
use futures_util::StreamExt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio_util::codec::{FramedRead, LinesCodec};

/// Requests of one client that are answered at once.
const MOST_ANSWERS: usize = 8;
/// Streams that one client may have open.
const MOST_STREAMS: usize = 64;
/// A client must speak first within this time.
const GREETING: Duration = Duration::from_secs(10);
/// How often those whose streams are open are asked whether they may still look.
const TRUST: Duration = Duration::from_secs(5);
/// How often a client of which nothing more is read is looked after.
const LOOK: Duration = Duration::from_secs(1);

/// Tells a client for whom there is no place why; it is not waited for.
pub(super) fn turn_away(stream: &UnixStream, message: String) {
    let line = EngineLine::Fault { id: 0, fault: Fault { code: FaultCode::Refused, message } };
    let line = serde_json::to_string(&line).unwrap_or_default() + "\n";
    // The buffer of a new connection has room for a line; where it has not, the client sees the end without words.
    drop(stream.try_write(line.as_bytes()));
}

impl<S: Sandbox> Server<S> {
    pub(super) async fn client(self: Arc<Self>, stream: UnixStream) {
        let peer = match Peer::of(&stream) {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!("a client without credentials: {error}");
                return;
            }
        };
        let (read, write) = stream.into_split();
        let mut read = BufReader::new(Intake::of(read, peer.uid));
        let you = Asker { actor: self.people.actor(&peer).await, peer };
        let begun = Instant::now();
        let opening = match tokio::time::timeout(GREETING, read.fill_buf()).await {
            Ok(Ok(first)) => Ok(http::begins(first)),
            Ok(Err(error)) => Err(error.to_string()),
            // What comes of one that says nothing is seen below.
            Err(_) => Ok(false),
        };
        if opening == Ok(true) {
            return self.collector(read, write, &you).await;
        }
        let mut input = FramedRead::new(read, LinesCodec::new_with_max_length(LONGEST_LINE));
        let (outbox, lines) = Outbox::new();
        let writer = tokio::spawn(lines.write(write));
        let left = GREETING.saturating_sub(begun.elapsed());
        if let Err(message) = opening {
            let fault = Fault { code: FaultCode::Protocol, message };
            drop(outbox.send(EngineLine::Fault { id: 0, fault }).await);
        } else if tokio::time::timeout(left, self.greet(&mut input, &outbox, &you)).await.unwrap_or(false) {
            self.requests(&mut input, &outbox, you).await;
        }
        // Streams end with the client's side of the connection, what was asked for is done to the end.
        outbox.leave();
        drop(outbox);
        // What is queued still goes out; the writer ends when every task has let go of the queue.
        if let Err(error) = writer.await {
            tracing::warn!("a client's writer failed: {error}");
        }
    }

    async fn greet<R>(&self, input: &mut FramedRead<R, LinesCodec>, outbox: &Outbox, you: &Asker) -> bool
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
            Ok(ClientLine::Hello(_)) if !self.people.may(&you.peer, OperatorRole::Viewer).await => {
                let message = self.people.refusal(&you.peer, OperatorRole::Viewer, "this engine").await;
                (fault(FaultCode::Forbidden, message), false)
            }
            Ok(ClientLine::Hello(hello)) if hello.protocol == VERSION => {
                let engine = concat!("dogwatch ", env!("CARGO_PKG_VERSION")).to_owned();
                let welcome =
                    Welcome { protocol: VERSION, engine, instance: self.instance.clone(), you: you.actor.clone() };
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

    async fn requests(
        self: &Arc<Self>,
        input: &mut FramedRead<BufReader<Intake>, LinesCodec>,
        outbox: &Outbox,
        you: Asker,
    ) {
        let (mut answers, mut streams) = (JoinSet::new(), JoinSet::new());
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut trust = tokio::time::interval(TRUST);
        trust.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let free = answers.len() < MOST_ANSWERS && streams.len() < MOST_STREAMS;
            let next = async {
                outbox.has_room().await;
                input.next().await
            };
            let text = tokio::select! {
                text = next, if free => text,
                Some(_) = answers.join_next() => continue,
                Some(_) = streams.join_next() => continue,
                // Its streams end; what it asked for before is read and done once there is room.
                _ = looks.tick(), if !free => {
                    if closed(input.get_ref().get_ref().stream()) {
                        outbox.leave();
                    }
                    continue;
                }
                _ = trust.tick(), if !streams.is_empty() => {
                    if !self.people.may(&you.peer, OperatorRole::Viewer).await {
                        let message = self.people.refusal(&you.peer, OperatorRole::Viewer, "this engine").await;
                        let fault = Fault { code: FaultCode::Forbidden, message };
                        drop(outbox.send(EngineLine::Fault { id: 0, fault }).await);
                        break;
                    }
                    continue;
                }
                () = outbox.dead() => break,
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
                    let outbox = outbox.of(id);
                    let stream =
                        matches!(request, Request::Watch { .. } | Request::FollowLog { .. } | Request::TailLog { .. });
                    let place = if stream { &mut streams } else { &mut answers };
                    place.spawn(async move { server.one(request, you, outbox).await });
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
        answers.detach_all();
        streams.detach_all();
    }

    /// Whether a request is an answer that only steers a run, by somebody who may steer it. What cannot be looked up is not.
    async fn steers(&self, request: &Request, you: &Asker) -> bool {
        let Request::Answer { question, .. } = request else { return false };
        let id = *question;
        let found = self.engine.store.read(move |view| view.question(id)).await;
        matches!(found, Ok(Some(question)) if question.kind.steers())
            && self.people.may(&you.peer, OperatorRole::Operator).await
    }

    async fn one(self: Arc<Self>, request: Request, you: Asker, outbox: Outbox) {
        let stream = request.clone();
        let needed = request.needs();
        let answer = if self.people.may(&you.peer, needed).await || self.steers(&request, &you).await {
            self.answer(request, you).await
        } else {
            let message = self.people.refusal(&you.peer, needed, &format!("`{}`", request.word())).await;
            tracing::warn!(uid = you.peer.uid, "refused: {message}");
            Err(Fault { code: FaultCode::Forbidden, message })
        };
        let fine = answer.is_ok();
        let line = match answer {
            Ok(reply) => EngineLine::Reply { id: outbox.id(), reply: Box::new(reply) },
            Err(fault) => EngineLine::Fault { id: outbox.id(), fault },
        };
        if outbox.send(line).await.is_err() || !fine {
            return;
        }
        let ended = match stream {
            Request::Watch { since } => self.watch(since, &outbox).await,
            Request::TailLog { run, most } => self.tail(run, most, &outbox).await,
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

/// Whether a client has closed its side, however much of what it sent is still to be read.
fn closed(stream: &UnixStream) -> bool {
    let mut ends = [PollFd::new(stream, PollFlags::RDHUP)];
    // A socket that cannot be asked is found out by reading.
    poll(&mut ends, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}
