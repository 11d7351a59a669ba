//! `dogwatch watch`, and `dogwatch` alone: the console. On a terminal that cannot place text, or with
//! `--plain`, events are told in lines; `dogwatch` alone prints help and the runs where there is no terminal.

mod plain;

use super::context::{Context, Failure};
use super::{complaint, ps};
use crate::client::{Client, ClientError};
use crate::config::EngineConfig;
use crate::console::keymap::Keymap;
use crate::console::{Options, run};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::screen::ScreenError;
use crate::text::{Look, SafeText};
use clap::CommandFactory;
use std::io::IsTerminal;

#[derive(Debug, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, told apart by name")]
pub struct Args {
    /// Change nothing from this console
    #[arg(long)]
    read_only: bool,
    /// Draw at most four times a second, ten times for keys, for slow links
    #[arg(long)]
    slow_link: bool,
    /// Leave clicks and the wheel to the terminal; `m` switches while it runs
    #[arg(long)]
    no_mouse: bool,
    /// Print a line for each event instead: for screen readers, simple terminals and files
    #[arg(long, conflicts_with_all = ["slow_link", "no_mouse"])]
    plain: bool,
    /// Begin with the first steps: what there is to see, and what to press
    #[arg(long, conflicts_with = "plain")]
    tour: bool,
}

impl Args {
    /// A console that begins with the first steps.
    pub fn with_tour() -> Self {
        Self { tour: true, ..Self::default() }
    }
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let look = look(|name| std::env::var(name).ok());
    if args.plain || is_dumb(&context) {
        return plain::perform(context, look.unicode).await;
    }
    // The console says by itself that an engine went away; one that cannot be had at all is told here.
    let config =
        EngineConfig::load(&context.paths.console_config()).map_err(|errors| Failure::new(errors.to_string()))?;
    context.client().await?;
    let first = Client::connect(&context.paths.socket()).await?;
    let options = Options {
        look,
        read_only: args.read_only,
        slow_link: args.slow_link,
        mouse: !args.no_mouse,
        copies: context.paths.copies(),
        keys: Keymap::of(&config.keys),
        bell: config.bell,
        drafts: context.paths.drafts(),
        alarm: context.alarm(),
        tour: args.tour,
    };
    let socket = context.paths.socket();
    drop(context);
    run(socket, Some(first), options).await?;
    Ok(0)
}

/// A terminal that cannot place text gets lines.
fn is_dumb(context: &Context) -> bool {
    let simple = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    simple && std::io::stdin().is_terminal() && context.out.is_terminal()
}

impl From<ScreenError> for Failure {
    fn from(error: ScreenError) -> Self {
        let code = if matches!(error, ScreenError::Io(_)) { 1 } else { 2 };
        Self { code, message: error.to_string() }
    }
}

/// `dogwatch` without a word.
pub async fn without_words(mut context: Context) -> Result<i32, Failure> {
    if std::io::stdin().is_terminal()
        && context.out.is_terminal()
        && std::env::var("TERM").is_ok_and(|term| term != "dumb")
    {
        return perform(context, Args::default()).await;
    }
    context.say_all(&complaint::help(&super::Cli::command().render_help().to_string()))?;
    let runs = match context.running().await? {
        Some(client) => client.ask(Request::Runs { all: false }).await,
        None => return Ok(0),
    };
    let runs = match runs {
        Ok(Reply::Runs { runs, .. }) => runs,
        Ok(_) => return Err(ClientError::Unfit.into()),
        Err(error) => return Err(error.into()),
    };
    context.say(&SafeText::empty())?;
    if runs.is_empty() {
        context.say(&safe!("The engine is up; no runs are at work."))?;
    } else {
        let lines = ps::table(&runs, context.columns());
        context.say_all(&lines)?;
    }
    Ok(0)
}

/// What the environment says of the terminal: colour unless `NO_COLOR` is set (no-color.org), and more than ASCII where the
/// locale has it.
fn look(var: impl Fn(&str) -> Option<String>) -> Look {
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_lowercase();
    Look { colour: set("NO_COLOR").is_none(), unicode: locale.contains("utf-8") || locale.contains("utf8") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_what_the_terminal_can_show() {
        let of = |pairs: &[(&str, &str)]| {
            look(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Look { colour: true, unicode: true });
        assert_eq!(of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), Look { colour: true, unicode: false });
        assert_eq!(of(&[("LC_ALL", "C.utf8"), ("NO_COLOR", "1")]), Look { colour: false, unicode: true });
        assert_eq!(of(&[("NO_COLOR", "")]), Look { colour: true, unicode: false });
    }
}
