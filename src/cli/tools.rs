//! `dogwatch tools`: what the agent of a run used the engine's tools for, and what it noted.

use super::context::{Context, Failure, unfit};
use crate::domain::{NoteKind, RunId, Standing, ToolOutcome};
use crate::protocol::{NoteView, Reply, Request, ToolsUsed};
use crate::safe;
use crate::text::{SafeText, Style, Table, left, right};
use crate::words;

/// Columns of arguments and answers.
const SAID: usize = 60;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Tools { used } = context.ask(Request::Tools { run: args.run }).await? else { return unfit() };
    if args.json {
        context.json(&used)?;
        return Ok(0);
    }
    if used.calls.is_empty() {
        context.say(&safe!("the agent of {} used no tools", args.run))?;
        return Ok(0);
    }
    let lines = table(&used, context.columns());
    context.say_all(&lines)?;
    for note in &used.notes {
        for line in noted(note) {
            context.say_wrapped(&line)?;
        }
    }
    if used.criteria.iter().any(|one| one.said.is_some()) {
        context.say(&safe!("acceptance criteria").styled(Style::strong()))?;
        for line in words::feature::said(&used.criteria) {
            context.say_wrapped(&line)?;
        }
    }
    Ok(0)
}

fn table(used: &ToolsUsed, columns: Option<usize>) -> Vec<SafeText> {
    let mut table = Table::new(
        [right("ITER"), left("AGE"), left("TOOL"), left("OUTCOME"), right("TOOK"), left("ASKED"), left("ANSWER")],
        columns,
    );
    let now = words::now();
    for call in &used.calls {
        let outcome = match call.outcome {
            ToolOutcome::Done => safe!("done"),
            ToolOutcome::Refused => safe!("refused"),
            ToolOutcome::Failed => safe!("failed"),
        };
        table.row([
            safe!("{}", call.iteration),
            words::ago(call.at, now),
            safe!("{}", call.tool),
            outcome,
            safe!("{} ms", call.milliseconds),
            safe!("{}", call.asked).truncate(SAID),
            safe!("{}", call.answer).truncate(SAID),
        ]);
    }
    let mut lines = table.lines();
    let left_out = used.uses.saturating_sub(used.calls.len() as u64);
    if left_out > 0 {
        lines.push(safe!("{} earlier uses are not listed; the audit log has them", left_out));
    }
    lines
}

/// A note in full, with what the engine's tests say of it.
fn noted(view: &NoteView) -> Vec<SafeText> {
    let note = &view.note;
    let about = match (note.kind, note.bug) {
        (NoteKind::Attempt, Some(bug)) => safe!("attempt against {}", bug),
        (NoteKind::Attempt, None) => safe!("attempt"),
        (NoteKind::Finding, Some(bug)) => safe!("finding about {}", bug),
        (NoteKind::Finding, None) => safe!("finding"),
    };
    let standing = match view.standing {
        Standing::Unverified => safe!("the agent's word alone"),
        Standing::BorneOut => safe!("borne out by the engine's tests"),
        Standing::Refuted => safe!("the engine's tests still showed the bug"),
    };
    let head =
        safe!("note {}, {}, iteration {}: {}", note.id, about, note.iteration, note.title).styled(Style::strong());
    let mut lines = vec![head, safe!("  {}", standing)];
    lines.extend(note.place.iter().map(|place| safe!("  at {}", place)));
    lines.extend(note.text.lines().map(|line| safe!("  {}", line)));
    lines
}
