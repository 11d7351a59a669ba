//! `dogwatch audit`: checks and exports the audit log. It reads the engine's files and needs no engine.

use super::context::{Context, Failure, open};
use super::serve::store_paths;
use crate::audit::{self, HeadFile, Verdict, VerifyError};
use crate::safe;
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

pub fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Verify { file, head, json } => {
            let verdict = match file {
                Some(file) => of_export(&context, &file, head)?,
                None => of_store(&context)?,
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
            let refused = |error: &dyn std::error::Error| Failure::new(format!("{}: {error}", file.display()));
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
            message: format!("{}: there is no log yet, no engine ever ran here", context.paths.database().display()),
        },
        error => failed(&error),
    })
}

fn of_store(context: &Context) -> Result<Verdict, Failure> {
    let head = context.paths.chain_head();
    if !context.paths.database().exists()
        && let HeadFile::Head(head) = HeadFile::read(&head)
    {
        return Ok(Verdict::Truncated { events: 0, head: head.seq });
    }
    loop {
        let store = files(context)?;
        let verdict = store.read_sync(|view| Ok(audit::verify(view.connection(), &head)));
        // An engine that started meanwhile is read along with the log that it writes.
        if !store.is_outdated() {
            return verdict.map_err(|error| failed(&error))?.map_err(|error| failed(&error));
        }
    }
}

fn of_export(context: &Context, file: &Path, against_head: bool) -> Result<Verdict, Failure> {
    let head = match HeadFile::read(&context.paths.chain_head()) {
        HeadFile::Head(head) if against_head => Some(head),
        _ if !against_head => None,
        _ => return Err(Failure::new("there is no head to check against beside the engine's database")),
    };
    let source = std::fs::File::open(file).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
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
