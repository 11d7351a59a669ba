//! `dogwatch backup`: makes, lists and checks backups of the engine's database. It reads the engine's files, so it needs no engine, and
//! one that works is not held up.

use super::context::{Context, Failure};
use super::print::List;
use super::serve::store_paths;
use crate::backup::{self, BackupError, Found, Made, Manifest};
use crate::config::{EngineConfig, Paths};
use crate::safe;
use crate::store::Store;
use crate::text::{SafeText, Table, left, right};
use crate::words;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Make it in this directory instead of the usual place
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the backups that there are, the newest first
    Ls {
        /// In this directory instead of the usual place
        #[arg(long = "in", value_name = "DIR")]
        place: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read a backup from end to end, the newest where none is named: digest, pages, audit log, blobs
    Check {
        /// Its name, or the path of its directory
        backup: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let code = match &error {
            BackupError::Missing { .. } => 4,
            BackupError::NoRoom { .. } => 5,
            _ => 1,
        };
        Self { code, message: error.to_string() }
    }
}

pub fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let config = EngineConfig::load(&context.paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    let usual = place(&context.paths, &config);
    match args.command {
        None => {
            is_own(&context.paths)?;
            let to = args.to.map(std::path::absolute).transpose()?.unwrap_or(usual);
            let made = now(&context.paths, &to, config.reserve_mib << 20)?;
            told(&mut context, &made, args.json)
        }
        Some(Command::Ls { place, json }) => {
            let place = place.unwrap_or(usual);
            let all = backup::list(&place)?;
            let rows: Vec<Value> = all.iter().map(row).collect();
            let nothing =
                safe!("no backup is in {}: the engine makes one an hour, `dogwatch backup` one at once", place);
            context.list(List { items: &rows, json, nothing, left_out: None }, |columns| table(&all, columns))
        }
        Some(Command::Check { backup, json }) => check(&mut context, &usual, backup, json),
    }
}

/// Where backups usually are.
pub(super) fn place(paths: &Paths, config: &EngineConfig) -> PathBuf {
    config.backup.to.clone().unwrap_or_else(|| paths.backups())
}

/// Refuses to write into another user's state directory: the engine could not use what lies there then.
pub(super) fn is_own(paths: &Paths) -> Result<(), Failure> {
    let owner = match std::fs::metadata(paths.state()) {
        Ok(seen) => seen.uid(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let own = rustix::process::geteuid().as_raw();
    if owner == own {
        return Ok(());
    }
    let state = paths.state().display();
    let message = format!("{state} belongs to user {owner}, and this is user {own}: do this as user {owner}");
    Err(Failure { code: 5, message })
}

fn now(paths: &Paths, to: &Path, reserve: u64) -> Result<Made, Failure> {
    if !paths.database().try_exists()? {
        let message = format!("there is no database in {}: no engine ever ran here", paths.state().display());
        return Err(Failure { code: 4, message });
    }
    loop {
        let store = Store::rescue(&store_paths(paths)).map_err(BackupError::from)?;
        let made = backup::make(&store, &paths.blobs(), to, reserve, words::now());
        // An engine that started meanwhile is read along with the log that it writes.
        if !store.is_outdated() {
            return Ok(made?);
        }
    }
}

fn told(context: &mut Context, made: &Made, json: bool) -> Result<i32, Failure> {
    let Made { name, dir, manifest } = made;
    if json {
        context.json(&json!({ "name": name.to_string(), "dir": dir.to_string_lossy(), "manifest": manifest }))?;
        return Ok(0);
    }
    context.say(&safe!("{} in {}", name.to_string(), dir.parent().unwrap_or(dir)))?;
    context.say(&holds(manifest))?;
    Ok(0)
}

fn holds(manifest: &Manifest) -> SafeText {
    let counts = manifest.counts;
    let mut line = safe!("{} events, {} runs, {}", counts.events, counts.runs, words::size(manifest.bytes));
    if manifest.blobs_missing > 0 {
        line = safe!("{}; {} of its {} blobs are lost", line, manifest.blobs_missing, manifest.blobs);
    }
    line
}

fn row(found: &Found) -> Value {
    let name = found.name.to_string();
    match &found.manifest {
        Ok(manifest) => json!({ "name": name, "dir": found.dir.to_string_lossy(), "manifest": manifest }),
        Err(error) => json!({ "name": name, "dir": found.dir.to_string_lossy(), "fault": error.to_string() }),
    }
}

fn table(all: &[Found], columns: Option<usize>) -> Vec<SafeText> {
    let heads = [left("BACKUP"), right("AGE"), right("EVENTS"), right("RUNS"), right("SIZE"), left("NOTE")];
    let mut table = Table::new(heads, columns);
    let now = words::now();
    for found in all {
        let (name, age) = (safe!("{}", found.name.to_string()), words::ago(found.name.made, now));
        match &found.manifest {
            Ok(one) => {
                let note = if one.blobs_missing > 0 { safe!("blobs are lost") } else { SafeText::empty() };
                let (events, runs) = (safe!("{}", one.counts.events), safe!("{}", one.counts.runs));
                table.row([name, age, events, runs, words::size(one.bytes), note]);
            }
            Err(error) => {
                let none = || safe!("-");
                table.row([name, age, none(), none(), none(), safe!("{}", error.to_string())]);
            }
        }
    }
    table.lines()
}

fn check(context: &mut Context, usual: &Path, wanted: Option<String>, json: bool) -> Result<i32, Failure> {
    let dir = match wanted {
        Some(wanted) => backup::find(usual, &wanted)?,
        None => match backup::list(usual)?.into_iter().next() {
            Some(newest) => newest.dir,
            None => return Err(BackupError::Missing { name: "at all".to_owned(), place: usual.to_owned() }.into()),
        },
    };
    let (manifest, _, damaged) = backup::check(&dir)?;
    let name = manifest.name().to_string();
    if json {
        context.json(&json!({ "name": name, "manifest": manifest, "blobs_damaged": damaged }))?;
    } else if damaged > 0 {
        context.say(&safe!("{}: the database is whole; {} of its {} blobs are lost", name, damaged, manifest.blobs))?;
    } else {
        context.say(&safe!("{} is whole: {}", name, holds(&manifest)))?;
    }
    Ok(i32::from(damaged > 0))
}
