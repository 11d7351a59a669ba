//! The task behind a channel: lets connections in, finds the shim among them, and takes what it says to disk.

use super::greet::{Greeted, Proven};
use super::greetings::Greetings;
use super::listen::{Shared, blocking};
use super::{ChannelError, Heard, Secret};
use crate::shim::wire::{Decoder, Frame, MAX_OUTPUT};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long output may wait for more before it goes to disk together.
const GATHER: Duration = Duration::from_millis(20);
/// How much output goes to disk together.
const GATHER_BYTES: usize = 1024 * 1024;
/// How long the channel rests after the disk refused.
const REST: Duration = Duration::from_secs(1);
/// How long nobody is let in after an intruder, so that a flood of them costs next to nothing. The shim waits its turn in
/// the socket's queue meanwhile.
const PACE: Duration = Duration::from_millis(2);

/// Accepts and greets; the connection that proves itself last is the shim.
pub(super) async fn serve(listener: UnixListener, secret: Secret, shared: Arc<Shared>) {
    let mut greetings = Greetings::default();
    let mut talking: JoinSet<()> = JoinSet::new();
    let mut saving = tokio::time::interval(Duration::from_secs(1));
    saving.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut saved = shared.live().guard.count();
    // Until when nobody is let in.
    let mut rest: Option<Instant> = None;
    loop {
        let greeted = tokio::select! {
                // Whoever is done is dealt with before anybody new comes in.
                biased;
                Some(greeted) = greetings.next() => Some(greeted),
                Some(_) = talking.join_next() => None,
                _ = saving.tick() => {
                    let count = shared.live().guard.count();
                    if count != saved {
                        match blocking(&shared, move |shared| shared.intake.save_intrusions(count)).await {
                            Ok(()) => {
                                saved = count;
                                shared.live().uncounted = None;
                            }
                            Err(error) => shared.live().uncounted = Some(error.to_string()),
                        }
                    }
                    None
                }
                () = sleep_until(rest.unwrap_or_else(Instant::now)), if rest.is_some() => {
                    rest = None;
                    None
                }
                accepted = listener.accept(), if rest.is_none() && greetings.has_room() => {
                    rest = match accepted {
                        Ok((stream, _)) => admit(stream, &secret, &shared, &mut greetings),
                        Err(error) => {
                            tracing::warn!(%error, "log channel: cannot accept");
                            Some(REST)
                        }
                    }
                    .map(|pause| Instant::now() + pause);
                    None
                }
        };
        match greeted {
            Some(Ok(Greeted::Shim(Proven { stream, decoder, process, version }))) => {
                talking.shutdown().await;
                let (orders, commands) = mpsc::channel(4);
                {
                    let mut live = shared.live();
                    live.guard.proved(process);
                    live.orders = Some(orders.clone());
                    live.version = version;
                }
                shared.connected.send_replace(true);
                let shared = Arc::clone(&shared);
                talking.spawn(async move {
                    talk(stream, decoder, commands, &shared).await;
                    let mut live = shared.live();
                    if live.orders.as_ref().is_some_and(|current| current.same_channel(&orders)) {
                        live.orders = None;
                        shared.connected.send_replace(false);
                    }
                });
            }
            Some(Ok(Greeted::Lie)) => {
                shared.live().guard.lied();
                rest = Some(Instant::now() + PACE);
            }
            Some(Ok(Greeted::Gone(process))) => {
                shared.live().guard.broke_off(process);
                rest = Some(Instant::now() + PACE);
            }
            // Only the crowded-out ones are aborted, and those were counted then.
            Some(Err(_)) | None => {}
        }
    }
}

/// Begins the greeting of a fresh connection, unless it cannot be the shim's. Returns how long to rest afterwards.
fn admit(stream: UnixStream, secret: &Secret, shared: &Shared, greetings: &mut Greetings) -> Option<Duration> {
    // A process that this one cannot see has the number 0.
    let process = stream.peer_cred().ok().and_then(|cred| cred.pid()).filter(|process| *process > 0);
    let mut live = shared.live();
    if let (Some(shim), Some(process)) = (live.shim, process)
        && shim != process
    {
        live.guard.lied();
        return Some(PACE);
    }
    let crowded_out = greetings.begin(stream, secret, process)?;
    live.guard.broke_off(crowded_out.process);
    Some(PACE)
}

/// Talks to the shim until the connection ends.
async fn talk(mut stream: UnixStream, mut decoder: Decoder, mut orders: mpsc::Receiver<Frame>, shared: &Arc<Shared>) {
    let mut acknowledged = shared.intake.acknowledged();
    if stream.write_all(&Frame::Ack { seq: acknowledged }.encode()).await.is_err() {
        return;
    }
    let mut buffer = vec![0; MAX_OUTPUT];
    let mut batch: Vec<Frame> = Vec::new();
    let mut size = 0;
    let mut due: Option<Instant> = None;
    let mut open = true;
    while open {
        let mut flush = false;
        tokio::select! {
            read = stream.read(&mut buffer) => match read {
                Ok(0) | Err(_) => (open, flush) = (false, true),
                Ok(count) => {
                    decoder.feed(buffer.get(..count).unwrap_or(&[]));
                    size += count;
                    loop {
                        match decoder.next_frame() {
                            Ok(Some(frame)) => match frame {
                                Frame::Output { .. } | Frame::Lost { .. } => {
                                    shared.live().last_output = Instant::now();
                                    batch.push(frame);
                                }
                                Frame::Exit { .. } => {
                                    batch.push(frame);
                                    flush = true;
                                }
                                Frame::Heard { number, time_ms, fate } => {
                                    shared.heard.send_replace(Some(Heard { number, time_ms, fate }));
                                }
                                _ => {}
                            },
                            Ok(None) => break,
                            Err(error) => {
                                tracing::warn!(%error, "log channel: the shim cannot be understood");
                                (open, flush) = (false, true);
                                break;
                            }
                        }
                    }
                    if !batch.is_empty() {
                        due.get_or_insert_with(|| Instant::now() + GATHER);
                    }
                }
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => flush = true,
            Some(order) = orders.recv() => open = stream.write_all(&order.encode()).await.is_ok(),
        }
        if batch.is_empty() || !(flush || size >= GATHER_BYTES) {
            continue;
        }
        let frames = std::mem::take(&mut batch);
        (size, due) = (0, None);
        match blocking(shared, move |shared| shared.intake.take(frames)).await {
            Ok(seq) => {
                acknowledged = acknowledged.max(seq);
                shared.live().trouble = None;
                if let Some(exit) = shared.intake.exit() {
                    shared.exit.send_replace(Some(Ok(exit)));
                }
                open &= stream.write_all(&Frame::Ack { seq: acknowledged }.encode()).await.is_ok();
            }
            Err(error) => {
                tracing::warn!(%error, "log channel: output cannot be saved");
                if matches!(error, ChannelError::Gap(_)) {
                    shared.exit.send_replace(Some(Err(error)));
                } else {
                    shared.live().trouble = Some(error.to_string());
                }
                tokio::time::sleep(REST).await;
                return;
            }
        }
    }
}
