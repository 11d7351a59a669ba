//! Lines that wait for one client. Their bytes are bounded: where a client does not read, whoever has something for it waits,
//! and nobody else does.

use crate::protocol::{EngineLine, Event, Fault, FaultCode, LONGEST_LINE};
use futures_util::SinkExt;
use std::sync::Arc;
use tokio::io::AsyncWrite;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::codec::{FramedWrite, LinesCodec};
use tokio_util::sync::CancellationToken;

/// Bytes that may wait; at least the longest line.
const MOST_BYTES: u32 = 32 * 1024 * 1024;
/// Lines that may wait.
const MOST_LINES: usize = 256;

/// A line with its share of the room.
struct Waiting {
    text: String,
    _room: OwnedSemaphorePermit,
}

/// Where a task sends lines for its client.
#[derive(Clone)]
pub(super) struct Outbox {
    id: u64,
    lines: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    /// The client closed its side: nobody waits for streams any more.
    left: CancellationToken,
}

/// The client is gone, or this stream of it is over.
pub(super) struct Gone;

/// Takes the lines out of the box, one by one.
pub(super) struct Lines(mpsc::Receiver<Waiting>);

impl Lines {
    /// Writes lines until the last [`Outbox`] is dropped or the client is gone.
    pub(super) async fn write(mut self, to: impl AsyncWrite + Unpin) {
        let mut output = FramedWrite::new(to, LinesCodec::new_with_max_length(LONGEST_LINE));
        while let Some(line) = self.0.recv().await {
            if output.send(line.text).await.is_err() {
                return;
            }
        }
    }
}

impl Outbox {
    /// An empty one, for the connection as a whole.
    pub(super) fn new() -> (Self, Lines) {
        let (lines, waiting) = mpsc::channel(MOST_LINES);
        let room = Arc::new(Semaphore::new(MOST_BYTES as usize));
        (Self { id: 0, lines, room, left: CancellationToken::new() }, Lines(waiting))
    }

    /// The same box for what belongs to one request.
    pub(super) fn of(&self, id: u64) -> Self {
        Self { id, ..self.clone() }
    }

    /// The request that it is for; 0 for the connection as a whole.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Sends news on a stream. After one that does not fit into a line the stream is over, since the client misses it.
    pub(super) async fn event(&self, event: Event) -> Result<(), Gone> {
        self.send(EngineLine::Event { id: self.id, event: Box::new(event) }).await
    }

    /// Says why a stream is over.
    pub(super) async fn end(&self, fault: Fault) -> Result<(), Gone> {
        self.send(EngineLine::Fault { id: self.id, fault }).await?;
        Err(Gone)
    }

    pub(super) async fn send(&self, line: EngineLine) -> Result<(), Gone> {
        let (mut text, fits) = text_of(&line);
        drop(line);
        text.shrink_to_fit();
        let bytes = u32::try_from(text.len()).unwrap_or(MOST_BYTES).min(MOST_BYTES);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| Gone)?;
        self.lines.send(Waiting { text, _room: room }).await.map_err(|_| Gone)?;
        if fits { Ok(()) } else { Err(Gone) }
    }

    /// Waits until half of the room is free: a client that does not read its answers gets no further ones made.
    pub(super) async fn has_room(&self) {
        // The semaphore is never closed, and the permits are given back at once.
        drop(self.room.acquire_many(MOST_BYTES / 2).await);
    }

    /// The client closed its side; streams end.
    pub(super) fn leave(&self) {
        self.left.cancel();
    }

    /// Completes when nobody takes lines out any more.
    pub(super) async fn dead(&self) {
        self.lines.closed().await;
    }

    /// Completes when the client is gone.
    pub(super) async fn closed(&self) {
        tokio::select! {
            () = self.lines.closed() => {}
            () = self.left.cancelled() => {}
        }
    }
}

/// The line as text, or a fault in its place.
fn text_of(line: &EngineLine) -> (String, bool) {
    let message = match serde_json::to_string(line) {
        Ok(text) if text.len() <= LONGEST_LINE => return (text, true),
        Ok(text) => format!("the answer has {} bytes, at most {LONGEST_LINE} fit into one line", text.len()),
        Err(error) => format!("the answer cannot be written: {error}"),
    };
    let fault = Fault { code: FaultCode::Refused, message };
    // A fault of numbers and plain words can always be written.
    (serde_json::to_string(&EngineLine::Fault { id: line.id(), fault }).unwrap_or_default(), false)
}

#[cfg(test)]
mod tests {
    use super::{MOST_BYTES, Outbox};
    use crate::protocol::{Bytes, EngineLine, Event, LONGEST_LINE, Reply};
    use futures_util::poll;
    use std::pin::pin;
    use tokio::io::AsyncReadExt;

    fn line(bytes: usize) -> EngineLine {
        EngineLine::Reply { id: 1, reply: Box::new(Reply::Patch { bytes: Bytes::Text("x".repeat(bytes)) }) }
    }

    #[tokio::test]
    async fn bytes_that_wait_are_bounded_and_flow_again() {
        let (outbox, lines) = Outbox::new();
        let piece = 1024 * 1024;
        let mut count = 0;
        while {
            let mut send = pin!(outbox.send(line(piece)));
            poll!(send.as_mut()).is_ready()
        } {
            count += 1;
            assert!(count * piece <= MOST_BYTES as usize, "more waits than may");
        }
        assert!(count >= 30, "only {count} lines found room");
        assert!(poll!(pin!(outbox.has_room())).is_pending());
        let (near, mut far) = tokio::io::duplex(4096);
        let writer = tokio::spawn(lines.write(near));
        let reader = tokio::spawn(async move {
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.map(|_| all)
        });
        outbox.has_room().await;
        assert!(outbox.send(line(1)).await.is_ok());
        drop(outbox);
        writer.await.unwrap();
        let all = reader.await.unwrap().unwrap();
        assert_eq!(String::from_utf8(all).unwrap().lines().count(), count + 1);
    }

    #[tokio::test]
    async fn an_event_that_is_too_long_ends_its_stream_with_a_fault() {
        let (outbox, mut lines) = Outbox::new();
        let snapshot = crate::protocol::LogChunk {
            run: crate::domain::RunId(1),
            step: "x".repeat(LONGEST_LINE),
            offset: 0,
            bytes: crate::protocol::Bytes::new(b""),
        };
        assert!(outbox.of(7).event(Event::Log(snapshot)).await.is_err());
        let said: EngineLine = serde_json::from_str(&lines.0.recv().await.unwrap().text).unwrap();
        assert!(matches!(said, EngineLine::Fault { id: 7, .. }), "{said:?}");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_client_that_is_gone() {
        let (outbox, lines) = Outbox::new();
        let (near, far) = tokio::io::duplex(16);
        let writer = tokio::spawn(lines.write(near));
        while {
            let mut send = pin!(outbox.send(line(1024 * 1024)));
            poll!(send.as_mut()).is_ready()
        } {
            tokio::task::yield_now().await;
        }
        drop(far);
        writer.await.unwrap();
        outbox.dead().await;
        assert!(outbox.send(line(1)).await.is_err());
    }
}
