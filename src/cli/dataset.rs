//! `dogwatch dataset`: directories of data that runs may read, held to what was registered.

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::domain::DatasetState;
use crate::protocol::{DatasetAsk, DatasetView, Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks at one that is being read.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a directory; runs whose dogwatch.toml names it (`datasets = ["NAME"]`) see it read-only at /datasets/NAME
    Add {
        /// Its name
        name: String,
        /// The directory
        path: PathBuf,
        /// What there is to know of it
        #[arg(long, alias = "text", default_value = "", hide_default_value = true)]
        note: String,
        /// The only project that may have it, by name or id; any where none is named
        #[arg(short, long)]
        project: Option<String>,
        /// Do not wait until its files are read
        #[arg(long)]
        no_wait: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List data sets, by name
    Ls {
        /// Print JSON, one data set a line
        #[arg(long)]
        json: bool,
    },
    /// Show one data set, with the digest that it was registered with
    Show {
        /// The data set, by its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read a data set anew and compare it with what was registered. Exit code 1 where it is not that any more
    Verify {
        /// The data set, by its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a data set from the registry; its files stay as they are
    Rm {
        /// The data set, by its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Ls { json } => list(&mut context, json).await,
        Command::Show { name, json } => {
            let view = one(&mut context, DatasetAsk::One { name }).await?;
            context.tell(&view, json, words::dataset::told(&view))
        }
        Command::Add { name, path, note, project, no_wait, json } => {
            let path = input::nameable(&std::path::absolute(path)?)?;
            let view = one(&mut context, DatasetAsk::Add { name, path, project, text: input::text(note)? }).await?;
            finish(&mut context, view, json, no_wait).await
        }
        Command::Verify { name, json } => {
            let view = one(&mut context, DatasetAsk::Verify { name }).await?;
            finish(&mut context, view, json, false).await
        }
        Command::Rm { name, json } => {
            let view = one(&mut context, DatasetAsk::Remove { name }).await?;
            let line = safe!("{} is removed; {} stays as it is", view.dataset.name, view.dataset.path);
            context.tell(&view, json, [line])
        }
    }
}

async fn one(context: &mut Context, about: DatasetAsk) -> Result<DatasetView, Failure> {
    let Reply::Datasets { mut datasets } = context.ask(Request::Dataset { about }).await? else { return unfit() };
    match datasets.pop() {
        Some(view) => Ok(view),
        None => unfit(),
    }
}

/// Waits until its files are read, telling how far that is, and gives how it is then.
async fn finish(context: &mut Context, mut view: DatasetView, json: bool, no_wait: bool) -> Result<i32, Failure> {
    let mut last = None;
    while view.dataset.state == DatasetState::Reading && !no_wait {
        if let Some((files, bytes)) = view.read.filter(|read| Some(*read) != last && !json) {
            context.say(&safe!("{} files, {} read", files, words::size(bytes)))?;
        }
        last = view.read;
        tokio::time::sleep(LOOK).await;
        view = one(context, DatasetAsk::One { name: view.dataset.name.clone() }).await?;
    }
    context.tell(&view, json, words::dataset::told(&view))?;
    Ok(i32::from(matches!(view.dataset.state, DatasetState::Changed | DatasetState::Failed)))
}

async fn list(context: &mut Context, json: bool) -> Result<i32, Failure> {
    let request = Request::Dataset { about: DatasetAsk::List };
    let Reply::Datasets { datasets } = context.ask(request).await? else { return unfit() };
    let nothing = safe!("no data set is registered; `dogwatch dataset add` adds a directory");
    let list = List { items: &datasets, json, nothing, left_out: None };
    context.list(list, |columns| table(&datasets, columns))
}

fn table(datasets: &[DatasetView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = [left("NAME"), left("STATE"), left("FOR"), right("FILES"), right("SIZE"), left("AGE"), left("PATH")];
    let mut table = Table::new(headers, columns);
    let now = words::now();
    for view in datasets {
        let dataset = &view.dataset;
        let (files, bytes) = view.read.unwrap_or((dataset.files, dataset.bytes));
        table.row([
            safe!("{}", dataset.name),
            words::dataset::state(dataset.state),
            view.project.as_ref().map_or_else(|| safe!("all"), |project| safe!("{}", project)),
            safe!("{}", files),
            words::size(bytes),
            words::ago(dataset.added, now),
            safe!("{}", dataset.path),
        ]);
    }
    table.lines()
}
