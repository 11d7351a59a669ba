//! `dogwatch secret`: keys that the engine needs, in files that nobody else can read. A secret never stands on a command line.

use super::context::{Context, Failure, open};
use crate::config::{Paths, keep_secret, remove_secret, secrets};
use crate::safe;
use crate::text::Out;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Read, Stdin};

/// Longest secret in bytes.
const LONGEST: u64 = 8 * 1024;
/// The exit code for something that is not there.
const MISSING: i32 = 4;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Keep a secret: one line of standard input, or asked for without showing it
    Set {
        /// Its name, such as anthropic
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the names of secrets
    Ls {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret
    Rm {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn perform(mut context: Context, args: &Args) -> Result<i32, Failure> {
    let paths = Paths::from_environment()?;
    let failed = |error: crate::config::SecretError| Failure::new(error.to_string());
    match &args.action {
        Action::Set { name, json } => {
            let secret = read(name)?;
            keep_secret(paths.config(), name, secret.as_bytes()).map_err(failed)?;
            if *json {
                context.json(&json!({ "kept": name }))?;
            } else {
                context.say(&safe!("kept; config.toml names it by `key-secret = \"{}\"`", name))?;
            }
        }
        Action::Ls { json } => {
            let names = secrets(paths.config()).map_err(failed)?;
            if *json {
                context.json(&json!({ "secrets": names }))?;
            } else {
                context.say_all(&names.iter().map(|name| safe!("{}", name)).collect::<Vec<_>>())?;
            }
        }
        Action::Rm { name, json } => {
            if !remove_secret(paths.config(), name).map_err(failed)? {
                let message = format!("there is no secret `{name}`: `dogwatch secret ls` lists those that there are");
                return Err(Failure { code: MISSING, message });
            }
            if *json {
                context.json(&json!({ "removed": name }))?;
            } else {
                context.say(&safe!("removed {}", name))?;
            }
        }
    }
    Ok(0)
}

/// One line, which a terminal does not show.
fn read(name: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    let hidden = Hidden::over(&stdin)?;
    if hidden.is_some() {
        open(Out::stderr().line(&safe!("the secret {} (it is not shown; then enter):", name))?)?;
    }
    let mut line = String::new();
    stdin.lock().take(LONGEST + 1).read_line(&mut line)?;
    drop(hidden);
    let secret = line.trim();
    if secret.is_empty() {
        return Err(Failure::new("nothing was given: the secret is one line of standard input".to_owned()));
    }
    if line.len() as u64 > LONGEST {
        return Err(Failure::new(format!("the secret is longer than {LONGEST} bytes")));
    }
    Ok(secret.to_owned())
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Hidden<'a> {
    /// Nothing where it is no terminal.
    fn over(terminal: &'a Stdin) -> Result<Option<Self>, Failure> {
        if !terminal.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(terminal).map_err(std::io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent).map_err(std::io::Error::from)?;
        Ok(Some(Self { terminal, before }))
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // Nothing more can be done for a terminal that is gone.
        let _gone = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
