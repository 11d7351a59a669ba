//! `dogwatch project`: the repositories that the engine knows.

use super::context::{Context, Failure, unfit};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{Align, Table};
use crate::workspace::open_source;
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Register a git repository
    Add {
        /// Its directory, or the URL to fetch it from
        source: String,
        /// Its name; the last part of the source by default
        #[arg(short, long)]
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the registered repositories
    Ls {
        /// Print JSON, one project a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Add { source, name, json } => add(context, &source, name, json).await,
        Command::Ls { json } => list(context, json).await,
    }
}

async fn add(mut context: Context, source: &str, name: Option<String>, json: bool) -> Result<i32, Failure> {
    let source = located(source)?;
    let Reply::Project { project } = context.ask(Request::AddProject { source, name }).await? else {
        return unfit();
    };
    if json {
        context.json(&project)?;
    } else {
        context.say(&safe!("{} {} from {}", project.id, project.name, project.source))?;
    }
    Ok(0)
}

async fn list(mut context: Context, json: bool) -> Result<i32, Failure> {
    let Reply::Projects { projects } = context.ask(Request::Projects).await? else { return unfit() };
    if json {
        for project in &projects {
            context.json(project)?;
        }
        return Ok(0);
    }
    if projects.is_empty() {
        context.say(&safe!("no projects; `dogwatch project add PATH` registers one"))?;
        return Ok(0);
    }
    let headers = [safe!("PROJECT"), safe!("NAME"), safe!("SOURCE")];
    let mut table = Table::new(headers.map(|header| (header, Align::Left)));
    for project in &projects {
        table.row([safe!("{}", project.id), safe!("{}", project.name), safe!("{}", project.source)]);
    }
    context.say_all(&table.lines())?;
    Ok(0)
}

/// A source as the engine can find it, whose working directory is another: URLs stay, paths become absolute.
fn located(source: &str) -> Result<String, Failure> {
    if source.contains("://") || (is_remote(source) && !Path::new(source).exists()) {
        return Ok(source.to_owned());
    }
    let path = std::fs::canonicalize(source)
        .map_err(|error| Failure::new(format!("{source}: {error}; name a git repository's directory or a URL")))?;
    if let Err(error) = open_source(&path) {
        return Err(Failure::new(format!(
            "{} is not a git repository ({}): name its top directory, or make it one with `git init` and a first commit",
            path.display(),
            error.message()
        )));
    }
    match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::new(format!("{}: the path is not UTF-8; move the repository", path.display()))),
    }
}

/// `user@host:path`, git's short form of an ssh URL.
fn is_remote(source: &str) -> bool {
    source.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'))
}
