//! `dogwatch usage`: what a run asked of models, by iteration and model, and what that took.

use super::context::{Context, Failure, unfit};
use crate::domain::{RequestSum, RunId, Usage};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// Print JSON: money in millionths of a dollar
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Usage { usage, pending } = context.ask(Request::Usage { run: args.run }).await? else {
        return unfit();
    };
    if args.json {
        context.json(&json!({ "run": args.run, "usage": usage, "pending": pending }))?;
        return Ok(0);
    }
    let lines = page(args.run, &usage, pending, context.columns());
    context.say_all(&lines)?;
    Ok(0)
}

fn page(run: RunId, usage: &[RequestSum], pending: Option<Usage>, columns: Option<usize>) -> Vec<SafeText> {
    if usage.is_empty() {
        return vec![safe!("{} asked no model through the engine yet", run)];
    }
    let mut table = Table::new(
        [
            right("ITERATION"),
            left("MODEL"),
            left("PROVIDER"),
            right("REQUESTS"),
            right("INPUT"),
            right("CACHED"),
            right("OUTPUT"),
            right("COST"),
            left(""),
        ],
        columns,
    );
    for sum in usage {
        let tokens = sum.tokens;
        let mut remarks = Vec::new();
        if sum.failed > 0 {
            remarks.push(format!("{} failed", sum.failed));
        }
        if sum.reckoned > 0 {
            remarks.push(format!("{} reckoned, not said by the provider", sum.reckoned));
        }
        table.row([
            safe!("{}", sum.iteration),
            safe!("{}", sum.model),
            safe!("{}", sum.provider),
            safe!("{}", sum.requests),
            safe!("{}", tokens.input.saturating_add(tokens.cache_write)),
            safe!("{}", tokens.cached),
            safe!("{}", tokens.output),
            words::dollars(sum.microusd),
            safe!("{}", remarks.join(", ")),
        ]);
    }
    let mut lines = table.lines();
    if let Some(pending) = pending {
        let cost = words::dollars(pending.microusd);
        lines.push(safe!("in the turn under way: {} tokens, {}", pending.tokens, cost));
    }
    lines
}
