//! `dogwatch gc`: removes what the policy of `[retention]` lets go, or only tells it.

use super::agent;
use super::context::{Context, Failure, unfit};
use crate::config::{EngineConfig, Paths};
use crate::domain::{Collection, GarbageKind};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Remove nothing, only tell what would go
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let request = Request::Collect { dry_run: args.dry_run };
    let Reply::Collected { mut collection } = context.ask(request).await? else { return unfit() };
    tries(&context.paths, &mut collection, args.dry_run).await;
    if args.json {
        context.json(&collection)?;
    } else {
        context.say_all(&page(&collection, args.dry_run))?;
    }
    Ok(i32::from(!collection.faults.is_empty()))
}

/// Adds what a try of an agent left that was killed. It belongs to no engine, so this program itself looks after it.
async fn tries(paths: &Paths, collection: &mut Collection, dry: bool) {
    let found = match EngineConfig::load(&paths.config_file()) {
        Ok(config) => agent::leftovers(paths, &config, dry).await.map_err(|error| error.to_string()),
        Err(errors) => Err(errors.to_string()),
    };
    match found {
        Ok(names) => names.into_iter().for_each(|name| {
            collection.add(GarbageKind::Container, name, None, "`dogwatch agent test` was killed");
        }),
        Err(fault) => collection.fault(format!("what `dogwatch agent test` left: {fault}")),
    }
}

fn page(collection: &Collection, dry: bool) -> Vec<SafeText> {
    let mut lines = if collection.items.is_empty() { Vec::new() } else { table(collection) };
    if collection.more > 0 {
        lines.push(safe!("and {} more", collection.more));
    }
    lines.extend(collection.faults.iter().map(|fault| safe!("not done: {}", fault)));
    let size = words::size(collection.bytes);
    lines.push(match (collection.items.is_empty(), dry) {
        (true, _) => safe!("nothing is to be removed"),
        (false, true) => safe!("{} would go; nothing was removed", size),
        (false, false) => safe!("{} went", size),
    });
    lines
}

fn table(collection: &Collection) -> Vec<SafeText> {
    let mut table = Table::new([left("WHAT"), left("NAME"), right("SIZE"), left("WHY")], None);
    for item in &collection.items {
        let kind = match item.kind {
            GarbageKind::Logs => safe!("logs"),
            GarbageKind::Image => safe!("image"),
            GarbageKind::Container => safe!("container"),
            GarbageKind::Workspace => safe!("trees"),
            GarbageKind::Program => safe!("program"),
            GarbageKind::Objects => safe!("objects"),
        };
        let size = item.bytes.map_or_else(|| safe!("?"), words::size);
        table.row([kind, safe!("{}", item.name), size, safe!("{}", item.reason)]);
    }
    table.lines()
}
