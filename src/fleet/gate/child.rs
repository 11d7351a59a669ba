//! The gate itself: orders on standard input, answers on standard output, until the input ends.

use super::super::{Fleet, Heard, Order, facts};
use super::wire::{self, Ask, Asked, Said, Say};
use crate::config::EngineConfig;
use crate::domain::{Asset, ExecutionOutcome, shortened};
use crate::engine::crash::CrashPoints;
use crate::engine::proposals::Order as Approved;
use crate::protocol::Bytes;
use futures_util::{SinkExt, StreamExt};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::codec::{FramedRead, FramedWrite};

/// Answers that wait for being written.
const WAITING: usize = 64;
/// How long the lines to assets may take to close.
const PARTING: Duration = Duration::from_secs(5);

/// Answers until the engine is gone. The arguments are a private directory and the
/// operator's file.
pub fn main(arguments: &[OsString]) -> i32 {
    let [dir, config] = arguments else { return 2 };
    // Nobody of the same user may look into it. And it is not the one that somebody's ^C is meant for.
    if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() || rustix::process::setsid().is_err() {
        return 1;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        return 1;
    };
    let config = Path::new(config);
    let fleet = Fleet::new(PathBuf::from(dir)).crashing(CrashPoints::from_environment());
    // The secret store lies beside the operator's file, and it is this process that reads keys from there.
    let fleet = match config.parent() {
        Some(beside) => fleet.with_secrets(beside.to_owned()),
        None => fleet,
    };
    runtime.block_on(serve(fleet, Arc::from(config)));
    runtime.shutdown_timeout(PARTING);
    0
}

async fn serve(fleet: Fleet, config: Arc<Path>) {
    let (says, mut waiting) = mpsc::channel::<Said>(WAITING);
    let mut work = JoinSet::new();
    work.spawn(async move {
        let mut to = FramedWrite::new(tokio::io::stdout(), wire::codec());
        while let Some(said) = waiting.recv().await {
            let Ok(frame) = serde_json::to_vec(&said) else { return };
            if to.send(bytes::Bytes::from(frame)).await.is_err() {
                return;
            }
        }
    });
    let mut from = FramedRead::new(tokio::io::stdin(), wire::codec());
    while let Some(Ok(frame)) = from.next().await {
        // An engine that says something else is none.
        let Ok(Asked { id, ask }) = serde_json::from_slice(&frame) else { break };
        let (fleet, config, says) = (fleet.clone(), Arc::clone(&config), says.clone());
        work.spawn(async move { carry((&fleet, &config), id, ask, &says).await });
    }
    // Lines to assets are dropped with the work; what runs there goes on.
    work.shutdown().await;
}

async fn carry((fleet, config): (&Fleet, &Path), id: u64, ask: Ask, says: &mpsc::Sender<Said>) {
    let say = match ask {
        Ask::Look { asset } => match fleet.look(&asset).await {
            Ok(looked) => Say::Looked { looked },
            Err(fault) => Say::Fault { why: fault.0 },
        },
        Ask::Observe { asset } => match fleet.observe(&asset).await {
            Ok(vitals) => Say::Observed { vitals: Box::new(vitals) },
            Err(fault) => Say::Fault { why: fault.0 },
        },
        Ask::Fence { order, boot } => match fleet.fence(&order, &boot).await {
            Ok(outcome) => Say::Outcome { outcome },
            Err(fault) => Say::Fault { why: fault.0 },
        },
        Ask::Stop { order, boot } => match fleet.stop(&order, &boot).await {
            Ok(outcome) => Say::Outcome { outcome },
            Err(fault) => Say::Fault { why: fault.0 },
        },
        Ask::Dispatch { approved, asset } => {
            let (output, heard) = told(id, says.clone());
            let outcome = if let Some(why) = objection(config, &approved, &asset) {
                ExecutionOutcome::NotRun { why }
            } else {
                let boot = approved.boot.as_deref().unwrap_or_default();
                fleet.dispatch(&Order::of(&approved, &asset), boot, &output).await
            };
            drop(output);
            // All output goes before the end.
            let _ended = heard.await;
            Say::Outcome { outcome }
        }
        Ask::Follow { order } => {
            let (output, heard) = told(id, says.clone());
            let outcome = fleet.follow(&order, (0, 0), &output).await;
            drop(output);
            let _ended = heard.await;
            Say::Outcome { outcome }
        }
    };
    // Without an engine there is nobody to be told.
    let _engine_gone = says.send(Said { id, say }).await;
}

/// Why an order is not carried out: whoever holds the keys takes nobody's word, the engine's neither. The rules are read from the
/// operator's file each time.
fn objection(config: &Path, approved: &Approved, asset: &Asset) -> Option<String> {
    let config = match EngineConfig::load(config) {
        Ok(config) => config,
        Err(errors) => return Some(format!("the gate cannot read the rules: {}", shortened(&errors.to_string(), 300))),
    };
    if facts(asset) != approved.proposed.asset {
        return Some("the asset is not the one that was approved".to_owned());
    }
    approved.check(&config.approvals).err()
}

/// Output under the number of what was asked.
fn told(id: u64, says: mpsc::Sender<Said>) -> (mpsc::Sender<Heard>, tokio::task::JoinHandle<()>) {
    let (output, mut pieces) = mpsc::channel::<Heard>(4);
    let heard = tokio::spawn(async move {
        while let Some(heard) = pieces.recv().await {
            let say = match heard {
                Heard::Begun => Say::Begun,
                Heard::Output { error, bytes } => Say::Output { error, bytes: Bytes::new(&bytes) },
            };
            if says.send(Said { id, say }).await.is_err() {
                return;
            }
        }
    });
    (output, heard)
}
