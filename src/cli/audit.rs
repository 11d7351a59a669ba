//! `dogwatch audit`: looks into, checks and exports the audit log. It reads the engine's files and needs no engine; who may not read
//! them asks the engine.

mod log;
mod witness;

use super::context::{Context, Failure, open, unfit};
use super::input;
use super::serve::store_paths;
use crate::audit::{self, Head, HeadFile, Verdict, VerifyError};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::server::remembered;
use crate::store::{OpenError, Store};
use crate::text::Out;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check the log. Exit codes: 0 intact, 10 intact but not wholly anchored, 11 truncated, 12 broken, 13 rewritten
    Verify {
        /// Check an export instead of the engine's own log
        #[arg(short, long)]
        file: Option<PathBuf>,
        /// Check the export against the engine's present head too
        #[arg(long, requires = "file")]
        head: bool,
        /// Check against the checkpoints in this file, such as one that was kept elsewhere
        #[arg(long, conflicts_with = "head")]
        checkpoints: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List events: who did what, the newest last
    Log(Box<log::Args>),
    /// Show one event in full, with what its hash is worth
    Show {
        /// The event, by its number
        number: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what you saw of the log, and whether it continues that
    Witness {
        /// Take the log as it is now, whatever was seen before
        #[arg(long)]
        accept: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the log, one line a record: its SHA-256, a space, its JSON
    Export {
        /// To this new file instead of standard output
        #[arg(short, long)]
        file: Option<PathBuf>,
        /// Print what was written as JSON; needs --file
        #[arg(long, requires = "file")]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Log(args) => log::log(context, *args).await,
        Command::Show { number, json } => log::show(context, number, json).await,
        Command::Witness { accept, json } => witness::perform(context, accept, json).await,
        Command::Verify { file, head, checkpoints, json } => {
            let verdict = match file {
                Some(file) => of_export(&context, &file, head, checkpoints.as_deref())?,
                None if closed(&context) => return asked(context, json).await,
                None => of_store(&context, checkpoints.as_deref())?,
            };
            if json {
                context.json(&json!({
                    "verdict": verdict.name(), "intact": verdict.is_intact(), "words": verdict.to_string(),
                }))?;
            } else {
                context.say(&safe!("{}", verdict.to_string()))?;
            }
            Ok(verdict.exit_code().into())
        }
        Command::Export { file: None, .. } => {
            let store = files(&context)?;
            let mut lines = Lines { out: &mut context.out, line: Vec::new() };
            match export(&store, &mut lines) {
                Ok(_) => Ok(0),
                Err(VerifyError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
                Err(error) => Err(failed(&error)),
            }
        }
        Command::Export { file: Some(file), json } => {
            let store = files(&context)?;
            let refused = |error: &dyn std::error::Error| {
                Failure::new(format!("{}: {error}; name a new file, in a place that you may write to", file.display()))
            };
            let mut to = OpenOptions::new();
            let to = to.write(true).create_new(true).mode(0o600).open(&file).map_err(|error| refused(&error))?;
            let mut to = BufWriter::new(to);
            let events = export(&store, &mut to).map_err(|error| refused(&error))?;
            let to = to.into_inner().map_err(|error| refused(error.error()))?;
            to.sync_all()?;
            if json {
                let name = file.to_string_lossy();
                context.json(&json!({ "file": name, "events": events }))?;
            } else {
                context.say(&safe!("{} events in {}", events, file))?;
            }
            Ok(0)
        }
    }
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(error.to_string())
}

/// The engine's files, for reading only; an engine may be at work on them.
fn files(context: &Context) -> Result<Store, Failure> {
    Store::rescue(&store_paths(&context.paths)).map_err(|error| match error {
        OpenError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Failure {
            code: 4,
            message: format!(
                "{}: there is no audit log yet, since no engine ever ran here: `dogwatch run` starts one",
                context.paths.database().display()
            ),
        },
        error => failed(&error),
    })
}

/// Whether this user may not read the engine's files.
fn closed(context: &Context) -> bool {
    let opened = std::fs::File::open(context.paths.database());
    opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// The engine's own check, for those who may not read its files.
async fn asked(mut context: Context, json: bool) -> Result<i32, Failure> {
    let Reply::Verified { verdict, intact, words, code } = context.ask(Request::VerifyAudit).await? else {
        return unfit();
    };
    if json {
        context.json(&json!({ "verdict": verdict, "intact": intact, "words": words }))?;
    } else {
        context.say(&safe!("{}", words))?;
    }
    Ok(code.into())
}

/// Heads that the log must continue: of the checkpoints beside it, and of those that somebody kept.
fn heads(context: &Context, file: Option<&Path>) -> Result<Vec<Head>, Failure> {
    let read = |place: &Path| remembered(place).map_err(input::unusable(place, "name a file that you may read"));
    let mut heads = read(&context.paths.checkpoints())?;
    if let Some(file) = file {
        let more = read(file)?;
        if more.is_empty() {
            return Err(unsigned(file));
        }
        heads.extend(more);
    }
    Ok(heads)
}

/// A file that is no file of checkpoints.
fn unsigned(file: &Path) -> Failure {
    Failure::new(format!(
        "{} holds no checkpoint that an engine signed: name a copy of an engine's checkpoints",
        file.display()
    ))
}

fn of_store(context: &Context, checkpoints: Option<&Path>) -> Result<Verdict, Failure> {
    let head = context.paths.chain_head();
    let heads = heads(context, checkpoints)?;
    if !context.paths.database().exists()
        && let HeadFile::Head(head) = HeadFile::read(&head)
    {
        return Ok(Verdict::Truncated { events: 0, head: head.seq });
    }
    loop {
        let store = files(context)?;
        let verdict = store.read_sync(|view| {
            let found = audit::verify(view.connection(), &head);
            Ok(match found {
                Ok(verdict) => Ok(audit::against(view.connection(), verdict, &heads)?),
                Err(error) => Err(error),
            })
        });
        // An engine that started meanwhile is read along with the log that it writes.
        if !store.is_outdated() {
            return verdict.map_err(|error| failed(&error))?.map_err(|error| failed(&error));
        }
    }
}

fn of_export(
    context: &Context,
    file: &Path,
    against_head: bool,
    checkpoints: Option<&Path>,
) -> Result<Verdict, Failure> {
    if let Some(checkpoints) = checkpoints {
        let kept = remembered(checkpoints).map_err(input::unusable(checkpoints, "name a file that you may read"))?;
        let head = kept.into_iter().max_by_key(|head| head.seq).ok_or_else(|| unsigned(checkpoints))?;
        let source = std::fs::File::open(file).map_err(input::unusable(file, "name a file that you may read"))?;
        return audit::verify_export(&mut BufReader::new(source), Some(head)).map_err(|error| failed(&error));
    }
    let head = match HeadFile::read(&context.paths.chain_head()) {
        HeadFile::Head(head) if against_head => Some(head),
        _ if !against_head => None,
        _ => {
            let place = context.paths.chain_head().display().to_string();
            return Err(Failure::new(format!("{place}: there is no head to check against; leave out --head")));
        }
    };
    let source = std::fs::File::open(file).map_err(input::unusable(file, "name a file that you may read"))?;
    audit::verify_export(&mut BufReader::new(source), head).map_err(|error| failed(&error))
}

fn export(store: &Store, to: &mut dyn Write) -> Result<u64, VerifyError> {
    let events = store
        .read_sync(|view| Ok(audit::export(view.connection(), to)))
        .map_err(|error| VerifyError::Io(io::Error::other(error.to_string())))??;
    if store.is_outdated() {
        let message = "an engine began to write meanwhile, so what was written is not to be trusted: export again";
        return Err(VerifyError::Io(io::Error::other(message)));
    }
    Ok(events)
}

/// Hands whole lines to the printer, which escapes them where a terminal listens.
struct Lines<'a, W> {
    out: &'a mut Out<W>,
    line: Vec<u8>,
}

impl<W: Write> Write for Lines<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") {
            let line = std::mem::take(&mut self.line);
            let flow = self.out.raw_bytes(&line).map_err(io::Error::other)?;
            open(flow).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
