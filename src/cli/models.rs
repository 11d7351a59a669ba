//! `dogwatch models`: the switch that keeps every agent from models, and how things stand with them.

use super::context::{Context, Failure, unfit};
use super::input;
use crate::protocol::{ModelsReport, Reply, Request};
use crate::text::SafeText;
use crate::words;
use crate::{protocol::StoppedModels, safe};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Let no request pass to any model from this moment on; runs wait, frozen, until they are started again
    Stop {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Let requests to models pass again
    Start {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let request = match args.command {
        None => Request::Models,
        Some(Command::Stop { project, reason }) => Request::StopModels { project, reason: input::text(reason)? },
        Some(Command::Start { project }) => Request::StartModels { project },
    };
    let Reply::Models { models } = context.ask(request).await? else { return unfit() };
    if args.json {
        context.json(&models)?;
        return Ok(0);
    }
    context.say_all(&page(&models))?;
    Ok(0)
}

fn page(models: &ModelsReport) -> Vec<SafeText> {
    let mut lines: Vec<SafeText> = models.stopped.iter().map(words::models_stopped).collect();
    if lines.is_empty() {
        lines.push(safe!("runs may ask their models"));
    } else if let Some(StoppedModels { project, .. }) = models.stopped.first() {
        let whose = project.as_ref().map_or_else(SafeText::empty, |name| safe!(" --project {}", name));
        lines.push(safe!("runs that need them wait; `dogwatch models start{}` lets them go on", whose));
    }
    for provider in &models.providers {
        lines.push(
            words::provider_fault(provider).unwrap_or_else(|| safe!("provider {} has not failed", provider.name)),
        );
    }
    lines
}
