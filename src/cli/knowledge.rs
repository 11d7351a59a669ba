//! `dogwatch knowledge`: words about data that is not a directory here, such as a database, for agents to read. What is a directory
//! is registered with `dogwatch dataset`, which holds it to its content.

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::domain::{Entry, EntryKind};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left};
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
    /// Add words about data, for agents whose role may read of data sets; `dogwatch dataset` registers directories
    Add {
        /// What it is: dataset
        #[arg(hide_possible_values = true)]
        kind: Kind,
        /// Its name
        name: String,
        /// What there is to know of it; `-` reads it from standard input
        #[arg(short, long)]
        text: String,
        /// The only project that may have it, by name or id; any where none is named
        #[arg(short, long)]
        project: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List entries, the oldest first
    Ls {
        /// Print JSON, one entry a line
        #[arg(long)]
        json: bool,
    },
    /// Remove an entry
    Rm {
        /// The entry, by its number in the list
        entry: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let (request, json) = match args.command {
        Command::Add { kind: Kind::Dataset, name, text, project, json } => {
            (Request::AddEntry { kind: EntryKind::Dataset, project, name, text: input::text(text)? }, json)
        }
        Command::Ls { json } => (Request::Entries, json),
        Command::Rm { entry, json } => (Request::RemoveEntry { entry }, json),
    };
    let removed = matches!(request, Request::RemoveEntry { .. });
    let Reply::Entries { entries } = context.ask(request).await? else { return unfit() };
    if removed && !json {
        let lines = entries.iter().map(|entry| safe!("{} is removed", entry.name)).collect::<Vec<_>>();
        return context.tell(&entries, json, lines);
    }
    let nothing =
        safe!("nothing is described; `dogwatch knowledge add dataset` adds words, `dogwatch dataset add` a directory");
    let list = List { items: &entries, json, nothing, left_out: None };
    context.list(list, |columns| table(&entries, columns))
}

fn table(entries: &[Entry], columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["ENTRY", "KIND", "PROJECT", "NAME", "BY", "AGE", "TEXT"];
    let mut table = Table::new(headers.map(left), columns);
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
