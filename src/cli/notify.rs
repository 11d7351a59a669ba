//! `dogwatch notify`: the ways by which people are told, and a test of them. It needs no engine.

use super::context::{Context, Failure};
use crate::config::{EngineConfig, NotifyBy};
use crate::domain::Millis;
use crate::notify::{Message, Sender};
use crate::safe;
use jiff::Timestamp;
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the ways by which people are told that something waits for them
    Ls {
        /// Print JSON, one way a line
        #[arg(long)]
        json: bool,
    },
    /// Send a test by all ways, or by one
    Test {
        /// The way, by its name under [notify] in config.toml; all of them where none is named
        way: Option<String>,
        /// Print JSON, one way a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let config = EngineConfig::load(&context.paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    match args.command {
        Command::Ls { json } => {
            for (name, way) in &config.notify {
                let (kind, place) = place(&way.by);
                if json {
                    context.json(&json!({ "way": name, "by": kind, "to": place }))?;
                } else {
                    context.say_wrapped(&safe!("{} by {} to {}", name, kind, place))?;
                }
            }
            if config.notify.is_empty() && !json {
                context.say_wrapped(&safe!("nobody is told: {} has no [notify.NAME]", context.paths.config_file()))?;
            }
            Ok(0)
        }
        Command::Test { way: only, json } => {
            let wanted = config.notify.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == *name));
            let wanted: Vec<_> = wanted.collect();
            if wanted.is_empty() {
                let place = context.paths.config_file().display().to_string();
                let name = only.as_deref().unwrap_or("NAME");
                return Err(Failure {
                    code: 4,
                    message: format!(
                        "{place} has no [notify.{name}]: `dogwatch notify ls` lists the ways that there are"
                    ),
                });
            }
            let mut failed = false;
            for (name, way) in wanted {
                let sender = Sender::new(way.by.clone(), context.paths.config().to_owned());
                let sent = sender.send(&Message::test(name, Millis(Timestamp::now().as_millisecond()))).await;
                failed |= sent.is_err();
                let fault = sent.err().map(|fault| fault.to_string());
                match &fault {
                    _ if json => context.json(&json!({ "way": name, "sent": fault.is_none(), "fault": fault }))?,
                    None => context.say_wrapped(&safe!("{}: sent", name))?,
                    Some(fault) => context.say_wrapped(&safe!("{}: NOT sent: {}", name, fault))?,
                }
            }
            Ok(i32::from(failed))
        }
    }
}

/// How and where to; of a secret address only its name.
fn place(by: &NotifyBy) -> (&'static str, String) {
    match by {
        NotifyBy::Ntfy { url, .. } => ("ntfy", url.clone()),
        NotifyBy::Slack { secret } => ("slack", format!("the address in the secret {secret}")),
        NotifyBy::Webhook { url, .. } => ("webhook", url.clone()),
        NotifyBy::Mail { to, .. } => ("mail", to.clone()),
    }
}
