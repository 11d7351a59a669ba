//! `dogwatch pause`, `resume`, `redirect`, `cancel`, `priority` and `rollback`: what an operator tells a run.

use super::context::{Context, Failure, unfit};
use super::input;
use crate::domain::{GuidanceState, LiveFate, Priority, RunId, RunState, Terms};
use crate::protocol::{Reply, Request, RunDetail};
use crate::safe;
use crate::words;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a redirect waits to hear whether the agent at work got it, and how often it asks.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub struct OneRun {
    /// The run, such as r12
    run: RunId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Redirect {
    /// The run, such as r12
    run: RunId,
    /// What the agent should do differently; `-` reads it from standard input
    text: String,
    /// What the work is measured by from now on, in place of the criteria that it had; may be given several times
    #[arg(short, long = "criterion", value_name = "LINE")]
    criteria: Vec<String>,
    /// Another agent that works from the next turn on, such as codex
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Another model that its agent asks from the next turn on
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// So many more iterations that it may spend
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    more_iterations: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The run, such as r12
    run: RunId,
    /// Why, for the record
    #[arg(short, long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Rollback {
    /// The run, such as r12
    run: RunId,
    /// The iteration whose checkpoint is taken, 0 is the base; the best so far by default
    iteration: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Prioritise {
    /// The run, such as r12
    run: RunId,
    /// high, normal or low
    priority: Priority,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn pause(context: Context, args: OneRun) -> Result<i32, Failure> {
    tell(context, Request::Pause { run: args.run }, args.json).await
}

pub async fn resume(context: Context, args: OneRun) -> Result<i32, Failure> {
    tell(context, Request::Resume { run: args.run }, args.json).await
}

pub async fn redirect(mut context: Context, args: Redirect) -> Result<i32, Failure> {
    let text = input::text(args.text)?;
    let criteria = (!args.criteria.is_empty()).then_some(args.criteria);
    let terms = Terms { agent: args.agent, model: args.model, iterations: args.more_iterations };
    let request = Request::Redirect { run: args.run, text, criteria, terms };
    let Reply::Run { run } = context.ask(request).await? else { return unfit() };
    let Some(told) = run.guidance.as_ref().map(|guidance| guidance.count) else { return unfit() };
    let detail = followed(&mut context, args.run, told).await?;
    if args.json {
        context.json(&detail.view)?;
        return Ok(0);
    }
    let run = &detail.view.run;
    context.say(&safe!("{} is {}", run.id, run.state.name()))?;
    if let Some(one) = detail.guidance.iter().find(|one| one.number == told) {
        if let Some(live) = &one.live {
            context.say(&safe!("guidance {} {}", told, words::guidance::live(live)))?;
        }
        context.say(&safe!("guidance {} {}", told, words::guidance::applied(one, run, &detail.steps)))?;
    }
    Ok(0)
}

/// The run once it is known what became of this guidance, or after some seconds. Only an agent at work is waited for.
async fn followed(context: &mut Context, run: RunId, number: u32) -> Result<RunDetail, Failure> {
    let begun = Instant::now();
    loop {
        let Reply::Detail { detail } = context.ask(Request::Run { run }).await? else { return unfit() };
        let one = detail.guidance.iter().find(|one| one.number == number);
        let turns = matches!(detail.view.run.state, RunState::Developing | RunState::Planning);
        let open = one.is_some_and(|one| {
            one.state == GuidanceState::Accepted && one.live.as_ref().is_none_or(|live| live.fate == LiveFate::Sending)
        });
        if !turns || !open || begun.elapsed() >= PATIENCE {
            return Ok(*detail);
        }
        sleep(LOOK).await;
    }
}

pub async fn cancel(context: Context, args: Cancel) -> Result<i32, Failure> {
    tell(context, Request::Cancel { run: args.run, reason: input::text(args.reason)? }, args.json).await
}

pub async fn roll_back(context: Context, args: Rollback) -> Result<i32, Failure> {
    tell(context, Request::Rollback { run: args.run, iteration: args.iteration }, args.json).await
}

pub async fn prioritise(mut context: Context, args: Prioritise) -> Result<i32, Failure> {
    let request = Request::Prioritise { run: args.run, priority: args.priority };
    let Reply::Run { run } = context.ask(request).await? else { return unfit() };
    if args.json {
        context.json(&run)?;
    } else {
        context.say(&safe!("{} has {} priority", run.run.id, run.run.priority.name()))?;
    }
    Ok(0)
}

/// Sends the request and says where the run stands after it.
pub async fn tell(mut context: Context, request: Request, json: bool) -> Result<i32, Failure> {
    let Reply::Run { run } = context.ask(request).await? else { return unfit() };
    if json {
        context.json(&run)?;
    } else {
        context.say(&safe!("{} is {}", run.run.id, run.run.state.name()))?;
    }
    Ok(0)
}
