//! The channel as the sandbox uses it, and the task behind it.

use super::greet::{Greeted, greet};
use super::guard::Guard;
use super::intake::Intake;
use super::{ChannelError, Drained, Exit, Secret, bind, drain};
use crate::logs::{LogMark, LogWriter};
use crate::shim::wire::{Decoder, Frame, MAX_OUTPUT};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

/// How many connections may be in their greeting; the oldest makes room for the next, so that nobody can lock the shim out.
const MAX_GREETINGS: usize = 16;
/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(5);
/// How long output may wait for more before it goes to disk together.
const GATHER: Duration = Duration::from_millis(20);
/// How much output goes to disk together.
const GATHER_BYTES: usize = 1024 * 1024;
/// How long the channel rests after the disk refused.
const REST: Duration = Duration::from_secs(1);

/// The engine's end of a step's log channel. Dropping it closes the socket; the shim then waits for the next engine.
#[derive(Debug)]
pub struct StepChannel {
    shared: Arc<Shared>,
    secret: Secret,
    exit: watch::Receiver<Option<Result<Exit, ChannelError>>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    intake: Intake,
    exit: watch::Sender<Option<Result<Exit, ChannelError>>>,
    live: Mutex<Live>,
}

#[derive(Debug)]
struct Live {
    guard: Guard,
    last_output: Instant,
    trouble: Option<String>,
    /// The way to the connected shim.
    orders: Option<mpsc::Sender<Frame>>,
}

impl StepChannel {
    /// Listens in `dir` (the directory that the container sees as `/dogwatch/step`), replacing what an earlier engine left
    /// there. Must be called inside a tokio runtime.
    pub fn listen(dir: &Path, secret: Secret, log: LogWriter) -> Result<Self, ChannelError> {
        let intake = Intake::open(log)?;
        let failed =
            |error: std::io::Error| ChannelError::Listen { dir: dir.display().to_string(), reason: error.to_string() };
        let listener = UnixListener::from_std(bind::bind(dir)?).map_err(failed)?;
        let (sender, exit) = watch::channel(intake.exit().map(Ok));
        let live = Live {
            guard: Guard::starting_at(intake.intrusions()),
            last_output: Instant::now(),
            trouble: None,
            orders: None,
        };
        let shared = Arc::new(Shared { intake, exit: sender, live: Mutex::new(live) });
        let task = tokio::spawn(serve(listener, secret.clone(), Arc::clone(&shared)));
        Ok(Self { shared, secret, exit, task })
    }

    /// Connections that could not prove to be the shim, over all engines that served this step.
    pub fn intrusions(&self) -> u32 {
        self.shared.live().guard.count()
    }

    /// When the program's last output arrived, or when this engine began to listen.
    pub fn last_output(&self) -> Instant {
        self.shared.live().last_output
    }

    /// Whether the shim is connected.
    pub fn connected(&self) -> bool {
        self.shared.live().orders.is_some()
    }

    /// What keeps output from the disk at present (a full disk), in words; the shim keeps the output meanwhile.
    pub fn trouble(&self) -> Option<String> {
        self.shared.live().trouble.clone()
    }

    /// Waits for the shim's last word, which is on disk by then. May be dropped and asked again.
    pub async fn wait_exit(&self) -> Result<Exit, ChannelError> {
        let mut exit = self.exit.clone();
        let known = exit.wait_for(Option::is_some).await.map_err(|_| ChannelError::Closed)?;
        known.clone().unwrap_or(Err(ChannelError::Closed))
    }

    /// Tells the shim to stop the program: SIGTERM, and after `grace` SIGKILL. Returns whether a shim was there to hear it.
    pub async fn stop(&self, grace: Duration) -> bool {
        let grace_ms = u32::try_from(grace.as_millis()).unwrap_or(u32::MAX);
        self.order(Frame::Stop { grace_ms }).await
    }

    /// Tells the shim to send the program's process group a signal. Returns whether a shim was there to hear it.
    pub async fn signal(&self, number: i32) -> bool {
        self.order(Frame::Signal { number }).await
    }

    async fn order(&self, frame: Frame) -> bool {
        let orders = self.shared.live().orders.clone();
        match orders {
            Some(orders) => orders.send(frame).await.is_ok(),
            None => false,
        }
    }

    /// Puts a remark of the engine into the log, on disk when this returns.
    pub async fn note(&self, time_ms: i64, text: String) -> Result<(), ChannelError> {
        self.blocking(move |shared| {
            let noted = shared.intake.with_log(|log| log.note(time_ms, &text).and_then(|()| log.sync()));
            noted.map_err(super::intake::failed)
        })
        .await
    }

