//! `dogwatch status` and `dogwatch stop`: the engine itself.

use super::context::{Context, Failure, unfit};
use crate::client::ClientError;
use crate::protocol::{Reply, Request};
use crate::safe;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

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
    match (status.unfinished, status.waiting) {
        (Some(unfinished), Some(waiting)) => {
            context.say(&safe!("{} unfinished runs, {} questions wait", unfinished, waiting))?;
        }
        _ => context.say(&safe!("the database cannot tell its runs and questions"))?,
    }
    match status.sandbox_fault {
        Some(fault) => context.say(&safe!("containers cannot be used: {}; see `dogwatch doctor`", fault))?,
        None => context.say(&safe!("containers can be used"))?,
    }
    Ok(0)
}

/// Stops the engine that answers and waits until it does not any more. None is started for it.
pub async fn stop(mut context: Context, args: Args) -> Result<i32, Failure> {
    let stopped = match context.running().await? {
        None => false,
        Some(client) => {
            // An engine that ends at once may take its answer with it; that it ended is looked for below.
            match client.ask(Request::Stop).await {
                Ok(_) | Err(ClientError::Broken(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let socket = context.paths.socket();
            let deadline = Instant::now() + PATIENCE;
            while std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                if Instant::now() > deadline {
                    return Err(Failure::new("the engine was told to stop and still answers; see its log"));
                }
                sleep(LOOK).await;
            }
            true
        }
    };
    if args.json {
        context.json(&json!({ "stopped": stopped }))?;
    } else if stopped {
        context.say(&safe!("the engine ended; containers live on and the next engine takes them up"))?;
    } else {
        context.say(&safe!("no engine was running"))?;
    }
    Ok(0)
}
