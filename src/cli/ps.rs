//! `dogwatch ps`: the runs, one a line.

use super::context::{Context, Failure, unfit};
use crate::protocol::{Reply, Request, RunView};
use crate::safe;
use crate::text::{Align, SafeText, Table};
use crate::words;

/// Columns of the task that are shown.
const TASK: usize = 48;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also show runs that are over
    #[arg(short, long)]
    all: bool,
    /// Print JSON, one run a line; long texts are cut and `shortened` says so
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Runs { runs, more, halt } = context.ask(Request::Runs { all: args.all }).await? else { return unfit() };
    if args.json {
        for run in &runs {
            context.json(run)?;
        }
        return Ok(0);
    }
    if runs.is_empty() {
        let hint = if args.all {
            safe!("no runs")
        } else {
            safe!("no runs at work; `dogwatch ps --all` shows those that are over")
        };
        context.say(&hint)?;
        return Ok(0);
    }
    let lines = table(&runs, context.columns());
    context.say_all(&lines)?;
    if more {
        context.say(&safe!("older runs are not listed; `dogwatch show RUN` still shows them"))?;
    }
    if let Some(halt) = halt {
        context.say(&safe!("no new step begins: {}", halt))?;
    }
    Ok(0)
}

/// Runs as lines of a table, cut to a terminal's columns where there is one.
pub fn table(runs: &[RunView], columns: Option<usize>) -> Vec<SafeText> {
    let now = words::now();
    let left = |header| (header, Align::Left);
    let right = |header| (header, Align::Right);
    let mut table = Table::new([
        left(safe!("RUN")),
        left(safe!("PROJECT")),
        left(safe!("STATE")),
        right(safe!("ITER")),
        right(safe!("PASS/FAIL/SKIP")),
        right(safe!("AGE")),
        right(safe!("WORK")),
        left(safe!("WAITS FOR")),
        left(safe!("TASK")),
    ]);
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
    for view in runs {
        let run = &view.run;
        table.row([
            safe!("{}", run.id),
            safe!("{}", view.project),
            words::state(run.state),
            words::iteration(run),
            view.tests.map_or_else(SafeText::empty, words::tests),
            words::ago(run.created, now),
            words::span(i64::try_from(run.spent.milliseconds).unwrap_or(i64::MAX)),
            words::waits_for(view, now),
            safe!("{}", run.task).truncate(TASK),
        ]);
    }
    table.lines()
}
