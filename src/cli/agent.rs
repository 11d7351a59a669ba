//! `dogwatch agent`: whether a coding agent is installed so that runs can work with it.

mod judge;
mod trial;

use super::context::{Context, Failure};
use super::doctor::{Finding, Level};
use super::input;
use crate::agent::CodingSettings;
use crate::config::{AgentWork, ChosenAgent, EngineConfig, ImageSource, ProjectConfig, choose_agent};
use crate::domain::Role;
use crate::gateway::Gateway;
use crate::models::NoMeter;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use trial::Trial;
pub(super) use trial::leftovers;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Try a coding agent: its program in the image, the way to its model, and one tiny turn, which costs a few tokens
    Test(Test),
}

#[derive(Debug, clap::Args)]
struct Test {
    /// The agent: claude, codex, gemini, opencode, copilot, or one that config.toml sets up
    name: String,
    /// The image to try it in; `reference` under [image] in the dogwatch.toml of the current directory by default
    #[arg(short, long, value_name = "REFERENCE")]
    image: Option<String>,
    /// Print JSON, one finding a line
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Command::Test(args) = args.command;
    let config = EngineConfig::load(&context.paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    let (project, image) = asked(args.image)?;
    let chosen =
        choose_agent(Some(&args.name), Role::Coder, &project, &config).map_err(|error| refused(error.to_string()))?;
    let AgentWork::Coding(settings) = chosen.work.clone() else {
        return Err(refused(format!(
            "`{}` is no coding agent that dogwatch knows, so there is nothing to try: only its own runs tell how it works",
            args.name
        )));
    };
    let mut worst = Level::Ok;
    let mut tell = |finding: &Finding| -> Result<bool, Failure> {
        worst = worst.max(finding.level);
        finding.print(&mut context, args.json)?;
        Ok(finding.level != Level::Fail)
    };
    let paths = crate::config::Paths::from_environment()?;
    try_all(&paths, &config, &chosen, &settings, &image, &mut tell).await?;
    Ok(i32::from(worst == Level::Fail))
}

/// Tries one thing after the other, up to the first that fails: what follows would fail with it.
async fn try_all(
    paths: &crate::config::Paths,
    config: &EngineConfig,
    chosen: &ChosenAgent,
    settings: &CodingSettings,
    image: &str,
    tell: &mut impl FnMut(&Finding) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let gateway = Gateway::new(&config.models, config.prices.clone(), Arc::new(NoMeter))
        .map_err(|error| Failure::new(error.to_string()))?;
    if !tell(&judge::models(&gateway, settings.api()))? {
        return Ok(());
    }
    let trial = match Trial::begin(paths, config, gateway).await {
        Ok(trial) => trial,
        Err(error) => return tell(&judge::sandbox(&error)).map(drop),
    };
    let outcome = trial.steps(chosen, settings, image, tell).await;
    let cleaned = trial.end().await;
    outcome.and(cleaned)
}

/// What the repository here says, and the image to try.
fn asked(image: Option<String>) -> Result<(ProjectConfig, String), Failure> {
    let file = ProjectConfig::FILE;
    let text = match std::fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            return Err(input::unusable(Path::new(file), "see that you may read it, or go to another directory")(
                error,
            ));
        }
    };
    let bad = |errors: crate::config::ConfigErrors| Failure::new(errors.to_string());
    let project = text.map(|text| ProjectConfig::parse(&text, file)).transpose().map_err(bad)?;
    let image = match (image, project.as_ref().map(|project| &project.image)) {
        (Some(image), _) => image,
        (None, Some(ImageSource::Reference(reference))) => reference.clone(),
        (None, Some(ImageSource::Dockerfile { .. })) => {
            return Err(Failure::new(format!(
                "{file} builds its image: build it, and name what came of it with --image"
            )));
        }
        (None, None) => {
            return Err(Failure::new(format!("there is no {file} here: name the image to try with --image")));
        }
    };
    let nothing = || ProjectConfig::parse(&format!("[image]\nreference = {:?}\n", "none"), "the usual settings");
    Ok((project.map_or_else(nothing, Ok).map_err(bad)?, image))
}

fn refused(message: String) -> Failure {
    Failure { code: 5, message }
}
