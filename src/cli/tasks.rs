//! `dogwatch tasks`: what was asked for beside the loops, and what came of it.

use super::context::{Context, Failure, unfit};
use crate::domain::{AskedBy, ImageFrom, RunId, Task, TaskWork};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{Align, SafeText, Table};
use crate::words;

/// Columns of what was asked for.
const WHAT: usize = 40;
/// Columns of a result.
const SAID: usize = 80;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12; all of them where none is named
    run: Option<RunId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Tasks { tasks, more } = context.ask(Request::Tasks { run: args.run }).await? else { return unfit() };
    if args.json {
        context.json(&serde_json::json!({ "tasks": tasks, "more": more }))?;
        return Ok(0);
    }
    if tasks.is_empty() {
        context.say(&safe!("nothing was asked for beside the loop"))?;
        return Ok(0);
    }
    let mut lines = table(&tasks, context.columns());
    if more {
        lines.push(safe!("earlier ones are not listed"));
    }
    // One that is named is wanted in full.
    if args.run.is_some() {
        lines.extend(tasks.iter().flat_map(problems));
    }
    context.say_all(&lines)?;
    Ok(0)
}

fn table(tasks: &[Task], columns: Option<usize>) -> Vec<SafeText> {
    let left = |header| (header, Align::Left);
    let right = |header| (header, Align::Right);
    let mut table = Table::new([
        right(safe!("TASK")),
        right(safe!("RUN")),
        right(safe!("ITER")),
        left(safe!("AGE")),
        left(safe!("ASKED BY")),
        left(safe!("WHAT")),
        left(safe!("STATE")),
        left(safe!("RESULT")),
    ]);
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
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
