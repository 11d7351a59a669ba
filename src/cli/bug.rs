//! `dogwatch bug`: what runs met and people told, what was tried against it, and what repaired it.

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::domain::{Bug, BugId, BugState};
use crate::protocol::{BugDetail, Reply, Request};
use crate::safe;
use crate::text::{Colour, SafeText, Style, Table, exact, left, right};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a bug that no run has met: it joins the bug table, and agents of the project find it by its words
    Add {
        /// The bug in one line
        title: String,
        /// What else there is to know: how to see it, what should be; `-` reads it from standard input
        #[arg(short, long, default_value = "", hide_default_value = true)]
        description: String,
        /// The project's name or id
        #[arg(short, long)]
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List bugs, the one seen last first
    Ls {
        /// Solved ones as well
        #[arg(short, long)]
        all: bool,
        /// Print JSON, one bug a line; `{"more":true}` last where older are left out
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
    /// Make two bugs one: what was found and tried of the first goes over, and its id leads to the second
    Merge {
        /// The bug that becomes a part of the other, such as b12
        from: BugId,
        /// The bug that stays, such as b7
        into: BugId,
        /// Why; others read it in the audit log
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close a bug as solved; it is open again when a run sees it again
    Close {
        /// The bug, such as b12
        bug: BugId,
        /// Why; others read it in the audit log
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Ls { all, json } => list(&mut context, all, json).await,
        Command::Show { bug, json } => show(&mut context, Some(bug), Request::Bug { bug }, json).await,
        Command::Close { bug, reason, json } => {
            let reason = input::text(reason)?;
            show(&mut context, Some(bug), Request::CloseBug { bug, reason }, json).await
        }
        Command::Add { title, description, project, json } => {
            let text = input::text(description)?;
            show(&mut context, None, Request::AddBug { project, title, text }, json).await
        }
        Command::Merge { from, into, reason, json } => {
            let reason = input::text(reason)?;
            show(&mut context, None, Request::MergeBugs { from, into, reason }, json).await
        }
    }
}

async fn list(context: &mut Context, all: bool, json: bool) -> Result<i32, Failure> {
    let Reply::Bugs { bugs, more } = context.ask(Request::Bugs { all }).await? else { return unfit() };
    let nothing = if all {
        safe!("no run has met a bug yet; `dogwatch bug add` adds one")
    } else {
        safe!("no bug is open; --all lists solved ones, `dogwatch bug add` adds one")
    };
    let list = List { items: &bugs, json, nothing, left_out: more.then_some("bugs") };
    context.list(list, |columns| table(&bugs, columns))
}

fn table(bugs: &[Bug], columns: Option<usize>) -> Vec<SafeText> {
    let headers = [left("BUG"), left("STATE"), right("SEEN"), left("AGE"), left("KIND"), left("MESSAGE")];
    let mut table = Table::new(headers, columns);
    let now = words::now();
    for bug in bugs {
        table.row([
            safe!("{}", bug.id),
            state(bug.state),
            safe!("{}", bug.seen),
            words::ago(bug.last_seen, now),
            words::bug::kind(bug),
            safe!("{}", words::bug::headline(bug)),
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

async fn show(context: &mut Context, asked: Option<BugId>, request: Request, json: bool) -> Result<i32, Failure> {
    let Reply::Bug { detail } = context.ask(request).await? else { return unfit() };
    let other = asked.filter(|asked| *asked != detail.bug.id);
    let merged = other.map(|asked| safe!("{} was merged into {}", asked, detail.bug.id));
    context.tell(&detail, json, merged.into_iter().chain(told(&detail)))
}

fn told(detail: &BugDetail) -> Vec<SafeText> {
    let bug = &detail.bug;
    let kind = words::bug::kind(bug);
    let mut lines = vec![safe!("{} {}: {}", bug.id, state(bug.state), kind).styled(Style::strong())];
    lines.extend(bug.message.lines().map(|line| exact::encode_indented(line.as_bytes())));
    lines.push(SafeText::empty());
    lines.push(safe!("{}; {}", words::bug::seen(bug), words::bug::origin(bug)));
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
    lines.extend(words::bug::kin(detail));
    if detail.more {
        lines.push(safe!("older runs and attempts are left out").styled(Style::faint()));
    }
    lines
}
