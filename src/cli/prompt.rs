//! `dogwatch prompt`: what the agent was told in an iteration, as it was sent. Without a terminal it comes out byte for byte.

use super::context::{Context, Failure, open, unfit};
use crate::domain::RunId;
use crate::protocol::{IterationDetail, Reply, Request};
use serde_json::json;

/// The exit code for something that is not there.
const MISSING: i32 = 4;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// The iteration; by default the newest one whose agent was told something
    iteration: Option<u32>,
    /// Refuse to print on a terminal, where bytes are escaped
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    context.raw_allowed(args.raw)?;
    let run = args.run;
    let (number, prompt) = match args.iteration {
        Some(number) => (number, detail(&mut context, run, number).await?.prompt),
        None => newest(&mut context, run).await?,
    };
    let Some(prompt) = prompt else {
        let message = match number {
            0 => format!("{run}: no agent was told anything yet; iteration 0 tests the base"),
            _ => format!("{run}: no agent was told anything in iteration {number} yet"),
        };
        return Err(Failure { code: MISSING, message });
    };
    if args.json {
        context.json(&json!({ "run": run, "iteration": number, "prompt": prompt }))?;
    } else {
        open(context.out.raw_bytes(prompt.as_bytes())?)?;
    }
    Ok(0)
}

/// The newest prompt, and of which iteration it is.
async fn newest(context: &mut Context, run: RunId) -> Result<(u32, Option<String>), Failure> {
    let Reply::Detail { detail: whole } = context.ask(Request::Run { run }).await? else { return unfit() };
    for iteration in whole.iterations.iter().rev().filter(|one| one.number > 0) {
        if let Some(prompt) = detail(context, run, iteration.number).await?.prompt {
            return Ok((iteration.number, Some(prompt)));
        }
    }
    Ok((0, None))
}

async fn detail(context: &mut Context, run: RunId, number: u32) -> Result<IterationDetail, Failure> {
    let Reply::Iteration { detail } = context.ask(Request::Iteration { run, iteration: number }).await? else {
        return unfit();
    };
    Ok(*detail)
}
