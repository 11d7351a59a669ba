//! The gate: a child of the engine that alone holds what logs in to live systems. It is started with an empty environment, hears
//! orders on its standard input and answers on its standard output, and reads no text of agents but the bytes that it passes on. It
//! knows no database: what is done is the engine's to write down.
//!
//! When the engine dies the gate ends with it. A command that is at work on an asset goes on there, and the next engine asks what
//! became of it.

mod child;
mod wire;

pub use child::main;

use super::{FleetFault, Looked, Order};
use crate::domain::{Asset, AssetSpec, ExecutionOutcome, Vitals};
use crate::engine::crash::{CrashPoints, Crashed};
use crate::engine::proposals::{Order as Approved, Piece};
use futures_util::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::codec::{FramedRead, FramedWrite};
use wire::{Ask, Asked, Said, Say};

/// The word by which the executable is told to be the gate.
pub const WORD: &str = "gate";
/// Programs that log in are looked for here.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Orders that wait for being written.
const WAITING: usize = 64;

/// Who waits for answers of a child; none once it has said its last, so that nobody begins to wait for it then.
type Hearers = Arc<Mutex<Option<HashMap<u64, mpsc::UnboundedSender<Say>>>>>;

/// The engine's end. The child is started with the first order, and anew after its death; an order is never given twice.
#[derive(Debug)]
pub struct Gate {
    program: PathBuf,
    dir: PathBuf,
    config: PathBuf,
    agent: Option<OsString>,
    crash: CrashPoints,
    next: AtomicU64,
    running: AsyncMutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    orders: mpsc::Sender<Vec<u8>>,
    hearers: Hearers,
    child: Child,
}

impl Gate {
    /// With a private directory for what SSH needs, whose path is short, and the operator's file, whose rules the gate reads itself.
    pub fn new(dir: PathBuf, config: PathBuf) -> Self {
        // By this name also an executable that was replaced by an upgrade is found.
        Self::by(Path::new("/proc/self/exe").to_owned(), dir, config)
    }

    /// The same by another executable.
    pub fn by(program: PathBuf, dir: PathBuf, config: PathBuf) -> Self {
        let agent = std::env::var_os("SSH_AUTH_SOCK");
        let (crash, next) = (CrashPoints::default(), AtomicU64::new(1));
        Self { program, dir, config, agent, crash, next, running: AsyncMutex::new(None) }
    }

    /// The same with places where a test has the engine die.
    #[must_use]
    pub fn crashing(mut self, crash: CrashPoints) -> Self {
        self.crash = crash;
        self
    }

    /// Looks at an asset just before something is done there.
    pub async fn look(&self, asset: &AssetSpec) -> Result<Looked, FleetFault> {
        match self.answer(Ask::Look { asset: asset.clone() }).await? {
            Say::Looked { looked } => Ok(looked),
            Say::Fault { why } => Err(FleetFault(why)),
            _ => Err(strange()),
        }
    }

    /// How an asset is.
    pub async fn observe(&self, asset: &AssetSpec) -> Result<Vitals, FleetFault> {
        match self.answer(Ask::Observe { asset: asset.clone() }).await? {
            Say::Observed { vitals } => Ok(*vitals),
            Say::Fault { why } => Err(FleetFault(why)),
            _ => Err(strange()),
        }
    }

    /// Carries out what was approved, once. What is not certain afterwards is `Unknown`, for a fence to find out.
    pub async fn dispatch(&self, approved: Approved, asset: Asset, pieces: &mpsc::Sender<Piece>) -> ExecutionOutcome {
        self.outcome(Ask::Dispatch { approved: Box::new(approved), asset: Box::new(asset) }, pieces).await
    }

    /// Holds the place of a command that may not have run, or tells what became of it. `Err` where the asset does not answer.
    pub async fn fence(&self, approved: &Approved, asset: &Asset) -> Result<ExecutionOutcome, FleetFault> {
        let boot = approved.boot.clone().unwrap_or_default();
        match self.answer(Ask::Fence { order: Box::new(Order::of(approved, asset)), boot }).await? {
            Say::Outcome { outcome } => Ok(outcome),
            Say::Fault { why } => Err(FleetFault(why)),
            _ => Err(strange()),
        }
    }

    /// Ends a command, or holds its place where it has not begun, and tells what is known of it then.
    pub async fn stop(&self, approved: &Approved, asset: &Asset) -> Result<ExecutionOutcome, FleetFault> {
        let boot = approved.boot.clone().unwrap_or_default();
        match self.answer(Ask::Stop { order: Box::new(Order::of(approved, asset)), boot }).await? {
            Say::Outcome { outcome } => Ok(outcome),
            Say::Fault { why } => Err(FleetFault(why)),
            _ => Err(strange()),
        }
    }