    /// After the container is gone: takes over what the shim left in its spool.
    pub async fn drain_spool(&self, spool: &Path) -> Result<Drained, ChannelError> {
        let (spool, secret) = (spool.to_owned(), self.secret.clone());
        self.blocking(move |shared| {
            let drained = drain::drain(&shared.intake, &spool, &secret)?;
            if let Some(exit) = &drained.exit {
                shared.exit.send_replace(Some(Ok(exit.clone())));
            }
            Ok(drained)
        })
        .await
    }

    /// Whether output of this step was destroyed in the spool.
    pub fn damaged(&self) -> bool {
        self.shared.intake.damaged()
    }

    /// SHA-256 of the log's bytes so far, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        self.shared.intake.with_log(|log| log.digest())
    }

    /// Follows how far the log has come on disk.
    pub fn watch_log(&self) -> watch::Receiver<LogMark> {
        self.shared.intake.with_log(|log| log.watch())
    }

    /// Stops listening and puts everything on disk. Returns the log's digest and the count of intrusions.
    pub async fn close(mut self) -> Result<(String, u32), ChannelError> {
        self.task.abort();
        // The task answers an abort with an error by design; whatever it was, it has ended.
        let _ = (&mut self.task).await;
        self.blocking(|shared| {
            shared.intake.take(Vec::new())?;
            let count = shared.live().guard.count();
            shared.intake.save_intrusions(count)?;
            Ok((shared.intake.with_log(|log| log.digest()), count))
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Shared) -> Result<T, ChannelError> + Send + 'static,
    ) -> Result<T, ChannelError> {
        blocking(&self.shared, act).await
    }
}

impl Drop for StepChannel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, Live> {
        // Every change under this lock is a single assignment, so a panic cannot leave it half done.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    act: impl FnOnce(&Shared) -> Result<T, ChannelError> + Send + 'static,
) -> Result<T, ChannelError> {
    let shared = Arc::clone(shared);
    tokio::task::spawn_blocking(move || act(&shared)).await.unwrap_or(Err(ChannelError::Closed))
}

/// Accepts and greets; the connection that proves itself last is the shim.
async fn serve(listener: UnixListener, secret: Secret, shared: Arc<Shared>) {
    let mut greetings: JoinSet<Greeted> = JoinSet::new();
    let mut order: VecDeque<(AbortHandle, Option<i32>)> = VecDeque::new();
    let mut talking: JoinSet<()> = JoinSet::new();
    let mut saving = tokio::time::interval(Duration::from_secs(1));
    saving.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut saved = shared.live().guard.count();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    order.retain(|(handle, _)| !handle.is_finished());
                    if order.len() >= MAX_GREETINGS && let Some((handle, process)) = order.pop_front() {
                        handle.abort();
                        shared.live().guard.broke_off(process);
                    }
                    let process = stream.peer_cred().ok().and_then(|cred| cred.pid());
                    let secret = secret.clone();
                    let handle = greetings.spawn(async move {
                        timeout(GREETING, greet(stream, &secret, process)).await.unwrap_or(Greeted::Gone(process))
                    });
                    order.push_back((handle, process));
                }
                Err(error) => {
                    shared.live().trouble = Some(format!("log channel: cannot accept: {error}"));
                    tokio::time::sleep(REST).await;
                }
            },
            Some(greeted) = greetings.join_next() => match greeted {
                Ok(Greeted::Shim(stream, decoder, process)) => {
                    talking.shutdown().await;
                    let (orders, commands) = mpsc::channel(4);
                    {
                        let mut live = shared.live();
                        live.guard.proved(process);
                        live.orders = Some(orders.clone());
                    }
                    let shared = Arc::clone(&shared);
                    talking.spawn(async move {
                        talk(stream, decoder, commands, &shared).await;
                        let mut live = shared.live();
                        if live.orders.as_ref().is_some_and(|current| current.same_channel(&orders)) {
                            live.orders = None;
                        }
                    });
                }
                Ok(Greeted::Lie) => shared.live().guard.lied(),
                Ok(Greeted::Gone(process)) => shared.live().guard.broke_off(process),
                // Only the crowded-out ones are aborted, and those were counted then.
                Err(_) => {}
            },
            Some(_) = talking.join_next() => {}
            _ = saving.tick() => {
                let count = shared.live().guard.count();
                if count != saved {
                    match blocking(&shared, move |shared| shared.intake.save_intrusions(count)).await {
                        Ok(()) => saved = count,
                        Err(error) => shared.live().trouble = Some(error.to_string()),
                    }
                }
            }
        }
    }
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
                                _ => {}
                            },
                            Ok(None) => break,
                            Err(error) => {
                                shared.live().trouble = Some(error.to_string());
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
                shared.live().trouble = Some(error.to_string());
                if matches!(error, ChannelError::Gap(_)) {
                    shared.exit.send_replace(Some(Err(error)));
                }
                tokio::time::sleep(REST).await;
                return;
            }
        }
    }
}
