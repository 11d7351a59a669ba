//! `dogwatch secret`: keys that the engine needs, in files that nobody else can read. A secret never stands on a command line.

use super::context::{Context, Failure, open};
use super::print::List;
use crate::config::{Paths, keep_secret_of, remove_secret, secrets};
use crate::people::user_name;
use crate::safe;
use crate::text::Out;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Read, Stdin};
use tokio::signal::unix::{SignalKind, signal};

/// Longest secret in bytes.
const LONGEST: u64 = 8 * 1024;
/// With what the lines of a private key begin and end.
const KEY: (&str, &str) = ("-----BEGIN ", "-----END ");
/// The exit code for something that is not there.
const MISSING: i32 = 4;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Keep a secret: one line of standard input or a private key of SSH, or asked for without showing it
    Set {
        /// Its name, such as anthropic
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the names of secrets
    Ls {
        /// Print JSON, one name a line
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret
    Rm {
        /// The secret, by its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn perform(mut context: Context, args: &Args) -> Result<i32, Failure> {
    let paths = Paths::from_environment()?;
    let failed = |error: crate::config::SecretError| Failure::new(error.to_string());
    match &args.command {
        Command::Set { name, json } => {
            let secret = read(name)?;
            let owner = engines_user(&paths)?;
            keep_secret_of(paths.config(), name, secret.as_bytes(), owner).map_err(failed)?;
            let line = if secret.starts_with(KEY.0) {
                safe!("{} is kept; assets name it by `secret:{}`", name, name)
            } else {
                safe!(
                    "{} is kept; config.toml names it by `key-secret = \"{}\"` under [models], by `secret` under [notify]",
                    name,
                    name
                )
            };
            let whose = owner.map(|(user, _)| safe!("it belongs to {}, as whom the engine works", user_name(user)));
            let owner = owner.map(|(user, _)| user);
            context.tell(&json!({ "kept": name, "owner": owner }), *json, [line].into_iter().chain(whose))
        }
        Command::Ls { json } => {
            let names = secrets(paths.config()).map_err(failed)?;
            let nothing = safe!("no secret is kept; `dogwatch secret set` keeps one");
            let list = List { items: &names, json: *json, nothing, left_out: None };
            context.list(list, |_| names.iter().map(|name| safe!("{}", name)).collect())
        }
        Command::Rm { name, json } => {
            if !remove_secret(paths.config(), name).map_err(failed)? {
                let message = format!("there is no secret `{name}`: `dogwatch secret ls` lists those that there are");
                return Err(Failure { code: MISSING, message });
            }
            context.tell(&json!({ "removed": name }), *json, [safe!("{} is removed", name)])
        }
    }
}

/// For whom a secret is kept: the engine of a whole machine has a user of its own, who could not read what is root's.
fn engines_user(paths: &Paths) -> Result<Option<(u32, u32)>, Failure> {
    if !paths.is_system() {
        return Ok(None);
    }
    let me = rustix::process::geteuid();
    match paths.owner() {
        Some((user, _)) if user == me.as_raw() => Ok(None),
        Some(owner) if me.is_root() => Ok(Some(owner)),
        Some((user, _)) => Err(Failure::new(format!(
            "the engine of this machine works as {}, and only root or that user keeps secrets for it: \
             `sudo dogwatch secret set NAME`",
            user_name(user)
        ))),
        None => Err(Failure::new(format!(
            "{}: no engine has begun there yet, so its user is not known: start it first (`systemctl start dogwatch`), then keep \
             the secret; it is read when it is needed",
            paths.state().display()
        ))),
    }
}

/// One line, or all lines of a private key, which a terminal does not show.
fn read(name: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return given(name, true);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let said = runtime.block_on(async {
        // Before anything is hidden, so that no moment is left in which a signal would leave the terminal silent.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut hangup = signal(SignalKind::hangup())?;
        let hidden = Hidden::over(&stdin)?;
        open(Out::stderr().line(&safe!("the secret {} (it is not shown; then enter):", name))?)?;
        let wanted = name.to_owned();
        let said = tokio::select! {
            said = tokio::task::spawn_blocking(move || given(&wanted, false)) => said.map_err(std::io::Error::from)?,
            _ = interrupt.recv() => Err(broken_off(130)),
            _ = terminate.recv() => Err(broken_off(143)),
            _ = hangup.recv() => Err(broken_off(129)),
        };
        drop(hidden);
        said
    });
    // Whoever still waits for a line ends with this process.
    runtime.shutdown_background();
    said
}

fn broken_off(code: i32) -> Failure {
    Failure { code, message: "interrupted: nothing is kept".to_owned() }
}

/// What standard input has; where all of it is there already, more than one secret is refused.
fn given(name: &str, whole: bool) -> Result<String, Failure> {
    let mut text = String::new();
    let mut lines = std::io::stdin().lock().take(LONGEST + 1);
    lines.read_line(&mut text)?;
    let mut ended = !text.starts_with(KEY.0);
    while !ended {
        let begun = text.len();
        if lines.read_line(&mut text)? == 0 {
            break;
        }
        ended = text[begun..].starts_with(KEY.1);
    }
    let mut rest = String::new();
    if whole {
        lines.read_to_string(&mut rest)?;
    }
    let secret = text.trim();
    if secret.is_empty() {
        return Err(Failure::new(format!("nothing was given for the secret {name}: it is one line of standard input")));
    }
    if (text.len() + rest.len()) as u64 > LONGEST {
        return Err(Failure::new(format!(
            "the secret {name} is longer than {LONGEST} bytes: give the key itself, one line"
        )));
    }
    if !ended {
        return Err(Failure::new(format!("the private key for the secret {name} ends early: give all of its lines")));
    }
    if !rest.trim().is_empty() {
        return Err(Failure::new(format!(
            "more than one line was given for the secret {name}: it is one line, or one private key"
        )));
    }
    Ok(secret.to_owned())
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn over(terminal: &'a Stdin) -> Result<Self, Failure> {
        let before = tcgetattr(terminal).map_err(std::io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent).map_err(std::io::Error::from)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // Nothing more can be done for a terminal that is gone.
        let _gone = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
