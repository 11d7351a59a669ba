//! The channel as the sandbox uses it; the task behind it is in `serve.rs`.

use super::guard::Guard;
use super::intake::Intake;
use super::serve::serve;
use super::{Cause, ChannelError, Drained, Exit, Heard, Secret, Voice, bind, drain};
use crate::logs::{LogMark, LogWriter};
use crate::shim::wire::Frame;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// The engine's end of a step's log channel. Dropping it closes the socket; the shim then waits for the next engine.
#[derive(Debug)]
pub struct StepChannel {
    shared: Arc<Shared>,
    secret: Secret,
    exit: watch::Receiver<Option<Result<Exit, ChannelError>>>,
    task: JoinHandle<()>,
}

/// What the channel and its task share.
#[derive(Debug)]
pub(super) struct Shared {
    pub intake: Intake,
    pub exit: watch::Sender<Option<Result<Exit, ChannelError>>>,
    /// Whether the shim is connected.
    pub connected: watch::Sender<bool>,
    /// What the shim said last of a piece of input.
    pub heard: watch::Sender<Option<Heard>>,
    live: Mutex<Live>,
}

/// What the engine has noticed of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// When the program's last output arrived, or when this engine began to listen.
    pub last_output: Instant,
    /// What keeps output from the disk at present (a full disk), in words; the shim keeps the output meanwhile, and the
    /// program may be waiting.
    pub trouble: Option<String>,
}

#[derive(Debug)]
pub(super) struct Live {
    pub guard: Guard,
    pub last_output: Instant,
    /// What keeps output from the disk.
    pub trouble: Option<String>,
    /// What keeps the count of intrusions from it.
    pub uncounted: Option<String>,
    /// The container's first process, where it is known for certain.
    pub shim: Option<i32>,
    /// The way to the connected shim.
    pub orders: Option<mpsc::Sender<Frame>>,
    /// The version of the channel that it speaks.
    pub version: u16,
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
            uncounted: None,
            shim: None,
            orders: None,
            version: 0,
        };
        let connected = watch::Sender::new(false);
        let heard = watch::Sender::new(None);
        let shared = Arc::new(Shared { intake, exit: sender, connected, heard, live: Mutex::new(live) });
        let task = tokio::spawn(serve(listener, secret.clone(), Arc::clone(&shared)));
        Ok(Self { shared, secret, exit, task })
    }

    /// Connections that could not prove to be the shim, over all engines that served this step.
    pub fn intrusions(&self) -> u32 {
        self.shared.live().guard.count()
    }

    /// What the engine has noticed of the program up to now.
    pub fn sign(&self) -> Sign {
        self.shared.live().sign()
    }

    /// Whether the shim is connected.
    pub fn connected(&self) -> bool {
        *self.shared.connected.borrow()
    }

    /// Names the process that the shim is, as this machine numbers it: from now on nobody else is even greeted. Must be
    /// known for certain, or the shim is locked out.
    pub fn expect_process(&self, process: Option<i32>) {
        self.shared.live().shim = process;
    }

    /// After the container's end: waits until all that the shim sent is taken, but not for ever.
    pub async fn hear_out(&self, longest: Duration) {
        let mut connected = self.shared.connected.subscribe();
        // Too late or closed: what did not come by this way is looked for in the spool.
        let _ = timeout(longest, connected.wait_for(|connected| !connected)).await;
    }

    /// Why an engine began to stop the container: this one or one before it.
    pub fn cause(&self) -> Option<Cause> {
        self.shared.intake.cause()
    }

    /// Remembers why the container is being stopped, on disk when this returns.
    pub async fn save_cause(&self, cause: Cause) -> Result<(), ChannelError> {
        self.blocking(move |shared| shared.intake.save_cause(cause)).await
    }

    /// How many bytes of output came when the log was at its cap, if any did.
    pub fn left_out(&self) -> Option<u64> {
        self.shared.intake.left_out()
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
        self.shared.order(frame).await
    }

    /// The way to the program's standard input, for whoever else has something to say to it.
    pub fn voice(&self) -> Voice {
        Voice::new(&self.shared)
    }

    /// Puts a remark of the engine into the log, on disk when this returns. The same text is put there once, however often
    /// and by however many engines this is asked.
    pub async fn remark(&self, time_ms: i64, text: String) -> Result<(), ChannelError> {
        self.blocking(move |shared| shared.intake.remark(time_ms, &text)).await
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

impl Live {
    fn sign(&self) -> Sign {
        Sign { last_output: self.last_output, trouble: self.trouble.as_ref().or(self.uncounted.as_ref()).cloned() }
    }
}

impl Shared {
    /// Gives the connected shim an order; whether there was one.
    pub async fn order(&self, frame: Frame) -> bool {
        let orders = self.live().orders.clone();
        match orders {
            Some(orders) => orders.send(frame).await.is_ok(),
            None => false,
        }
    }

    pub fn live(&self) -> MutexGuard<'_, Live> {
        // Every change under this lock is a single assignment, so a panic cannot leave it half done.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    act: impl FnOnce(&Shared) -> Result<T, ChannelError> + Send + 'static,
) -> Result<T, ChannelError> {
    let shared = Arc::clone(shared);
    tokio::task::spawn_blocking(move || act(&shared)).await.unwrap_or(Err(ChannelError::Closed))
}
