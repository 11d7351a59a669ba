//! `dogwatch propose`: have something run on a live asset once people have agreed to it. Words are taken as they are: what stands after
//! `--` is started without a shell.

use super::context::{Context, Failure, unfit};
use super::input;
use super::proposals::told;
use crate::approval::canonical::LARGEST;
use crate::domain::{Claims, Command, Program, RunId};
use crate::protocol::{NewProposal, Reply, Request};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The asset's name
    asset: String,
    #[command(flatten)]
    what: What,
    /// The run that it is for
    #[arg(long)]
    run: Option<RunId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What would run, as options say it.
#[derive(Debug, clap::Args)]
struct What {
    /// Why; people decide on it
    #[arg(long, default_value = "", hide_default_value = true)]
    why: String,
    /// What it should bring about
    #[arg(long, default_value = "", hide_default_value = true)]
    expect: String,
    /// How it would be undone
    #[arg(long, default_value = "", hide_default_value = true)]
    undo: String,
    /// The directory that it is started in, an absolute path on the asset
    #[arg(long, default_value = "/")]
    cwd: String,
    /// The user that it runs as there
    #[arg(long)]
    user: Option<String>,
    /// A variable of its environment; may be given several times
    #[arg(long = "env", value_name = "NAME=VALUE")]
    env: Vec<OsString>,
    /// A file whose bytes it reads; `-` for standard input
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// After how many seconds it is ended
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u32,
    /// A file with a script for /bin/sh, in place of words; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    script: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true, value_name = "WORD")]
    words: Vec<OsString>,
}

impl What {
    /// The command. Files are read now; nothing is read again later.
    fn command(&self) -> Result<Command, Failure> {
        let program = match &self.script {
            Some(path) => Program::Script { bytes: read(path)? },
            None => Program::Argv { words: self.words.iter().map(|word| word.clone().into_vec()).collect() },
        };
        let stdin = self.stdin.as_deref().map(read).transpose()?;
        let env = self.env.iter().map(variable).collect::<Result<_, _>>()?;
        let (cwd, user, timeout) = (self.cwd.clone(), self.user.clone(), self.timeout);
        Ok(Command { program, stdin, env, cwd, user, timeout })
    }

    /// What is said of it.
    fn claims(&self) -> Result<Claims, Failure> {
        let said = |text: &String| input::text(text.clone());
        Ok(Claims { why: said(&self.why)?, expect: said(&self.expect)?, undo: said(&self.undo)? })
    }
}

pub fn variable(text: &OsString) -> Result<(String, Vec<u8>), Failure> {
    let bytes = text.clone().into_vec();
    let at = bytes.iter().position(|byte| *byte == b'=');
    let name = at.and_then(|at| std::str::from_utf8(bytes.get(..at)?).ok().map(str::to_owned));
    let (Some(at), Some(name)) = (at, name) else {
        return Err(input::wrong("--env takes NAME=VALUE: a variable of the command, such as --env LANG=C"));
    };
    Ok((name, bytes.get(at + 1..).unwrap_or_default().to_vec()))
}

/// The bytes of a file, at most as many as a command may have.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = LARGEST as u64 + 1;
    let read = input::source(path)?.and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(input::unusable(path, "name a file that you may read"))?;
    Ok(bytes)
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Args { asset, what, run, json } = args;
    let new = Box::new(NewProposal { asset, command: what.command()?, claims: what.claims()?, run });
    let Reply::Proposal { detail } = context.ask(Request::Propose { new }).await? else { return unfit() };
    told(&mut context, &detail, json)?;
    Ok(0)
}
