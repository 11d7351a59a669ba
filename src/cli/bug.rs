//! `dogwatch bug`: what runs met, what was tried against it, and what repaired it.

use super::context::{Context, Failure, unfit};
use crate::domain::{Bug, BugId, BugState};
use crate::protocol::{BugDetail, Reply, Request};
use crate::safe;
use crate::text::{Align, Colour, SafeText, Style, Table, exact};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List bugs, the one seen last first
    Ls {
        /// Solved ones as well
        #[arg(short, long)]
        all: bool,
        /// Print JSON, one bug a line
        #[arg(long)]
        json: bool,
    },
    /// Show one bug: the runs that saw it, what was tried against it, what repaired it
    Show {
        /// The bug, such as b12
        bug: BugId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a bug for solved; it is open again when a run sees it again
    Close {
        /// The bug, such as b12
        bug: BugId,
        /// Why; others read it in the audit log
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Ls { all, json } => list(&mut context, all, json).await,
        Command::Show { bug, json } => show(&mut context, Request::Bug { bug }, json).await,
        Command::Close { bug, reason, json } => show(&mut context, Request::CloseBug { bug, reason }, json).await,
    }
}

async fn list(context: &mut Context, all: bool, json: bool) -> Result<i32, Failure> {
    let Reply::Bugs { bugs, more } = context.ask(Request::Bugs { all }).await? else { return unfit() };
    if json {
        for bug in &bugs {
            context.json(bug)?;
        }
        return Ok(0);
    }
    if bugs.is_empty() {
        let hint =
            if all { safe!("no run has met a bug yet") } else { safe!("no bug is open; --all lists solved ones") };
        context.say(&hint)?;
        return Ok(0);
    }
    context.say_all(&table(&bugs, context.columns()))?;
    if more {
        context.say(&safe!("older bugs are not listed"))?;
    }
    Ok(0)
}

fn table(bugs: &[Bug], columns: Option<usize>) -> Vec<SafeText> {
    let headers = [("BUG", Align::Left), ("STATE", Align::Left), ("SEEN", Align::Right), ("AGE", Align::Left)];
    let texts = [("KIND", Align::Left), ("MESSAGE", Align::Left)];
    let headers = headers.into_iter().chain(texts).map(|(header, align)| (safe!("{}", header), align));
    let mut table = Table::new(headers);
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
    let now = words::now();
    for bug in bugs {
        table.row([
            safe!("{}", bug.id),
            state(bug.state),
            safe!("{}", bug.seen),
            words::ago(bug.last_seen, now),
            safe!("{}", bug.kind),
            safe!("{}", bug.message.lines().next().unwrap_or_default()),
        ]);
    }
    table.lines()
}

fn state(state: BugState) -> SafeText {
    match state {
        BugState::Open => safe!("open").styled(Style::fg(Colour::Red)),
        BugState::Solved => safe!("solved").styled(Style::fg(Colour::Green)),
    }
}

async fn show(context: &mut Context, request: Request, json: bool) -> Result<i32, Failure> {
    let Reply::Bug { detail } = context.ask(request).await? else { return unfit() };
    if json {
        context.json(&detail)?;
        return Ok(0);
    }
    for line in told(&detail) {
        context.say_wrapped(&line)?;
    }
    Ok(0)
}

fn told(detail: &BugDetail) -> Vec<SafeText> {
    let bug = &detail.bug;
    let mut lines = vec![safe!("{} {}: {}", bug.id, state(bug.state), bug.kind).styled(Style::strong())];
    lines.extend(bug.message.lines().map(|line| exact::encode_indented(line.as_bytes())));
    lines.push(SafeText::empty());
    lines.push(safe!("seen {} times, first by {}", bug.seen, bug.first_run));
    for seen in &detail.runs {
        let gone = |number| safe!("gone in iteration {}", number);
        let end = seen.gone.map_or_else(|| safe!("still there in its last tests"), gone);
        lines.push(safe!("  {} iterations {} to {}: {}", seen.run, seen.first, seen.last, end));
    }
    lines.push(safe!("tried against it").styled(Style::strong()));
    for attempt in &detail.attempts {
        let end = if attempt.gone { safe!("gone") } else { safe!("still there") };
        lines.push(safe!("  {} iteration {}: {}: {}", attempt.run, attempt.iteration, end, attempt.said));
        lines.extend(attempt.tried.lines().map(|line| safe!("    {}", line)));
    }
    if detail.attempts.is_empty() {
        lines.push(safe!("  nothing yet: no turn has begun where it was").styled(Style::faint()));
    }
    lines.extend(words::repair::told(&detail.repairs));
    if detail.more {
        lines.push(safe!("older runs and attempts are left out").styled(Style::faint()));
    }
    lines
}
