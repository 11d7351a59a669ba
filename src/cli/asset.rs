//! `dogwatch asset`: live systems, what is known of them, and the keys by which hosts are told from others.

mod add;
mod scan;

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::config::read_assets;
use crate::domain::Reach;
use crate::protocol::{AssetView, Became, Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left};
use crate::words;
use std::path::PathBuf;

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
    /// Add a live system: a host by SSH, a container, or this machine
    Add(Box<add::Args>),
    /// Add what a file lists; live systems that differ become another version, others stay
    Import {
        /// The file, such as assets.toml; `-` for standard input
        file: PathBuf,
        /// Print JSON, one asset a line
        #[arg(long)]
        json: bool,
    },
    /// List live systems, by name
    Ls {
        /// Print JSON, one asset a line
        #[arg(long)]
        json: bool,
    },
    /// Show one live system: what is registered, and how it was when it was last looked at
    Show {
        /// The live system, by its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at a live system now, and show it
    Look {
        /// The live system, by its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a live system from the registry
    Rm {
        /// The live system, by its name
        name: String,
        /// Print JSON
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

pub async fn perform(context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Add(args) => {
            let json = args.json;
            let request = Request::PutAssets { assets: vec![args.spec()?], replace: false };
            done(context, request, json).await
        }
        Command::Ls { json } => list(context, json).await,
        Command::Show { name, json } => show(context, Request::Asset { name }, json).await,
        Command::Look { name, json } => show(context, Request::LookAtAsset { name }, json).await,
        Command::Rm { name, json } => done(context, Request::RemoveAsset { name }, json).await,
        Command::Import { file, json } => {
            let text = input::file(&file, LONGEST)?;
            let assets = read_assets(&text, &input::named(&file));
            let assets = assets.map_err(|errors| input::wrong(errors.to_string()))?;
            done(context, Request::PutAssets { assets, replace: true }, json).await
        }
        Command::Scan { host, json } => scan::perform(context, &host, json).await,
    }
}

async fn show(mut context: Context, request: Request, json: bool) -> Result<i32, Failure> {
    let Reply::Assets { mut assets } = context.ask(request).await? else { return unfit() };
    let Some(view) = assets.pop() else { return unfit() };
    context.tell(&view, json, words::asset::page(&view, words::now()))
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
            Some(Became::Added) => safe!("{} is registered", name),
            Some(Became::Changed) => {
                safe!("{} is version {} now: what was approved for another one is void", name, version)
            }
            Some(Became::Removed) => safe!("{} is removed", name),
            Some(Became::Same) | None => safe!("{} is that already", name),
        };
        context.say(&line)?;
        if view.became == Some(Became::Added) && view.asset.spec.reach == Reach::Nowhere {
            context.say_wrapped(&safe!(
                "{} is known by words only, so nothing can run there: --ssh, --docker or --local says how it is reached",
                name
            ))?;
        }
    }
    Ok(0)
}

async fn list(mut context: Context, json: bool) -> Result<i32, Failure> {
    let Reply::Assets { assets } = context.ask(Request::Assets).await? else { return unfit() };
    let nothing = safe!("no live system is registered; `dogwatch asset add` adds one");
    let list = List { items: &assets, json, nothing, left_out: None };
    context.list(list, |columns| table(&assets, columns))
}

fn table(assets: &[AssetView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["NAME", "BY", "PLACE", "STATE", "LOOKED", "ENVIRONMENT", "CRITICAL"];
    let mut table = Table::new(headers.map(left), columns);
    let now = words::now();
    for view in assets {
        let spec = &view.asset.spec;
        table.row([
            safe!("{}", spec.name),
            safe!("{}", spec.reach.name()),
            safe!("{}", spec.reach.place()),
            words::asset::state(view.seen.as_ref()),
            view.seen.as_ref().map_or_else(|| safe!("-"), |seen| safe!("{} ago", words::ago(seen.at, now))),
            spec.environment.as_ref().map_or_else(|| safe!("-"), |word| safe!("{}", word.as_str())),
            if spec.critical { safe!("critical") } else { safe!("-") },
        ]);
    }
    table.lines()
}
