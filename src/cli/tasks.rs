//! `dogwatch tasks`: what agents asked for beside their loops, and what came of it.

use super::context::{Context, Failure, unfit};
use super::print::List;
use crate::domain::{AskedBy, ImageFrom, RunId, Task, TaskWork};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;

/// Columns of what was asked for.
const WHAT: usize = 40;
/// Columns of a result.
const SAID: usize = 80;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12; all of them where none is named
    run: Option<RunId>,
    /// Print JSON, one of them a line; `{"more":true}` last where older are left out
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Tasks { tasks, more } = context.ask(Request::Tasks { run: args.run }).await? else { return unfit() };
    let nothing = safe!("no agent asked for anything beside its loop");
    let list = List { items: &tasks, json: args.json, nothing, left_out: more.then_some("ones") };
    context.list(list, |columns| {
        let mut lines = table(&tasks, columns);
        // One that is named is wanted in full.
        if args.run.is_some() {
            lines.extend(tasks.iter().flat_map(problems));
        }
        lines
    })
}

fn table(tasks: &[Task], columns: Option<usize>) -> Vec<SafeText> {
    let mut table = Table::new(
        [
            right("TASK"),
            right("RUN"),
            right("ITER"),
            left("AGE"),
            left("ASKED BY"),
            left("WHAT"),
            left("STATE"),
            left("RESULT"),
        ],
        columns,
    );
    let now = words::now();
    for task in tasks {
        let AskedBy::Agent { run } = task.by;
        let words = task.result.as_ref().map_or_else(|| task.state.words(), |result| result.outcome.words());
        let state = safe!("{}", words);
        table.row([
            safe!("{}", task.id),
            task.place.map_or_else(SafeText::empty, |place| safe!("{}", place.run)),
            task.place.map_or_else(SafeText::empty, |place| safe!("{}", place.iteration)),
            words::ago(task.asked, now),
            safe!("the agent of {}", run),
            what(&task.what),
            state,
            task.result.as_ref().map_or_else(SafeText::empty, |result| safe!("{}", result.words).truncate(SAID)),
        ]);
    }
    table.lines()
}

/// What was asked for.
fn what(work: &TaskWork) -> SafeText {
    match work {
        TaskWork::Tests { suite } => safe!("suite {}", suite),
        TaskWork::Program { argv, .. } => safe!("program {}", argv.join(" ")).truncate(WHAT),
        TaskWork::Service { from: ImageFrom::Service { name }, .. } => safe!("service {}", name),
        TaskWork::Service { argv, .. } => safe!("service {}", argv.join(" ")).truncate(WHAT),
        TaskWork::Image { directory, .. } => safe!("image of {}", directory).truncate(WHAT),
    }
}

/// The problems that a task found.
fn problems(task: &Task) -> Vec<SafeText> {
    let findings = task.result.iter().flat_map(|result| &result.findings);
    findings.map(|finding| safe!("{}: {}", task.id, finding)).collect()
}
