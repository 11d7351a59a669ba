//! `dogwatch status` and `dogwatch stop`: the engine itself.

use super::context::{Context, Failure, unfit};
use crate::client::ClientError;
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::words;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::json;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long an engine that was told to stop may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for meanwhile.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn status(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Status { status } = context.ask(Request::Status).await? else { return unfit() };
    if args.json {
        context.json(&status)?;
        return Ok(0);
    }
    context.say(&safe!("engine {}, process {}, instance {}", status.version, status.pid, status.instance))?;
    context.say(&safe!("state in {}", status.state_dir))?;
    if let Some(reason) = &status.rescue {
        context.say(&safe!("rescue mode, nothing runs and nothing is written: {}", reason))?;
    }
    if let Some(fault) = &status.store_fault {
        context.say(&safe!("{}", fault))?;
    }
    if let Some(backup) = &status.backup {
        context.say(&words::backup::newest(backup, words::now()))?;
        if let Some(fault) = &backup.fault {
            context.say(&safe!("{}", fault))?;
        }
    }
    if let Some(stale) = &status.stale {
        context.say(&safe!("{}", stale))?;
    }
    if let Some(halt) = &status.halt {
        context.say(&safe!("no new step begins: {}", halt))?;
    }
    for stopped in &status.stopped {
        context.say(&words::models_stopped(stopped))?;
    }
    for line in status.providers.iter().filter_map(words::provider_fault) {
        context.say(&line)?;
    }
    match (status.unfinished, status.waiting) {
        (Some(unfinished), Some(waiting)) => {
            context.say(&safe!("{} unfinished runs, {} questions wait", unfinished, waiting))?;
        }
        _ => context.say(&safe!("the database cannot tell its runs and questions"))?,
    }
    if let Some(disk) = status.disk {
        context.say(&safe!("{} of {} are free", words::size(disk.free), words::size(disk.total)))?;
    }
    if let Some(today) = status.today {
        let (turns, cost) = (today.iterations, words::dollars(today.microusd));
        context.say(&safe!("today (UTC): {} iterations, {} tokens, {}", turns, today.tokens, cost))?;
    }
    if let Some(sandbox) = &status.sandbox {
        context.say(&safe!("steps run in {}", sandbox))?;
    }
    match status.sandbox_fault {
        Some(fault) => context.say(&safe!("containers cannot be used: {}; see `dogwatch doctor`", fault))?,
        None => context.say(&safe!("containers can be used"))?,
    }
    Ok(0)
}

/// Stops the engine that answers and waits until its process is gone, and with it what it held of the state directory. None
/// is started for it.
pub async fn stop(mut context: Context, args: Args) -> Result<i32, Failure> {
    let stopped = end(&mut context).await?;
    if args.json {
        context.json(&json!({ "stopped": stopped }))?;
    } else if stopped {
        context.say(&safe!("the engine ended; containers live on and the next engine takes them up"))?;
    } else {
        context.say(&safe!("no engine was running"))?;
    }
    Ok(0)
}

/// Ends the engine that answers and waits for its end; gives whether there was one.
pub async fn end(context: &mut Context) -> Result<bool, Failure> {
    match context.running().await? {
        None => Ok(false),
        Some(client) => {
            // Held from before it is told, so that no later process passes for it.
            let process = client.process().map(watched).transpose()?;
            // An engine that ends at once may take its answer with it; that it ended is looked for below.
            match client.ask(Request::Stop).await {
                Ok(_) | Err(ClientError::Broken(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let socket = context.paths.socket();
            let ended = timeout(PATIENCE, ended(process.flatten(), &socket)).await;
            ended.map_err(|_| {
                let log = context.paths.engine_log().display().to_string();
                Failure::new(format!("the engine was told to stop and has not ended yet: see {log}, or try again"))
            })??;
            Ok(true)
        }
    }
}

/// A handle of a process that tells its end, also where nobody collects it; `None` where the kernel has no such thing.
fn watched(process: Pid) -> Result<Option<OwnedFd>, Failure> {
    match pidfd_open(process, PidfdFlags::empty()) {
        Ok(handle) => Ok(Some(handle)),
        // An end that came already shows at the socket.
        Err(Errno::SRCH | Errno::NOSYS) => Ok(None),
        Err(error) => Err(Failure::new(format!("the engine's process cannot be watched: {error}"))),
    }
}

/// Waits for the end of a process, or at least of its socket.
async fn ended(process: Option<OwnedFd>, socket: &Path) -> Result<(), Failure> {
    let lives = || match &process {
        // It can be read from once there is an end to tell.
        Some(process) => {
            let mut handle = [PollFd::new(process, PollFlags::IN)];
            poll(&mut handle, Some(&Timespec::default())).map(|ready| ready == 0)
        }
        None => Ok(std::os::unix::net::UnixStream::connect(socket).is_ok()),
    };
    while lives().map_err(std::io::Error::from)? {
        sleep(LOOK).await;
    }
    Ok(())
}
