//! `dogwatch debug`: looks into single parts from outside, for maintainers. Input comes from standard input.

use super::context::{Context, Failure, open};
use crate::agent::{self, Adapter};
use crate::config::EngineConfig;
use crate::domain::StepEnd;
use crate::engine::crash;
use crate::evidence::{self, Format};
use crate::safe;
use crate::text::debug;
use crate::watchdog::{self, HistoryError};
use serde_json::value::RawValue;
use std::io::Read;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Any bytes become what a terminal would get
    Text(Text),
    /// A tool's report or output becomes findings, one JSON value a line, and a summary
    Evidence {
        /// A format of `dogwatch.toml`, or one that suites do not have, such as compiler; guessed by default
        #[arg(short, long)]
        format: Option<Format>,
    },
    /// The recorded output of a coding agent becomes events, one JSON value a line, and last its ending
    Agent(Agent),
    /// The history of a run, one JSON value a line, becomes the watchdog's verdict on each iteration
    ///
    /// The lines are what the engine feeds to it: iterations with what was measured of them, redirects, restarts of the engine
    /// and rollbacks. The thresholds are those of config.toml.
    Watchdog,
    /// The names of the points at which a test build can be killed
    CrashPoints {
        /// Print JSON, one name a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Agent {
    /// claude, codex, gemini, opencode or copilot
    name: Adapter,
    /// How the program exited
    #[arg(long, value_name = "CODE", default_value_t = 0, allow_negative_numbers = true)]
    exit: i32,
    /// The engine stopped it, whatever it says and however it exited
    #[arg(long)]
    stopped_by_us: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "form", required = true, multiple = true)]
struct Text {
    /// In the exact form, one line
    #[arg(long, conflicts_with = "log")]
    exact: bool,
    /// Back from the exact form
    #[arg(long, requires = "exact")]
    decode: bool,
    /// In the form of program output
    #[arg(long)]
    log: bool,
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        Self::new(error.to_string())
    }
}

pub fn perform(mut context: Context, args: &Args) -> Result<i32, Failure> {
    match &args.command {
        Command::Text(text) => {
            let input = input()?;
            let bytes = if text.decode {
                debug::decode(&input).map_err(|error| Failure::new(error.to_string()))?
            } else if text.exact {
                debug::exact(&input)
            } else {
                // Colours as a terminal would get them, unless the environment refuses them.
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                debug::log(&input, !refused)
            };
            open(context.out.raw_bytes(&bytes)?)?;
        }
        Command::Evidence { format } => {
            for line in evidence::debug(*format, &input()?) {
                let value: &RawValue = serde_json::from_str(&line).map_err(|error| {
                    Failure::new(format!("standard input is not JSON: {error}; give one JSON value a line"))
                })?;
                context.json(&value)?;
            }
        }
        Command::Agent(args) => {
            let end = if args.stopped_by_us { StepEnd::Stopped } else { StepEnd::Exited { code: args.exit } };
            let mut input = std::io::stdin().lock();
            let summary = agent::debug(args.name, &mut input, &end, &mut |event| context.json(event))?;
            context.json(&summary)?;
        }
        Command::Watchdog => {
            let config =
                EngineConfig::load(&context.paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
            let mut input = std::io::stdin().lock();
            watchdog::debug(config.watchdog, &mut input, &mut |verdict| context.json(verdict))?;
        }
        Command::CrashPoints { json } => {
            for name in crash::all() {
                if *json { context.json(&name)? } else { context.say(&safe!("{}", name))? }
            }
        }
    }
    Ok(0)
}

fn input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
