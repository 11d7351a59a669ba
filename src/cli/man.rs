//! `dogwatch man`: manual pages, one for this program and one for each of its subcommands, made from the same words as `--help`.

use super::context::{Context, Failure};
use crate::safe;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory that they are written into, such as /usr/local/share/man/man1
    dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn perform(mut context: Context, args: &Args, mut command: clap::Command) -> Result<i32, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("{}: {error}; name a directory that you may write in", args.dir.display()))
    };
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    command.build();
    let mut pages = Vec::new();
    write(&command, args, &mut pages).map_err(failed)?;
    if args.json {
        context.json(&json!({ "pages": pages }))?;
    } else {
        context.say(&safe!("{} manual pages are in {}", pages.len(), args.dir.display().to_string()))?;
    }
    Ok(0)
}

/// The page of a command, then those below it. What is for maintainers only has none.
fn write(command: &clap::Command, args: &Args, pages: &mut Vec<String>) -> std::io::Result<()> {
    let man = clap_mangen::Man::new(command.clone());
    let name = man.get_filename();
    let mut page = Vec::new();
    man.render(&mut page)?;
    std::fs::write(args.dir.join(&name), page)?;
    pages.push(name);
    command.get_subcommands().filter(|inner| !inner.is_hide_set()).try_for_each(|inner| write(inner, args, pages))
}