    /// Tells all output of a command that was dispatched, and its end.
    pub async fn follow(&self, approved: &Approved, asset: &Asset, pieces: &mpsc::Sender<Piece>) -> ExecutionOutcome {
        self.outcome(Ask::Follow { order: Box::new(Order::of(approved, asset)) }, pieces).await
    }

    async fn outcome(&self, ask: Ask, pieces: &mpsc::Sender<Piece>) -> ExecutionOutcome {
        let unknown = |fault: FleetFault| ExecutionOutcome::Unknown { why: fault.to_string() };
        let mut says = match self.ask(ask).await {
            Ok(says) => says,
            // Nothing has left the engine, but only a fence makes that certain.
            Err(fault) => return unknown(fault),
        };
        let mut places = [0, 0];
        loop {
            let piece = match says.recv().await {
                Some(Say::Begun) => Piece::Begun,
                Some(Say::Output { error, bytes }) => {
                    let Some(bytes) = bytes.decode() else { return unknown(strange()) };
                    let offset = places[usize::from(error)];
                    places[usize::from(error)] += bytes.len() as u64;
                    Piece::Output { error, offset, bytes }
                }
                Some(Say::Outcome { outcome }) => {
                    return self.at("gate.outcome.heard").map_or_else(unknown, |()| outcome);
                }
                Some(_) => return unknown(strange()),
                None => return unknown(gone()),
            };
            // Whoever listened may have gone; the command goes on all the same.
            let _nobody_listens = pieces.send(piece).await;
        }
    }

    async fn answer(&self, ask: Ask) -> Result<Say, FleetFault> {
        self.ask(ask).await?.recv().await.ok_or_else(gone)
    }

    /// Gives an order to the child that is there, or to a new one.
    async fn ask(&self, ask: Ask) -> Result<mpsc::UnboundedReceiver<Say>, FleetFault> {
        let (id, point) = (self.next.fetch_add(1, Ordering::Relaxed), ask.point());
        let order = serde_json::to_vec(&Asked { id, ask }).map_err(|error| FleetFault(error.to_string()))?;
        let (hear, says) = mpsc::unbounded_channel();
        let mut running = self.running.lock().await;
        // A child that was killed says its last before anybody learns of its end.
        let lives = match running.as_mut() {
            Some(one) => {
                let hears = one.hearers.lock().unwrap_or_else(PoisonError::into_inner).is_some();
                hears && matches!(one.child.try_wait(), Ok(None)) && !one.orders.is_closed()
            }
            None => false,
        };
        if !lives {
            self.at("gate.start.before")?;
            *running = Some(self.start()?);
            self.at("gate.start.after")?;
        }
        let Some(one) = running.as_ref() else { return Err(gone()) };
        if let Some(hearers) = one.hearers.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            hearers.insert(id, hear);
        } else {
            return Err(gone());
        }
        one.orders.send(order).await.map_err(|_| gone())?;
        if let Some(point) = point {
            self.at(point)?;
        }
        Ok(says)
    }

    /// A place where a test may have the engine die.
    fn at(&self, point: &str) -> Result<(), FleetFault> {
        self.crash.at(point).map_err(|Crashed| gone())
    }

    fn start(&self) -> Result<Running, FleetFault> {
        let failed = |error: std::io::Error| FleetFault(format!("the gate does not start: {error}"));
        let mut command = Command::new(&self.program);
        command.arg(WORD).arg(&self.dir).arg(&self.config).env_clear().env("PATH", PATH).current_dir("/");
        if let Some(agent) = &self.agent {
            command.env("SSH_AUTH_SOCK", agent);
        }
        if let Some((name, wish)) = CrashPoints::of_gate() {
            command.env(name, wish);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { return Err(gone()) };
        let (orders, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        tokio::spawn(async move {
            let mut to = FramedWrite::new(to, wire::codec());
            while let Some(order) = waiting.recv().await {
                // Its silence tells that it is gone.
                if to.send(bytes::Bytes::from(order)).await.is_err() {
                    break;
                }
            }
        });
        let hearers = Hearers::new(Mutex::new(Some(HashMap::new())));
        let heard = Arc::clone(&hearers);
        tokio::spawn(async move {
            let mut from = FramedRead::new(from, wire::codec());
            while let Some(Ok(frame)) = from.next().await {
                let Ok(Said { id, say }) = serde_json::from_slice(&frame) else { break };
                let mut held = heard.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(hearers) = held.as_mut() else { break };
                let over = !matches!(say, Say::Output { .. } | Say::Begun);
                // Whoever asked may have gone.
                let _gone = hearers.get(&id).is_none_or(|hearer| hearer.send(say).is_err());
                if over {
                    hearers.remove(&id);
                }
            }
            // Everybody who still waits is told by the end of their channel.
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = None;
        });
        Ok(Running { orders, hearers, child })
    }
}

fn gone() -> FleetFault {
    FleetFault("the gate ended before it answered".to_owned())
}

fn strange() -> FleetFault {
    FleetFault("the gate answered something else than what was asked".to_owned())
}
