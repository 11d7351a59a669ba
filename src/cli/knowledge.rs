//! `dogwatch knowledge`: what people register for agents to read: data sets.

use super::context::{Context, Failure, unfit};
use crate::domain::{Entry, EntryKind};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{Align, SafeText, Table};
use crate::words;

/// Columns of the text in a list.
const TEXT: usize = 60;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Data to work with
    Dataset,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Register something for agents whose role may read it
    Add {
        /// What it is
        kind: Kind,
        /// Its name
        name: String,
        /// What there is to know of it
        #[arg(short, long)]
        text: String,
        /// The project whose it is, by name or id; every project's where none is named
        #[arg(short, long)]
        project: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List what is registered
    Ls {
        /// Print JSON, one entry a line
        #[arg(long)]
        json: bool,
    },
    /// Remove one entry
    Rm {
        /// Its number in the list
        entry: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let (request, json) = match args.command {
        Command::Add { kind: Kind::Dataset, name, text, project, json } => {
            (Request::AddEntry { kind: EntryKind::Dataset, project, name, text }, json)
        }
        Command::Ls { json } => (Request::Entries, json),
        Command::Rm { entry, json } => (Request::RemoveEntry { entry }, json),
    };
    let Reply::Entries { entries } = context.ask(request).await? else { return unfit() };
    if json {
        for entry in &entries {
            context.json(entry)?;
        }
        return Ok(0);
    }
    if entries.is_empty() {
        context
            .say(&safe!("nothing is registered; `dogwatch knowledge add` registers something for agents to read"))?;
        return Ok(0);
    }
    let lines = table(&entries, context.columns());
    context.say_all(&lines)?;
    Ok(0)
}

fn table(entries: &[Entry], columns: Option<usize>) -> Vec<SafeText> {
    let headers =
        [safe!("ENTRY"), safe!("KIND"), safe!("PROJECT"), safe!("NAME"), safe!("BY"), safe!("AGE"), safe!("TEXT")];
    let mut table = Table::new(headers.map(|header| (header, Align::Left)));
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
    let now = words::now();
    for entry in entries {
        table.row([
            safe!("{}", entry.id),
            safe!("{}", entry.kind.name()),
            entry.project.map_or_else(|| safe!("all"), |project| safe!("{}", project)),
            safe!("{}", entry.name),
            safe!("{}", entry.by),
            words::ago(entry.at, now),
            safe!("{}", entry.text).truncate(TEXT),
        ]);
    }
    table.lines()
}
