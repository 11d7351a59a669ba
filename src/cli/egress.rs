//! `dogwatch egress`: what a run asked of hosts outside, and what came of it.

use super::context::{Context, Failure, unfit};
use crate::domain::RunId;
use crate::protocol::{EgressReport, Reply, Request};
use crate::safe;
use crate::text::{Colour, SafeText, Style, Table, left, right};
use crate::words;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// Print JSON: bytes, and times in milliseconds
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Egress { egress } = context.ask(Request::Egress { run: args.run }).await? else { return unfit() };
    if args.json {
        context.json(&egress)?;
        return Ok(0);
    }
    let lines = page(&egress, context.columns());
    context.say_all(&lines)?;
    Ok(0)
}

fn page(egress: &EgressReport, columns: Option<usize>) -> Vec<SafeText> {
    if egress.seen.is_empty() {
        return vec![safe!("{} asked nothing of any host outside", egress.run)];
    }
    let mut table = Table::new(
        [
            left("HOST"),
            left("WHAT"),
            left("BY"),
            right("REQUESTS"),
            right("OUT"),
            right("IN"),
            right("TIME"),
            right("LAST"),
        ],
        columns,
    );
    for seen in &egress.seen {
        let what = if seen.allowed { safe!("let out") } else { safe!("refused").styled(Style::fg(Colour::Red)) };
        let span = words::span(i64::try_from(seen.milliseconds).unwrap_or(i64::MAX));
        table.row([
            words::host(seen),
            what,
            safe!("{}", seen.rule),
            safe!("{}", seen.requests),
            words::size(seen.up),
            words::size(seen.down),
            span,
            safe!("{} ago", words::ago(seen.last, words::now())),
        ]);
    }
    let mut lines = table.lines();
    let (spent, most) = (egress.spent, egress.most);
    lines.push(safe!(
        "{} of {} sent, {} of {} fetched",
        words::size(spent.up),
        words::size(most.up),
        words::size(spent.down),
        words::size(most.down)
    ));
    lines
}
