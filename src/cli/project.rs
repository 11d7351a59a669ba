//! `dogwatch project`: the repositories that the engine knows.

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::domain::Project;
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left};
use crate::words;
use crate::workspace::{check_source, open_source};
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a git repository
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
    /// List projects, by name
    Ls {
        /// Print JSON, one project a line
        #[arg(long)]
        json: bool,
    },
    /// Take a project away of which nothing is on record, such as one that was added by mistake; its source stays
    Rm {
        /// Its name or id
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the hosts that people opened to every run of a project, by `dogwatch approvals approve --project`
    Hosts {
        /// The project's name or id
        project: String,
        /// Print JSON, one host a line
        #[arg(long)]
        json: bool,
    },
    /// Close such a host again: what runs ask for from now on is refused; connections under way end by themselves
    CloseHost {
        /// The project's name or id
        project: String,
        /// The host
        host: String,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        reason: String,
        /// Print JSON, one host that stays open a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Add { source, name, json } => add(context, &source, name, json).await,
        Command::Ls { json } => list(context, json).await,
        Command::Rm { project, json } => {
            let Reply::Project { project } = context.ask(Request::RemoveProject { project }).await? else {
                return unfit();
            };
            let said =
                safe!("{} {} is no project any more; {} stays as it is", project.id, project.name, project.source);
            told(context, &project, &said, json)
        }
        Command::Hosts { project, json } => hosts(context, Request::Hosts { project }, json).await,
        Command::CloseHost { project, host, reason, json } => {
            let reason = input::text(reason)?;
            hosts(context, Request::CloseHost { project, host, reason }, json).await
        }
    }
}

async fn add(mut context: Context, source: &str, name: Option<String>, json: bool) -> Result<i32, Failure> {
    let source = located(source)?;
    let Reply::Project { project } = context.ask(Request::AddProject { source, name }).await? else {
        return unfit();
    };
    let said = safe!("{} {} from {}", project.id, project.name, project.source);
    told(context, &project, &said, json)
}

fn told(mut context: Context, project: &Project, said: &SafeText, json: bool) -> Result<i32, Failure> {
    if json {
        context.json(project)?;
    } else {
        context.say(said)?;
    }
    Ok(0)
}

async fn list(mut context: Context, json: bool) -> Result<i32, Failure> {
    let Reply::Projects { projects } = context.ask(Request::Projects).await? else { return unfit() };
    let nothing = safe!("no project is registered; `dogwatch project add` adds one");
    let list = List { items: &projects, json, nothing, left_out: None };
    context.list(list, |columns| {
        let mut table = Table::new(["PROJECT", "NAME", "SOURCE"].map(left), columns);
        for project in &projects {
            table.row([safe!("{}", project.id), safe!("{}", project.name), safe!("{}", project.source)]);
        }
        table.lines()
    })
}

/// Asks what is open, or what still is.
async fn hosts(mut context: Context, request: Request, json: bool) -> Result<i32, Failure> {
    let Reply::Hosts { hosts } = context.ask(request).await? else { return unfit() };
    let nothing = safe!("no host is open to every run of this project beside those of its lists");
    let list = List { items: &hosts, json, nothing, left_out: None };
    context.list(list, |columns| {
        let mut table = Table::new(["HOST", "BY", "SINCE", "QUESTION", "WHY"].map(left), columns);
        let now = words::now();
        for open in &hosts {
            table.row([
                safe!("{}", open.host.as_str()),
                safe!("{}", open.by.label()),
                safe!("{} ago", words::ago(open.since, now)),
                safe!("{}", open.question),
                safe!("{}", open.reason),
            ]);
        }
        table.lines()
    })
}

/// A source as the engine can find it, whose working directory is another: URLs stay, paths become absolute.
fn located(source: &str) -> Result<String, Failure> {
    if source.contains("://") || (is_remote(source) && !Path::new(source).exists()) {
        // What holds a password does not even reach the engine.
        check_source(source).map_err(|error| Failure { code: 5, message: error.to_string() })?;
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
    input::nameable(&path)
}

/// `user@host:path`, git's short form of an ssh URL.
fn is_remote(source: &str) -> bool {
    source.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'))
}
