//! `dogwatch approvals edit`: puts another proposal in the place of one. What is not named stays as it was, so that whoever mends a
//! word takes no limit away.

use super::context::{Context, Failure, unfit};
use super::input;
use super::proposals::{load, told};
use super::propose::{read, variable};
use crate::domain::{Claims, Command, Program, ProposalId};
use crate::protocol::{NewProposal, Reply, Request};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// What is another than before.
#[derive(Debug, clap::Args)]
pub struct Changes {
    /// Why; people decide on it
    #[arg(long)]
    why: Option<String>,
    /// What it should bring about
    #[arg(long)]
    expect: Option<String>,
    /// How it would be undone
    #[arg(long)]
    undo: Option<String>,
    /// The directory that it is started in, an absolute path on the asset
    #[arg(long)]
    cwd: Option<String>,
    /// The user that it runs as there
    #[arg(long)]
    user: Option<String>,
    /// No user is named any more
    #[arg(long, conflicts_with = "user")]
    no_user: bool,
    /// A variable of its environment, in place of all that there were; may be given several times
    #[arg(long = "env", value_name = "NAME=VALUE")]
    env: Vec<OsString>,
    /// No variables any more
    #[arg(long, conflicts_with = "env")]
    no_env: bool,
    /// A file whose bytes it reads; `-` for standard input
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// It reads nothing any more
    #[arg(long, conflicts_with = "stdin")]
    no_stdin: bool,
    /// After how many seconds it is ended
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u32>,
    /// A file with a script for /bin/sh, in place of words; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    script: Option<PathBuf>,
    /// Another asset
    #[arg(long)]
    asset: Option<String>,
    /// The program and its arguments
    #[arg(last = true, value_name = "WORD")]
    words: Vec<OsString>,
}

impl Changes {
    fn are_none(&self) -> bool {
        let texts = [&self.why, &self.expect, &self.undo, &self.cwd, &self.user, &self.asset];
        let files = [&self.stdin, &self.script];
        let gone = self.no_user || self.no_env || self.no_stdin;
        let listed = !self.env.is_empty() || !self.words.is_empty();
        !gone
            && !listed
            && self.timeout.is_none()
            && texts.iter().all(|text| text.is_none())
            && files.iter().all(|file| file.is_none())
    }

    /// The command with its changes. Files are read now; nothing is read again later.
    fn command(self, old: Command) -> Result<Command, Failure> {
        let program = match &self.script {
            Some(path) => Program::Script { bytes: read(path)? },
            None if self.words.is_empty() => old.program,
            None => Program::Argv { words: self.words.into_iter().map(OsStringExt::into_vec).collect() },
        };
        let stdin = match &self.stdin {
            Some(path) => Some(read(path)?),
            None => old.stdin.filter(|_| !self.no_stdin),
        };
        let env = if self.no_env || !self.env.is_empty() {
            self.env.iter().map(variable).collect::<Result<_, _>>()?
        } else {
            old.env
        };
        let user = self.user.or(old.user.filter(|_| !self.no_user));
        let (cwd, timeout) = (self.cwd.unwrap_or(old.cwd), self.timeout.unwrap_or(old.timeout));
        Ok(Command { program, stdin, env, cwd, user, timeout })
    }
}

/// Puts another in its place.
pub async fn perform(mut context: Context, id: ProposalId, mut changes: Changes, json: bool) -> Result<i32, Failure> {
    if changes.are_none() {
        return Err(input::wrong("nothing is said anew: name what changes, such as --why, --timeout or `-- WORD...`"));
    }
    let said = |new: Option<String>, old: String| new.map_or(Ok(old), input::text);
    let old = load(&mut context, id).await?.proposal.proposed;
    let claims = Claims {
        why: said(changes.why.take(), old.claims.why)?,
        expect: said(changes.expect.take(), old.claims.expect)?,
        undo: said(changes.undo.take(), old.claims.undo)?,
    };
    let asset = changes.asset.take().unwrap_or_default();
    let new = Box::new(NewProposal { asset, command: changes.command(old.command)?, claims, run: None });
    let Reply::Proposal { detail } = context.ask(Request::EditProposal { proposal: id, new }).await? else {
        return unfit();
    };
    told(&mut context, &detail, json)?;
    Ok(0)
}
