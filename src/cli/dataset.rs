//! `dogwatch dataset`: directories of data that runs may read, held to what was registered.

use super::context::{Context, Failure, unfit};
use crate::domain::DatasetState;
use crate::protocol::{DatasetAsk, DatasetView, Reply, Request};
use crate::safe;
use crate::text::{Align, SafeText, Table};
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
    /// Register a directory; runs whose dogwatch.toml names it (`datasets = ["NAME"]`) see it read-only at /datasets/NAME
    Add {
        /// Its name
        name: String,
        /// The directory
        path: PathBuf,
        /// What there is to know of it
        #[arg(short, long, default_value = "", hide_default_value = true)]
        text: String,
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
    /// List data sets
    Ls {
        /// Print JSON, one data set a line
        #[arg(long)]
        json: bool,
    },
    /// Show one
    Show {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read its files anew and compare them with what was registered. Exit code 1 where it is not that any more
    Verify {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take it out of the registry; its files stay as they are
    Rm {
        /// Its name
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
            tell(&mut context, &view, json)?;
            Ok(0)
        }
        Command::Add { name, path, text, project, no_wait, json } => {
            let path = std::path::absolute(path)?.to_string_lossy().into_owned();
            let view = one(&mut context, DatasetAsk::Add { name, path, project, text }).await?;
            finish(&mut context, view, json, no_wait).await
        }
        Command::Verify { name, json } => {
            let view = one(&mut context, DatasetAsk::Verify { name }).await?;
            finish(&mut context, view, json, false).await
        }
        Command::Rm { name, json } => {
            let view = one(&mut context, DatasetAsk::Remove { name }).await?;
            if json {
                context.json(&view)?;
            } else {
                context.say(&safe!(
                    "{} is registered no more; {} stays as it is",
                    view.dataset.name,
                    view.dataset.path
                ))?;
            }
            Ok(0)
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
    tell(context, &view, json)?;
    Ok(i32::from(matches!(view.dataset.state, DatasetState::Changed | DatasetState::Failed)))
}

fn tell(context: &mut Context, view: &DatasetView, json: bool) -> Result<(), Failure> {
    if json {
        return context.json(view);
    }
    for line in words::dataset::told(view) {
        context.say_wrapped(&line)?;
    }
    Ok(())
}

async fn list(context: &mut Context, json: bool) -> Result<i32, Failure> {
    let request = Request::Dataset { about: DatasetAsk::List };
    let Reply::Datasets { datasets } = context.ask(request).await? else { return unfit() };
    if json {
        for dataset in &datasets {
            context.json(dataset)?;
        }
    } else if datasets.is_empty() {
        context.say(&safe!("no data set is registered; `dogwatch dataset add` registers a directory"))?;
    } else {
        context.say_all(&table(&datasets, context.columns()))?;
    }
    Ok(0)
}

fn table(datasets: &[DatasetView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = [("NAME", Align::Left), ("STATE", Align::Left), ("FOR", Align::Left), ("FILES", Align::Right)];
    let texts = [("SIZE", Align::Right), ("AGE", Align::Left), ("PATH", Align::Left)];
    let headers = headers.into_iter().chain(texts).map(|(header, align)| (safe!("{}", header), align));
    let mut table = Table::new(headers);
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
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
