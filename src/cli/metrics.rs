//! `dogwatch metrics`: how well the loops do without people.

use super::context::{Context, Failure, unfit};
use crate::domain::{LoopMetrics, Tally};
use crate::protocol::{Reply, Request, openmetrics};
use crate::safe;
use crate::text::{SafeText, Style, Table, left, right};
use crate::words;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many days are counted, today included
    #[arg(short, long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Print JSON
    #[arg(long, conflicts_with = "openmetrics")]
    json: bool,
    /// Print the text format of `OpenMetrics`, for a collector that reads files
    #[arg(long)]
    openmetrics: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Metrics { metrics } = context.ask(Request::Metrics { days: args.days }).await? else { return unfit() };
    if args.json {
        context.json(&metrics)?;
        return Ok(0);
    }
    if args.openmetrics {
        for line in openmetrics::lines(&metrics) {
            context.say(&line)?;
        }
        return Ok(0);
    }
    for line in told(&metrics) {
        context.say(&line)?;
    }
    if !metrics.by_day.is_empty() {
        context.say_all(&by_day(&metrics, context.columns()))?;
    }
    Ok(0)
}

fn told(metrics: &LoopMetrics) -> Vec<SafeText> {
    let total = &metrics.total;
    let mut lines =
        vec![safe!("{} to {}", metrics.days.0.to_string(), metrics.days.1.to_string()).styled(Style::strong())];
    if total.ended() == 0 {
        lines.push(safe!("no run ended in these days"));
    } else {
        lines.push(safe!(
            "{} runs ended: {} succeeded, {} failed, {} cancelled; {} were stuck at least once",
            total.ended(),
            total.succeeded,
            total.failed,
            total.cancelled,
            total.stuck
        ));
        lines.push(safe!("{} succeeded without a person: {}", total.alone, words::percent(total.autonomy())));
        lines.push(safe!("iterations of a success: {}", words::thousandths(total.iterations_each())));
    }
    if let Some((middle, most)) = metrics.to_green {
        let span = |milliseconds: u64| words::span(i64::try_from(milliseconds).unwrap_or(i64::MAX));
        lines.push(safe!("time to success: {} in the middle, {} for nineteen of twenty", span(middle), span(most)));
    }
    lines.push(safe!("spent: {} tokens, {}", total.tokens, words::dollars(total.microusd)));
    lines.push(counts("people", metrics.interventions.iter(), "did nothing for runs"));
    lines.push(counts("repairs quoted from memory", metrics.memory.iter(), "none"));
    lines
}

fn counts<'a>(what: &str, counts: impl Iterator<Item = (&'a String, &'a u64)>, none: &str) -> SafeText {
    let parts: Vec<SafeText> = counts.map(|(kind, count)| safe!("{} {}", kind.clone(), *count)).collect();
    if parts.is_empty() {
        return safe!("{}: {}", what, none);
    }
    safe!("{}: {}", what, SafeText::join(&parts, &safe!(", ")))
}

fn by_day(metrics: &LoopMetrics, columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["ENDED", "GREEN", "ALONE", "STUCK", "ITERATIONS", "TOKENS", "COST"];
    let mut table = Table::new([left("DAY")].into_iter().chain(headers.map(right)), columns);
    for (day, tally) in &metrics.by_day {
        table.row(row(&day.to_string(), tally));
    }
    table.lines()
}

fn row(day: &str, tally: &Tally) -> [SafeText; 8] {
    [
        safe!("{}", day),
        safe!("{}", tally.ended()),
        safe!("{}", tally.succeeded),
        safe!("{}", tally.alone),
        safe!("{}", tally.stuck),
        words::thousandths(tally.iterations_each()),
        safe!("{}", tally.tokens),
        words::dollars(tally.microusd),
    ]
}
