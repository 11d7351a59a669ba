//! `dogwatch asset`: live systems, what is known of them, and the keys by which hosts are told from others.

mod add;
mod scan;
mod show;

use super::context::{Context, Failure, unfit};
use crate::config::read_assets;
use crate::protocol::{AssetView, Became, Reply, Request};
use crate::safe;
use crate::text::{Align, SafeText, Table};
use crate::words;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest file that is imported, in bytes.
const LONGEST: u64 = 256 * 1024;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Register a live system
    Add(Box<add::Args>),
    /// List the live systems
    Ls {
        /// Print JSON, one asset a line
        #[arg(long)]
        json: bool,
    },
    /// Show everything about a live system
    Show {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a live system out of the registry
    Rm {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Register what a file lists; assets that differ become another version, others stay
    Import {
        /// The file, such as assets.toml
        file: PathBuf,
        /// Print JSON, one asset a line
        #[arg(long)]
        json: bool,
    },
    /// Print the keys that a host shows now, for a person to compare; nothing is stored
    Scan {
        /// The host, with its port where that is not 22
        host: String,
        /// Print JSON, one key a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Add(args) => {
            let json = args.json;
            let request = Request::PutAssets { assets: vec![args.spec()?], replace: false };
            done(context, request, json).await
        }
        Command::Ls { json } => list(context, json).await,
        Command::Show { name, json } => {
            let view = one(&mut context, Request::Asset { name }).await?;
            if json {
                context.json(&view)?;
            } else {
                context.say_all(&show::page(&view))?;
            }
            Ok(0)
        }
        Command::Rm { name, json } => done(context, Request::RemoveAsset { name }, json).await,
        Command::Import { file, json } => {
            let text = read(&file)?;
            let assets = read_assets(&text, &file.to_string_lossy());
            let assets = assets.map_err(|errors| Failure { code: 2, message: errors.to_string() })?;
            done(context, Request::PutAssets { assets, replace: true }, json).await
        }
        Command::Scan { host, json } => scan::perform(context, &host, json).await,
    }
}

async fn one(context: &mut Context, request: Request) -> Result<AssetView, Failure> {
    let Reply::Assets { mut assets } = context.ask(request).await? else { return unfit() };
    match assets.pop() {
        Some(view) => Ok(view),
        None => unfit(),
    }
}

/// Changes the registry and says what became of what.
async fn done(mut context: Context, request: Request, json: bool) -> Result<i32, Failure> {
    let Reply::Assets { assets } = context.ask(request).await? else { return unfit() };
    for view in &assets {
        if json {
            context.json(view)?;
            continue;
        }
        let (name, version) = (&view.asset.spec.name, view.asset.version);
        let line = match view.became {
            Some(Became::Added) => safe!("registered {}", name),
            Some(Became::Changed) => {
                safe!("{} is version {} now: what was approved for another one is void", name, version)
            }
            Some(Became::Removed) => safe!("removed {}", name),
            Some(Became::Same) | None => safe!("{} is that already", name),
        };
        context.say(&line)?;
    }
    Ok(0)
}

async fn list(mut context: Context, json: bool) -> Result<i32, Failure> {
    let Reply::Assets { assets } = context.ask(Request::Assets).await? else { return unfit() };
    if json {
        for view in &assets {
            context.json(view)?;
        }
        return Ok(0);
    }
    if assets.is_empty() {
        context.say(&safe!("no live system is registered; `dogwatch asset add` registers one"))?;
        return Ok(0);
    }
    let lines = table(&assets, context.columns());
    context.say_all(&lines)?;
    Ok(0)
}

fn table(assets: &[AssetView], columns: Option<usize>) -> Vec<SafeText> {
    let headers =
        [safe!("NAME"), safe!("BY"), safe!("PLACE"), safe!("ENVIRONMENT"), safe!("CRITICAL"), safe!("CHANGED")];
    let mut table = Table::new(headers.map(|header| (header, Align::Left)));
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
    let now = words::now();
    for view in assets {
        let spec = &view.asset.spec;
        table.row([
            safe!("{}", spec.name),
            safe!("{}", spec.reach.name()),
            safe!("{}", spec.reach.place()),
            spec.environment.as_ref().map_or_else(|| safe!("-"), |word| safe!("{}", word.as_str())),
            if spec.critical { safe!("critical") } else { safe!("-") },
            safe!("{} ago", words::ago(view.asset.changed, now)),
        ]);
    }
    table.lines()
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure { code: 2, message: format!("{}: {error}", file.display()) };
    let mut text = String::new();
    std::fs::File::open(file).map_err(failed)?.take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
