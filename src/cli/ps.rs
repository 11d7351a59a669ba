//! `dogwatch ps`: the runs, one a line.

use super::context::{Context, Failure, unfit};
use super::print::List;
use crate::protocol::{Reply, Request, RunView};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;

/// Columns of the task that are shown.
const TASK: usize = 48;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ones that are over as well
    #[arg(short, long)]
    all: bool,
    /// Print JSON, one run a line, long texts cut where `shortened` says so; `{"more":true}` last where older are left out
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Runs { runs, more, halt } = context.ask(Request::Runs { all: args.all }).await? else { return unfit() };
    let nothing = if args.all {
        safe!("no run was started yet; `dogwatch run` starts one")
    } else {
        safe!("no run is at work; --all lists those that are over, `dogwatch run` starts one")
    };
    let list = List { items: &runs, json: args.json, nothing, left_out: more.then_some("runs") };
    context.list(list, |columns| table(&runs, columns))?;
    if let Some(halt) = halt.filter(|_| !args.json) {
        context.say(&safe!("no new step begins: {}", halt))?;
    }
    Ok(0)
}

/// Runs as lines of a table, cut to a terminal's columns where there is one.
pub fn table(runs: &[RunView], columns: Option<usize>) -> Vec<SafeText> {
    let now = words::now();
    let mut table = Table::new(
        [
            left("RUN"),
            left("PROJECT"),
            left("STATE"),
            right("ITER"),
            right("PASS/FAIL/SKIP"),
            right("AGE"),
            right("WORK"),
            left("WAITS FOR"),
            left("TASK"),
        ],
        columns,
    );
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
